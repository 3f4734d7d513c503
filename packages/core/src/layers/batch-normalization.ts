/**
 * Keras's BatchNormalization. In training the whole normalisation is `normalizeBatch`, the one place to put a faster op; a frozen layer
 * uses its moving averages, as in Keras (TensorFlow.js's goes on learning them). Padding counts like any other value.
 */
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import type { BatchNormalizationLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/normalization.js'
import { type CallOptions, classOf, type LayerClass, single, type Tensors } from './stock.js'

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
      const channels = x.shape.at(-1) ?? 0
      const gamma = this.gamma?.read() ?? tf.ones([channels])
      const beta = this.beta?.read() ?? tf.zeros([channels])
      const { output, mean, variance } = normalizeBatch(x, gamma, beta, this.epsilon)
      for (const [moving, batch] of [
        [this.movingMean, mean],
        [this.movingVariance, variance],
      ] as const) {
        const before = moving.read()
        moving.write(tf.sub(before, tf.mul(tf.sub(before, batch), 1 - this.momentum)))
      }
      return output
    })
  }
}

/**
 * Normalises over all axes but the last and scales; differentiable in `x`, `gamma` and `beta`.
 *
 * Shapes: `x` [B, …, C], `gamma` and `beta` [C] → output [B, …, C], mean and (biased) variance [C].
 */
export function normalizeBatch(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon: number,
): { output: tf.Tensor; mean: tf.Tensor; variance: tf.Tensor } {
  const channels = x.shape.at(-1) ?? 0
  const rows = tf.reshape(x, [-1, channels]) // [N, C]
  const { mean, variance } = tf.moments(rows, 0)
  const output = tf.batchNorm(
    tf.reshape(rows, [1, 1, -1, channels]) as tf.Tensor4D,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    beta as tf.Tensor1D,
    gamma as tf.Tensor1D,
    epsilon,
  )
  return { output: tf.reshape(output, x.shape), mean, variance }
}
