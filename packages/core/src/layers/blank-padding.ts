/**
 * The end of a network for CTC over sequences of unequal length: past each row's end the blank has probability 1. A path's steps
 * there add nothing to any text and take nothing from its probability, so loss and decoders give what they would on the row cut
 * to its length, and need no lengths.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '../errors.js'
import { maskOf } from './masks.js'
import { asMask, type CallOptions, single, singleShape, type Shapes, type Tensors } from './stock.js'

export type BlankPaddingArgs = NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]> & {
  /** Class of the blank; negative ones count from the end. Default 0. */
  blank?: number
}

/** Logits [B, T, V] → the same, where masked: 0 for the blank and minus infinity for the other classes. */
export class BlankPadding extends tfl.layers.Layer {
  static className = 'BlankPadding'
  readonly blank: number

  constructor(args: BlankPaddingArgs = {}) {
    super(args)
    this.supportsMasking = true
    this.blank = args.blank ?? 0
    if (!Number.isInteger(this.blank))
      throw expected({ doing: 'making BlankPadding', want: 'an integer', of: 'blank', got: this.blank })
  }

  override build(inputShape: Shapes): void {
    const classes = singleShape(inputShape).at(-1) ?? 0
    if (this.blank < -classes || this.blank >= classes)
      throw expected({
        doing: 'building BlankPadding',
        want: `an integer in [${-classes}, ${classes})`,
        of: 'blank',
        got: this.blank,
      })
    super.build(inputShape)
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    return inputShape
  }

  override computeMask(inputs: Tensors, mask?: Tensors): Tensors {
    return asMask(maskOf(this.name, single(inputs), mask))
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    const mask = maskOf(this.name, x, options.mask)
    if (mask === null) return x
    return tf.tidy(() => {
      const classes = x.shape.at(-1) ?? 0
      const blank = this.blank < 0 ? this.blank + classes : this.blank
      const padding = Float32Array.from({ length: classes }, (_, symbol) => (symbol === blank ? 0 : -Infinity))
      const real = tf.cast(tf.expandDims(mask, 2), 'bool')
      return tf.where(real, x, tf.tensor3d(padding, [1, 1, classes]))
    })
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), blank: this.blank }
  }
}
