/**
 * Keras's RepeatVector. A subclass of TensorFlow.js's layer whose gradient is one sum over the steps, where TensorFlow.js's is a
 * slice and an addition for each of them.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { classOf, type LayerClass, single, type Tensors } from './stock.js'

type StockRepeatVector = tfl.layers.Layer & { readonly n: number }

const Base = classOf<LayerClass<{ n: number; name?: string }, StockRepeatVector>>(
  tfl.layers.repeatVector({ n: 1, name: 'stock' }),
)

/** The same vector at each of `n` steps. Shapes: [B, C] → [B, n, C]. */
export class RepeatVector extends Base {
  static override className = 'RepeatVector'

  override call(inputs: Tensors): Tensors {
    return tf.tidy(() => repeatSteps(single(inputs), this.n))
  }
}

/** Shapes: [B, C] → [B, steps, C]. */
export function repeatSteps(x: tf.Tensor, steps: number): tf.Tensor {
  return tf.add(tf.expandDims(x, 1), tf.zeros([1, steps, 1]))
}
