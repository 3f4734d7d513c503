/**
 * Dense with Keras's default weights, and Reshape and Permute with masks. Masking, Activation, Embedding and the merging layers are
 * TensorFlow.js's own, which handle masks well.
 */
import type * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { DenseLayerArgs, PermuteLayerArgs, ReshapeLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/core.js'
import { expected } from '../errors.js'
import { ownInitializer } from './initializers.js'
import { maskOf } from './masks.js'
import { asMask, classOf, type LayerClass, single, singleShape, type Tensors } from './stock.js'

const StockDense = classOf<LayerClass<DenseLayerArgs, tfl.layers.Layer>>(tfl.layers.dense({ units: 1, name: 'stock' }))
const StockReshape = classOf<LayerClass<ReshapeLayerArgs, tfl.layers.Layer>>(
  tfl.layers.reshape({ targetShape: [1], name: 'stock' }),
)
const StockPermute = classOf<LayerClass<PermuteLayerArgs, tfl.layers.Layer & { readonly dims: number[] }>>(
  tfl.layers.permute({ dims: [1], name: 'stock' }),
)

/** `activation(x · kernel + bias)`. Shapes: [B, …, D] → [B, …, U]. */
export class Dense extends StockDense {
  static override className = 'Dense'

  constructor(args: DenseLayerArgs) {
    super({ ...args, kernelInitializer: ownInitializer(args.kernelInitializer ?? 'GlorotUniform') })
  }
}

/** Another shape for the same values; the mask lives on when the time axis stays as it is. Shapes: [B, …] → [B, …targetShape]. */
export class Reshape extends StockReshape {
  static override className = 'Reshape'
  override supportsMasking = true

  override computeMask(inputs: Tensors, mask?: Tensors): Tensors {
    const x = single(inputs)
    return keptMask(this, x, mask, singleShape(this.computeOutputShape(x.shape))[1] === x.shape[1])
  }
}

/** Another order of the axes; the mask lives on when the time axis stays first. Shapes: [B, …] → [B, …], axis i from `dims[i - 1]`. */
export class Permute extends StockPermute {
  static override className = 'Permute'
  override supportsMasking = true

  override computeMask(inputs: Tensors, mask?: Tensors): Tensors {
    return keptMask(this, single(inputs), mask, this.dims[0] === 1)
  }
}

function keptMask(layer: tfl.layers.Layer, x: tf.Tensor, mask: unknown, timeAxisStays: boolean): Tensors {
  const own = maskOf(layer.name, x, mask)
  if (own !== null && !timeAxisStays) {
    throw expected({
      doing: `running layer ${layer.name}`,
      want: 'axis 1, time, to stay where it is',
      of: 'an input with a mask',
      got: 'a layer that moves it',
    })
  }
  return asMask(own)
}
