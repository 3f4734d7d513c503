/**
 * Keras's TimeDistributed: the same layer for every step. The steps are laid into the batch and the layer runs once, as Keras does,
 * where TensorFlow.js runs it step by step in a loop.
 */
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import type { WrapperLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/wrappers.js'
import { maskOf } from './masks.js'
import { asMask, type CallOptions, classOf, type LayerClass, single, type Tensors } from './stock.js'

const Base = classOf<LayerClass<WrapperLayerArgs, tfl.layers.Layer & { readonly layer: tfl.layers.Layer }>>(
  tfl.layers.timeDistributed({ layer: tfl.layers.dense({ units: 1, name: 'stock' }), name: 'stock' }),
)

/** Applies a layer to every step. Shapes: [B, T, …] → [B, T, …output of the layer]. */
export class TimeDistributed extends Base {
  static override className = 'TimeDistributed'

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    return tf.tidy(() => {
      const x = single(inputs)
      const [batch = 0, time = 0, ...rest] = x.shape
      const output = single(this.layer.call(tf.reshape(x, [batch * time, ...rest]), { training: options.training }))
      return tf.reshape(output, [batch, time, ...output.shape.slice(1)])
    })
  }

  override computeMask(inputs: Tensors, mask?: Tensors): Tensors {
    return asMask(maskOf(this.name, single(inputs), mask))
  }
}
