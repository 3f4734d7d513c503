/**
 * Keras's Dropout and SpatialDropout1D with a new mask at every training step, drawn by our randomness from the step's seed: the same
 * run drops the same units, whether interrupted or not. TensorFlow.js's draws unseeded masks, or, with a seed, the same one every time.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { DropoutLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/core.js'
import { dropoutMask } from '@weft/kernels'
import { hash, nextLayerSeed } from '../runtime/random.js'
import { type CallOptions, classOf, type LayerClass, type Shape, single, type Tensors } from './stock.js'

interface StockDropout extends tfl.layers.Layer {
  readonly rate: number
  readonly noiseShape?: Shape
  readonly seed?: number | null
}

const BaseDropout = classOf<LayerClass<DropoutLayerArgs, StockDropout>>(tfl.layers.dropout({ rate: 0, name: 'stock' }))
const BaseSpatial = classOf<LayerClass<DropoutLayerArgs, StockDropout>>(
  tfl.layers.spatialDropout1d({ rate: 0, name: 'stock' }),
)

/**
 * In training sets each value to 0 with probability `rate` and divides the others by `1 - rate`.
 *
 * Shapes: any → the same; one draw stands for a whole axis where `noiseShape` has 1.
 * @see Srivastava et al. 2014.
 */
export class Dropout extends BaseDropout {
  static override className = 'Dropout'

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    return drop(
      this,
      x,
      options,
      this.noiseShape?.map((size, axis) => size ?? x.shape[axis] ?? 1),
    )
  }
}

/**
 * Dropout of whole features over all steps.
 *
 * Shapes: [B, T, C] → the same.
 * @see Tompson et al. 2015, arXiv:1411.4280.
 */
export class SpatialDropout1D extends BaseSpatial {
  static override className = 'SpatialDropout1D'

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    const [batch = 0, , channels = 0] = x.shape
    return drop(this, x, options, [batch, 1, channels])
  }
}

function drop({ rate, seed }: StockDropout, x: tf.Tensor, options: CallOptions, noiseShape = x.shape): tf.Tensor {
  if (options.training !== true || rate <= 0 || rate >= 1) return x
  return tf.tidy(() => {
    return tf.mul(x, dropoutMask(noiseShape, 1 - rate, hash(nextLayerSeed(), seed ?? 0)))
  })
}
