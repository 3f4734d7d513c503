/**
 * Keras's BatchNormalization. In training the whole normalisation is one op of the kernels; a frozen layer
 * uses its moving averages, as in Keras (TensorFlow.js's goes on learning them). Masked steps do not count, as in Keras 3: the op sees
 * the real ones only, and masked ones come out as zeros.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { BatchNormalizationLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/normalization.js'
import { batchNormTraining } from '@weft/kernels'
import { type CallOptions, classOf, type LayerClass, single, type Tensors } from './stock.js'
import { putBack, realSteps, take, type Taking } from './take.js'

interface StockBatchNormalization extends tfl.layers.Layer {
  readonly axis: number
  readonly momentum: number
  readonly epsilon: number
  readonly gamma?: tfl.LayerVariable
  readonly beta?: tfl.LayerVariable
  readonly movingMean: tfl.LayerVariable
  readonly movingVariance: tfl.LayerVariable
}

const Base = classOf<LayerClass<BatchNormalizationLayerArgs, StockBatchNormalization>>(
  tfl.layers.batchNormalization({ name: 'stock' } as BatchNormalizationLayerArgs),
)

/**
 * `gamma (x - mean) / sqrt(variance + epsilon) + beta`, the moments taken over the batch in training and as moving averages otherwise.
 *
 * Shapes: [B, …, C] → the same; weights gamma, beta, moving mean and moving variance [C].
 * @see Ioffe and Szegedy 2015, arXiv:1502.03167.
 */
export class BatchNormalization extends Base {
  static override className = 'BatchNormalization'

  constructor(args: BatchNormalizationLayerArgs = {}) {
    super(args)
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    if (options.training !== true || !this.trainable) return super.call(inputs, { ...options, training: false })
    if (this.axis !== -1 && this.axis !== x.rank - 1) {
      throw new Error(`training layer ${this.name}: expected the last axis for axis, received ${this.axis}`)
    }
    return tf.tidy(() => {
      const [gamma, beta] = [this.gamma?.read() ?? null, this.beta?.read() ?? null]
      const real = paddingOf(x, options.mask)
      const given = real ? take(tf.reshape(x, [-1, ...x.shape.slice(2)]), real) : x
      const { output, mean, variance } = batchNormTraining(given, gamma, beta, this.epsilon)
      for (const [moving, batch] of [
        [this.movingMean, mean],
        [this.movingVariance, variance],
      ] as const) {
        const before = moving.read()
        moving.write(tf.sub(before, tf.mul(tf.sub(before, batch), 1 - this.momentum)))
      }
      return real ? tf.reshape(take(output, putBack(real)), x.shape) : output
    })
  }
}

/**
 * The real steps of a sequence [B, T, …] that has others, too. TensorFlow.js passes masks on to layers after the sequence has ended;
 * such a one does not fit, or the input has no axis for time.
 */
function paddingOf(x: tf.Tensor, mask: unknown): Taking | null {
  const fits = x.rank > 2 && mask instanceof tf.Tensor && mask.rank === 2
  return fits && mask.shape[0] === x.shape[0] && mask.shape[1] === x.shape[1] ? realSteps(mask) : null
}
