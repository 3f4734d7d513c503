/**
 * Keras's LayerNormalization as one op of the kernels, in one pass over each row, instead of TensorFlow.js's moments, tiles and batch
 * normalisation. Axes that are not the last ones in their order run there as before. Masks pass through.
 */
import * as tfl from '@weft/core/tfjs-layers'
import type { Initializer } from '@tensorflow/tfjs-layers/dist/initializers.js'
import type { LayerNormalizationLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/normalization.js'
import { areLastAxes, layerNorm } from '@weft/kernels'
import { type CallOptions, classOf, type LayerClass, single, type Tensors } from './stock.js'

interface StockLayerNormalization extends tfl.layers.Layer {
  readonly axis: number | number[]
  readonly epsilon: number
  readonly gamma?: tfl.LayerVariable | null
  readonly beta?: tfl.LayerVariable | null
  readonly gammaInitializer: Initializer
  readonly betaInitializer: Initializer
}

const Base = classOf<LayerClass<LayerNormalizationLayerArgs, StockLayerNormalization>>(
  tfl.layers.layerNormalization({ name: 'stock' } as LayerNormalizationLayerArgs),
)

/**
 * `gamma (x - mean) / sqrt(variance + epsilon) + beta`, the moments those of each item's own values along `axis`.
 *
 * Shapes: [B, …, C] → the same; weights gamma and beta of the normalised axes' sizes.
 * @see Ba, Kiros and Hinton 2016, arXiv:1607.06450.
 */
export class LayerNormalization extends Base {
  static override className = 'LayerNormalization'

  constructor(args: LayerNormalizationLayerArgs = {}) {
    super(args)
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    const { axis, epsilon } = this
    if (!areLastAxes(axis, x.rank)) return super.call(inputs, options)
    return layerNorm(x, this.gamma?.read() ?? null, this.beta?.read() ?? null, { axis, epsilon })
  }
}
