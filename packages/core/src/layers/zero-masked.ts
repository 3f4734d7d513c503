/**
 * Sets masked steps to 0, between the layers of a convolutional network over sequences of unequal length. A bias, a normalisation
 * and the neighbouring real steps leave other values there, which the next convolution would see and mix into the last real steps;
 * with zeros it sees what it sees past the end of a batch. So a row's outputs depend neither on its companions nor on the padding.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '../errors.js'
import { maskOf } from './masks.js'
import { asMask, type CallOptions, single, singleShape, type Shapes, type Tensors } from './stock.js'

export type ZeroMaskedArgs = NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]> & {
  /**
   * Zeros are added until the number of steps is a multiple of this, so that a pooling over as many steps cuts no step off at the end
   * of the longest row that it keeps for a shorter one. Default 1, none.
   */
  multipleOf?: number
}

/** Shapes: [B, T, …] → the same, or T rounded up to a multiple. Without padding the input itself. */
export class ZeroMasked extends tfl.layers.Layer {
  static className = 'ZeroMasked'
  readonly multipleOf: number

  constructor(args: ZeroMaskedArgs = {}) {
    super(args)
    this.supportsMasking = true
    this.multipleOf = args.multipleOf ?? 1
    if (!Number.isInteger(this.multipleOf) || this.multipleOf < 1)
      throw expected({
        doing: 'making ZeroMasked',
        want: 'a whole number of at least 1',
        of: 'multipleOf',
        got: this.multipleOf,
      })
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    const [batch = null, time = null, ...rest] = singleShape(inputShape)
    return [batch, time === null ? null : time + this.#missing(time), ...rest]
  }

  override computeMask(inputs: Tensors, mask?: Tensors): Tensors {
    const own = maskOf(this.name, single(inputs), mask)
    const [batch = 0, time = 0] = own?.shape ?? []
    if (own === null || this.#missing(time) === 0) return asMask(own)
    return tf.tidy(() => tf.concat([tf.cast(own, 'bool'), tf.zeros([batch, this.#missing(time)], 'bool')], 1))
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    return tf.tidy(() => {
      const x = single(inputs)
      const mask = maskOf(this.name, x, options.mask)
      const [batch = 0, time = 0, ...rest] = x.shape
      const real =
        mask?.dataSync().includes(0) === true
          ? tf.mul(x, tf.reshape(tf.cast(mask, 'float32'), [batch, time, ...rest.map(() => 1)]))
          : x
      const missing = this.#missing(time)
      return missing === 0 ? real : tf.concat([real, tf.zeros([batch, missing, ...rest])], 1)
    })
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), multipleOf: this.multipleOf }
  }

  /** Steps to add. */
  #missing(time: number): number {
    return Math.ceil(time / this.multipleOf) * this.multipleOf - time
  }
}
