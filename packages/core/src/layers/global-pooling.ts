/** Keras's pooling over all of time, which leaves masked steps out. Without a mask it is TensorFlow.js's. */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { maskOf } from './masks.js'
import { asMask, type CallOptions, classOf, type LayerClass, single, type Tensors } from './stock.js'

type LayerArgs = ConstructorParameters<typeof tfl.layers.Layer>[0]

const StockAverage = classOf<LayerClass<LayerArgs, tfl.layers.Layer>>(
  tfl.layers.globalAveragePooling1d({ name: 'stock' }),
)
const StockMax = classOf<LayerClass<LayerArgs, tfl.layers.Layer>>(tfl.layers.globalMaxPooling1d({ name: 'stock' }))

/** Less than every activation and yet finite, so that a row that is masked throughout gives no NaN. */
const LOWEST = -1e30

/** The mean over the real steps; 0 for a row without any. Shapes: [B, T, C] → [B, C]. */
export class GlobalAveragePooling1D extends StockAverage {
  static override className = 'GlobalAveragePooling1D'
  override supportsMasking = true

  constructor(args: LayerArgs = {}) {
    super(args)
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    const mask = maskOf(this.name, x, options.mask)
    if (mask === null) return super.call(inputs, options)
    return tf.tidy(() => {
      const weights = tf.cast(mask, 'float32') // [B, T]
      const sums = tf.sum(tf.mul(x, tf.expandDims(weights, -1)), 1) // [B, C]
      return tf.div(sums, tf.maximum(tf.sum(weights, 1, true), 1))
    })
  }

  override computeMask(): Tensors {
    return asMask(null)
  }
}

/** The largest value over the real steps. Shapes: [B, T, C] → [B, C]. */
export class GlobalMaxPooling1D extends StockMax {
  static override className = 'GlobalMaxPooling1D'
  override supportsMasking = true

  constructor(args: LayerArgs = {}) {
    super(args)
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    const mask = maskOf(this.name, x, options.mask)
    if (mask === null) return super.call(inputs, options)
    return tf.tidy(() => tf.max(tf.where(tf.cast(tf.expandDims(mask, -1), 'bool'), x, tf.fill(x.shape, LOWEST)), 1))
  }

  override computeMask(): Tensors {
    return asMask(null)
  }
}
