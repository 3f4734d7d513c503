/**
 * Keras's Embedding: a row of a table for each whole number. A subclass of TensorFlow.js's layer, with our initialisers, so that the
 * initial table is a function of its seed. The cost of the table's gradient grows with the rows looked up, not with the
 * vocabulary; see `embedding/` of the kernels.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { EmbeddingLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/embeddings.js'
import { ownInitializer } from './initializers.js'
import { asMask, classOf, type LayerClass, single, type Tensors } from './stock.js'

interface StockEmbedding extends tfl.layers.Layer {
  readonly maskZero: boolean
  readonly embeddings: tfl.LayerVariable
}

const Base = classOf<LayerClass<EmbeddingLayerArgs, StockEmbedding>>(
  tfl.layers.embedding({ inputDim: 1, outputDim: 1, name: 'stock' }),
)

/**
 * `y[b, t] = embeddings[x[b, t]]`
 *
 * Shapes: [B, T] of whole numbers below V, of an integer type or not, → [B, T, U]; embeddings [V, U]. With `maskZero` the number 0
 * is padding, which later layers pass over.
 */
export class Embedding extends Base {
  static override className = 'Embedding'

  constructor(args: EmbeddingLayerArgs) {
    // By this name TensorFlow.js finds the registered class, which is ours.
    super({ ...args, embeddingsInitializer: ownInitializer(args.embeddingsInitializer ?? 'RandomUniform') })
  }

  override call(inputs: Tensors): Tensors {
    return tf.tidy(() => tf.gather(this.embeddings.read(), tf.cast(single(inputs), 'int32')))
  }

  override computeMask(inputs: Tensors): Tensors {
    return asMask(this.maskZero ? tf.tidy(() => tf.notEqual(single(inputs), 0)) : null)
  }
}
