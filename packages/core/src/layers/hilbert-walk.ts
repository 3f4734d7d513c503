/**
 * An image as a sequence along a Hilbert curve: pixels that are neighbours in the sequence are neighbours in the image, and those of
 * one step lie close together, where a row is as wide as the image. The curve fills the smallest square with a side of a power of
 * two that holds the image; its places outside the image are skipped. After Hilbert 1891, "Über die stetige Abbildung einer
 * Linie auf ein Flächenstück".
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '../errors.js'
import { type Shapes, single, singleShape, type Tensors } from './stock.js'
import { take, taking, type Taking } from './take.js'

/**
 * The places of the curve in a square, in order: from the first row's first column to the last row's, each beside the one before.
 *
 * @param side A power of two.
 * @returns Pairs [row, column].
 */
export function hilbertCurve(side: number): [row: number, column: number][] {
  if (side <= 1) return [[0, 0]]
  const half = side / 2
  const quarter = hilbertCurve(half)
  // Quarters in the order top left, top right, bottom right, bottom left; the first and the last turned, so that ends meet.
  return [
    ...quarter.map(([row, column]): [number, number] => [column, row]),
    ...quarter.map(([row, column]): [number, number] => [row, half + column]),
    ...quarter.map(([row, column]): [number, number] => [half + row, half + column]),
    ...quarter.map(([row, column]): [number, number] => [side - 1 - column, half - 1 - row]),
  ]
}

export type HilbertWalkArgs = NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]> & {
  /** Pixels that make a step. Default W, so that there are as many steps as rows. */
  stepPixels?: number | null
}

/**
 * Pixels in the order of the Hilbert curve, `stepPixels` to a step; the last step is filled up with zeros.
 *
 * Shapes: [B, H, W, C] → [B, ceil(H · W / stepPixels), stepPixels · C].
 */
export class HilbertWalk extends tfl.layers.Layer {
  static className = 'HilbertWalk'
  readonly stepPixels: number | null
  #order: Taking | undefined

  constructor(args: HilbertWalkArgs = {}) {
    super(args)
    this.stepPixels = args.stepPixels ?? null
    if (this.stepPixels !== null && !(Number.isInteger(this.stepPixels) && this.stepPixels >= 1))
      throw expected({
        doing: 'making HilbertWalk',
        want: 'a whole number of at least 1',
        of: 'stepPixels',
        got: this.stepPixels,
      })
  }

  override build(inputShape: Shapes): void {
    const { height, width, steps, pixels } = this.#sizes(inputShape)
    const side = 2 ** Math.ceil(Math.log2(Math.max(height, width)))
    const rows = new Int32Array(steps * pixels).fill(-1)
    let place = 0
    for (const [row, column] of hilbertCurve(side))
      if (row < height && column < width) rows[place++] = row * width + column
    this.#order = taking(rows, height * width)
    super.build(inputShape)
  }

  override computeOutputShape(inputShape: Shapes): Shapes {
    const { steps, pixels, channels } = this.#sizes(inputShape)
    return [singleShape(inputShape)[0] ?? null, steps, pixels * channels]
  }

  override call(inputs: Tensors): Tensors {
    return tf.tidy(() => {
      const x = single(inputs)
      if (!this.#order) throw new Error(`running layer ${this.name}: expected it to have been built`)
      const { height, width, steps, pixels, channels } = this.#sizes(x.shape)
      const walked = take(tf.reshape(x, [-1, height * width, channels]), this.#order, 1)
      return tf.reshape(walked, [-1, steps, pixels * channels])
    })
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), stepPixels: this.stepPixels }
  }

  #sizes(inputShape: Shapes) {
    const shape = singleShape(inputShape)
    const [, height, width, channels] = shape
    if (shape.length !== 4 || !height || !width || !channels)
      throw expected({
        doing: `building layer ${this.name}`,
        want: '[B, H, W, C] of known sizes',
        of: 'the input shape',
        got: `[${shape.join(', ')}]`,
      })
    const pixels = this.stepPixels ?? width
    return { height, width, channels, pixels, steps: Math.ceil((height * width) / pixels) }
  }
}
