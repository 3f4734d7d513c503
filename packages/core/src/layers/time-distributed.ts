/**
 * Keras's TimeDistributed: the same layer for every step. The steps are laid into the batch and the layer runs once, as Keras does,
 * where TensorFlow.js runs it step by step in a loop. Padded steps are left out: they cost nothing, and a batch normalisation inside
 * does not count them.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { WrapperLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/wrappers.js'
import { maskOf } from './masks.js'
import { asMask, type CallOptions, classOf, type LayerClass, single, type Tensors } from './stock.js'
import { putBack, realSteps, take } from './take.js'

const Base = classOf<LayerClass<WrapperLayerArgs, tfl.layers.Layer & { readonly layer: tfl.layers.Layer }>>(
  tfl.layers.timeDistributed({ layer: tfl.layers.dense({ units: 1, name: 'stock' }), name: 'stock' }),
)

/**
 * Applies a layer, or a model as a layer, to every step; masked steps give zeros.
 *
 * Shapes: [B, T, …] → [B, T, …output of the layer].
 */
export class TimeDistributed extends Base {
  static override className = 'TimeDistributed'

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    return tf.tidy(() => {
      const x = single(inputs)
      const [batch = 0, time = 0, ...rest] = x.shape
      const mask = maskOf(this.name, x, options.mask)
      const real = mask && realSteps(mask)
      const steps = tf.reshape(x, [batch * time, ...rest])
      const given = real ? take(steps, real) : steps
      const output = single(this.layer.call(given, { training: options.training }))
      const all = real ? take(output, putBack(real)) : output
      return tf.reshape(all, [batch, time, ...output.shape.slice(1)])
    })
  }

  override computeMask(inputs: Tensors, mask?: Tensors): Tensors {
    return asMask(maskOf(this.name, single(inputs), mask))
  }
}
