/**
 * Keras's Cropping1D and ZeroPadding1D, which TensorFlow.js lacks (it has those of images): steps off either end of a sequence, or
 * zeros at either end. Lengths must be known from the shape, so there are no masks here.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '../errors.js'
import { type Shapes, single, singleShape, type Tensors } from './stock.js'

type Ends = readonly [before: number, after: number]

export interface Cropping1DArgs {
  /** Steps taken off the start and off the end. Default [1, 1]. */
  cropping?: Ends
  name?: string
}

export interface ZeroPadding1DArgs {
  /** Steps of zeros put before the start and after the end. Default [1, 1]. */
  padding?: Ends
  name?: string
}

function checkedEnds(doing: string, name: string, ends: Ends): Ends {
  if (ends.length !== 2 || !ends.every((steps) => Number.isInteger(steps) && steps >= 0))
    throw expected({ doing, want: 'two whole numbers of steps, at least 0,', of: name, got: ends })
  return ends
}

/** Steps off both ends. Shapes: [B, T, C] → [B, T - before - after, C]. */
export class Cropping1D extends tfl.layers.Layer {
  static className = 'Cropping1D'
  readonly #ends: Ends

  constructor({ cropping = [1, 1], name }: Cropping1DArgs = {}) {
    super({ name })
    this.#ends = checkedEnds('making a cropping layer', 'cropping', cropping)
  }

  override call(inputs: Tensors): Tensors {
    const x = single(inputs) as tf.Tensor3D
    return tf.tidy(() => tf.slice(x, [0, this.#ends[0], 0], [-1, this.#left(x.shape[1]), -1]))
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    const [batch = null, time = null, channels = null] = singleShape(inputShape)
    return [batch, time === null ? null : this.#left(time), channels]
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), cropping: [...this.#ends] }
  }

  #left(time: number): number {
    const [before, after] = this.#ends
    if (time <= before + after)
      throw expected({
        doing: `running layer ${this.name}`,
        want: `more than ${before + after} steps`,
        of: 'its input',
        got: time,
      })
    return time - before - after
  }
}

/** Zeros at both ends. Shapes: [B, T, C] → [B, before + T + after, C]. */
export class ZeroPadding1D extends tfl.layers.Layer {
  static className = 'ZeroPadding1D'
  readonly #ends: Ends

  constructor({ padding = [1, 1], name }: ZeroPadding1DArgs = {}) {
    super({ name })
    this.#ends = checkedEnds('making a padding layer', 'padding', padding)
  }

  override call(inputs: Tensors): Tensors {
    const [before, after] = this.#ends
    return tf.tidy(() => tf.pad(single(inputs), [[0, 0], [before, after], [0, 0]])) // prettier-ignore
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    const [batch = null, time = null, channels = null] = singleShape(inputShape)
    return [batch, time === null ? null : this.#ends[0] + time + this.#ends[1], channels]
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), padding: [...this.#ends] }
  }
}
