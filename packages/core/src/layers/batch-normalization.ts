/**
 * Keras's BatchNormalization. In training the whole normalisation is one op of the kernels; a frozen layer
 * uses its moving averages, as in Keras (TensorFlow.js's goes on learning them). Padding counts like any other value.
 */
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import type { BatchNormalizationLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/normalization.js'
import { batchNormTraining } from '@weft/kernels'
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
      const [gamma, beta] = [this.gamma?.read() ?? null, this.beta?.read() ?? null]
      const { output, mean, variance } = batchNormTraining(x, gamma, beta, this.epsilon)
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
