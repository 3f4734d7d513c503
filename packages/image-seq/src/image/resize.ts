/**
 * Sizes of rasters: resizing, fitting into a box with the aspect ratio kept, padding. Shrinking averages the area that each new pixel
 * covers, so that thin strokes turn grey and do not vanish; enlarging interpolates linearly between centres of pixels. The axes are
 * independent. Not with sharp, because a call of sharp takes longer than resizing a line of text here.
 */
import { borderColour } from './colour.js'
import type { Raster } from './raster.js'

/** A target size; width 0 means the width that follows from the aspect ratio. */
export interface Box {
  readonly height: number
  readonly width: number
}

/** The scale at which an image fits into the box with its aspect ratio kept. */
export function fitFactor(width: number, height: number, box: Box): number {
  const factor = box.height / height
  return box.width > 0 ? Math.min(factor, box.width / width) : factor
}

/** The old pixels behind each new one: `count` from `first[i]`, with weights from `i · count`. */
interface Taps {
  readonly count: number
  readonly first: Int32Array
  readonly weights: Float32Array
}

function taps(from: number, to: number): Taps {
  const scale = from / to
  const count = scale > 1 ? Math.ceil(scale) + 1 : 2
  const first = new Int32Array(to)
  const weights = new Float32Array(to * count)
  for (let i = 0; i < to; i++) {
    const left = scale > 1 ? i * scale : (i + 0.5) * scale - 0.5
    const start = Math.floor(left)
    first[i] = start
    for (let k = 0; k < count; k++) {
      const at = start + k
      weights[i * count + k] =
        scale > 1
          ? Math.max(0, Math.min(at + 1, left + scale, from) - Math.max(at, left)) / scale
          : 1 - Math.abs(left - at)
    }
  }
  return { count, first, weights }
}

/** Resizes an image; returns the same object if it already has that size. */
export function resize(image: Raster, width: number, height: number): Raster {
  if (image.width === width && image.height === height) return image
  const rows = image.height === height ? Float32Array.from(image.pixels) : resizeRows(image, height)
  const pixels = new Uint8Array(height * width * image.channels)
  if (image.width === width) {
    for (let i = 0; i < pixels.length; i++) pixels[i] = (rows[i] ?? 0) + 0.5
  } else {
    resizeColumns(rows, image, width, pixels)
  }
  return { pixels, width, height, channels: image.channels }
}

/** [H, W, C] → [height, W, C] */
function resizeRows(image: Raster, height: number): Float32Array {
  const { pixels } = image
  const stride = image.width * image.channels
  const { count, first, weights } = taps(image.height, height)
  const out = new Float32Array(height * stride)
  for (let y = 0; y < height; y++) {
    const at = y * stride
    for (let k = 0; k < count; k++) {
      const weight = weights[y * count + k] ?? 0
      if (weight === 0) continue
      const from = Math.min(image.height - 1, Math.max(0, (first[y] ?? 0) + k)) * stride
      for (let i = 0; i < stride; i++) out[at + i] = (out[at + i] ?? 0) + weight * (pixels[from + i] ?? 0)
    }
  }
  return out
}

/** [height, W, C] → [height, width, C], rounded. */
function resizeColumns(rows: Float32Array, image: Raster, width: number, pixels: Uint8Array): void {
  const { channels } = image
  const { count, first, weights } = taps(image.width, width)
  const height = pixels.length / (width * channels)
  for (let x = 0; x < width; x++) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        const row = y * image.width
        let sum = 0.5
        for (let k = 0; k < count; k++) {
          const from = Math.min(image.width - 1, Math.max(0, (first[x] ?? 0) + k))
          sum += (weights[x * count + k] ?? 0) * (rows[(row + from) * channels + c] ?? 0)
        }
        pixels[(y * width + x) * channels + c] = sum
      }
    }
  }
}

/** An image in a box, and where in it the image begins and ends. */
export interface FittedImage {
  readonly image: Raster
  /** Columns of background to the left of the image. */
  readonly left: number
  /** Columns of the image itself. */
  readonly columns: number
}

/** Scales an image to fit into the box with its aspect ratio kept, centred, and fills the rest with the colour of its border. */
export function fitInto(image: Raster, box: Box): FittedImage {
  const factor = fitFactor(image.width, image.height, box)
  const columns = Math.max(1, Math.round(image.width * factor))
  const rows = Math.min(box.height, Math.max(1, Math.round(image.height * factor)))
  const width = box.width > 0 ? box.width : columns
  const resized = resize(image, Math.min(columns, width), rows)
  if (resized.width === width && rows === box.height) return { image: resized, left: 0, columns: width }
  const left = (width - resized.width) >> 1
  return { image: pad(resized, left, (box.height - rows) >> 1, width, box.height), left, columns: resized.width }
}

function pad(image: Raster, left: number, top: number, width: number, height: number): Raster {
  const { channels } = image
  const pixels = filled(width * height, borderColour(image))
  const stride = image.width * channels
  for (let y = 0; y < image.height; y++) {
    pixels.set(image.pixels.subarray(y * stride, (y + 1) * stride), ((top + y) * width + left) * channels)
  }
  return { pixels, width, height, channels }
}

/** `count` pixels of one colour [C]. */
export function filled(count: number, colour: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(count * colour.length)
  if (colour.length === 1) return pixels.fill(colour[0] ?? 0)
  for (let i = 0; i < count; i++) pixels.set(colour, i * colour.length)
  return pixels
}
