/**
 * Pooling over time with learnt weights. A layer of our own: TensorFlow.js has none like it, so a model with it opens only where
 * our layers are registered.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { hash } from '../runtime/random.js'
import { seededInitializer } from './initializers.js'
import { maskOf } from './masks.js'
import { asMask, type CallOptions, type Shapes, single, singleShape, type Tensors } from './stock.js'

export interface AttentionPooling1DArgs {
  /** Size of the hidden layer that scores a step. */
  units: number
  /** Seed of the initial weights. Default 0. */
  seed?: number
  name?: string
  trainable?: boolean
}

/** Added to the scores of masked steps: their weight becomes 0 in float32. */
const MASKED_SCORE = -1e9

/**
 * `sum_t softmax_t(tanh(x_t · kernel + bias) · context) x_t`
 *
 * Shapes: [B, T, C] → [B, C]; kernel [C, U], bias [U], context [U, 1].
 * @see Yang et al. 2016, "Hierarchical Attention Networks for Document Classification", section 2.2.
 */
export class AttentionPooling1D extends tfl.layers.Layer {
  static className = 'AttentionPooling1D'
  readonly #args: AttentionPooling1DArgs
  #weights: { kernel: tfl.LayerVariable; bias: tfl.LayerVariable; context: tfl.LayerVariable } | undefined

  constructor(args: AttentionPooling1DArgs) {
    super({ name: args.name, trainable: args.trainable })
    this.#args = args
    this.supportsMasking = true
  }

  override build(inputShape: Shapes): void {
    const channels = singleShape(inputShape).at(-1) ?? 0
    const { units, seed = 0 } = this.#args
    const glorot = (weight: string) => seededInitializer('GlorotUniform', hash(seed, 'attention'), weight)
    this.#weights = {
      kernel: this.addWeight('kernel', [channels, units], 'float32', glorot('kernel')),
      bias: this.addWeight('bias', [units], 'float32', tfl.initializers.zeros()),
      context: this.addWeight('context', [units, 1], 'float32', glorot('context')),
    }
    super.build(inputShape)
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    return tf.tidy(() => {
      const x = single(inputs) as tf.Tensor3D
      if (!this.#weights) throw new Error(`running layer ${this.name}: expected it to have been built`)
      const { kernel, bias, context } = this.#weights
      const [batch, time, channels] = x.shape
      const hidden = tf.tanh(
        tf.add(tf.matMul(tf.reshape(x, [batch * time, channels]), kernel.read() as tf.Tensor2D), bias.read()),
      )
      const scores = tf.reshape(tf.matMul(hidden as tf.Tensor2D, context.read() as tf.Tensor2D), [batch, time])
      const mask = maskOf(this.name, x, options.mask)
      const penalty = mask && tf.mul(tf.sub(1, tf.cast(mask, 'float32')), MASKED_SCORE)
      const weights = tf.softmax(penalty ? tf.add(scores, penalty) : scores) // [B, T]
      return tf.squeeze(tf.matMul(tf.expandDims(weights, 1), x), [1])
    })
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    const shape = singleShape(inputShape)
    return [shape[0] ?? null, shape[2] ?? null]
  }

  override computeMask(): Tensors {
    return asMask(null)
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { units, seed = 0 } = this.#args
    return { ...super.getConfig(), units, seed }
  }
}
