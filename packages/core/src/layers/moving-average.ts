/**
 * The moving average of a sequence, its first and last step repeated so that it stays as long as it was: the trend of a
 * decomposition into trend and remainder. Without weights; TensorFlow.js has none like it.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '../errors.js'
import { type Shapes, single, type Tensors } from './stock.js'

export interface MovingAverage1DArgs {
  /** Steps in an average, an odd number. Default 25. */
  kernelSize?: number
  name?: string
}

/**
 * `y_t`, the mean of x from t - (k - 1) / 2 to t + (k - 1) / 2, with the first and the last step repeated beyond the ends.
 *
 * Shapes: [B, T, C] → the same.
 * @see Wu et al. 2021, arXiv:2106.13008, equation 1.
 */
export class MovingAverage1D extends tfl.layers.Layer {
  static className = 'MovingAverage1D'
  readonly #kernelSize: number

  constructor({ kernelSize = 25, name }: MovingAverage1DArgs = {}) {
    super({ name })
    if (!Number.isInteger(kernelSize) || kernelSize < 1 || kernelSize % 2 === 0)
      throw expected({
        doing: 'making a moving average',
        want: 'an odd whole number',
        of: 'kernelSize',
        got: kernelSize,
      })
    this.#kernelSize = kernelSize
  }

  override call(inputs: Tensors): Tensors {
    return tf.tidy(() => {
      const x = single(inputs) as tf.Tensor3D
      const beyond = (this.#kernelSize - 1) / 2
      if (beyond === 0) return x
      const repeated = (step: number): tf.Tensor3D =>
        tf.add(tf.slice(x, [0, step, 0], [-1, 1, -1]), tf.zeros([1, beyond, 1]))
      const longer = tf.concat([repeated(0), x, repeated(x.shape[1] - 1)], 1)
      const image = tf.expandDims<tf.Tensor4D>(longer, 2) // [B, T + k - 1, 1, C]
      return tf.reshape(tf.avgPool(image, [this.#kernelSize, 1], 1, 'valid'), x.shape)
    })
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    return inputShape
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), kernelSize: this.#kernelSize }
  }
}
