/**
 * From prepared images to the input of the network: pixels scaled by the mean and deviation of the training part, and batches padded
 * along the axis that varies, columns or frames, with a value that the network recognises as padding. Decoding and cleaning
 * (image/decode.ts, image/prepare.ts) and variation (augment/augment.ts) come before.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { padSequences, type NdArray, type Normaliser, type PadOptions } from '@weft/core/data'
import type { PreparedItem } from './features/image-worker.js'
import { PADDING } from './network.js'
import type { Raster } from './image/raster.js'

/** Batches of unequal images have a width that is a multiple of this. */
const COLUMNS_TOGETHER = 32

/** Turns images into network input; holds the tables for it. */
export class ImageInput {
  /** For each channel, the input for each pixel value. */
  readonly #tables: readonly Float32Array[]
  readonly #frames: boolean

  /** @param normaliser One mean and deviation for each channel. @param frames Whether an item is a sequence of images. */
  constructor(normaliser: Normaliser, channels: number, frames: boolean) {
    const values = Float32Array.from({ length: 256 * channels }, (_, i) => Math.floor(i / channels))
    const scaled = normaliser.apply(values)
    this.#tables = Array.from({ length: channels }, (_, c) =>
      Float32Array.from({ length: 256 }, (_, value) => scaled[value * channels + c] ?? 0),
    )
    this.#frames = frames
  }

  /**
   * How items are padded into a batch: sequences along their frames, images along their columns. Where sizes vary, few different sizes
   * of batches let the memory of one be reused for the next.
   */
  padding(varies: boolean): PadOptions {
    if (this.#frames) return { value: PADDING, axis: 0 }
    return { value: PADDING, axis: 1, multipleOf: varies ? COLUMNS_TOGETHER : 1 }
  }

  /** [H, W, C], or [T, H, W, C] for a sequence. */
  of({
    pixels,
    frames,
    height,
    width,
    channels,
  }: Pick<PreparedItem, 'pixels' | 'frames'> & Omit<Raster, 'pixels'>): NdArray {
    const data = new Float32Array(pixels.length)
    const shape = this.#frames ? [frames, height, width, channels] : [height, width, channels]
    const [only] = this.#tables
    if (this.#tables.length === 1 && only) {
      for (let i = 0; i < pixels.length; i++) data[i] = only[pixels[i] ?? 0] ?? 0
      return { data, shape }
    }
    this.#tables.forEach((table, c) => {
      for (let i = c; i < pixels.length; i += channels) data[i] = table[pixels[i] ?? 0] ?? 0
    })
    return { data, shape }
  }

  /** [B, H, W, C] or [B, T, H, W, C]. */
  batch(images: readonly PreparedItem[]): tf.Tensor {
    const varies = images.some(({ width }) => width !== images[0]?.width)
    const { batch } = padSequences(
      images.map((image) => this.of(image)),
      this.padding(varies),
    )
    return tf.tensor(batch.data, [...batch.shape])
  }
}

/** A frame of an item; a single image has one. */
export function frameOf({ pixels, height, width, channels }: PreparedItem, frame = 0): Raster {
  const size = height * width * channels
  return { pixels: pixels.subarray(frame * size, (frame + 1) * size), height, width, channels }
}
