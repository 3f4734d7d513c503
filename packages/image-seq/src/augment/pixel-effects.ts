/**
 * What training does to the values of an image rather than to its places: thicker or thinner strokes, blur, contrast and brightness,
 * noise. All of them work on ink darker or lighter than its ground, grey or in colour. Geometry is in warp.ts.
 */
import { Random } from '@weft/core/runtime'
import type { AugmentOptions } from '../options/augment.js'
import type { Raster } from '../image/raster.js'

export type EffectOptions = Pick<
  AugmentOptions,
  'inkThicknessPx' | 'blurPx' | 'contrastChange' | 'brightnessChange' | 'noise'
>

/** What is done to an image's values; all 0 is nothing. */
export interface PixelEffects {
  /** Growth of the light parts where positive, of the dark parts where negative, at each edge, in px. */
  readonly lightPx: number
  /** Deviation of the Gaussian, in px. */
  readonly blurPx: number
  /** 0.1 is a tenth more of the distance from middle grey. */
  readonly contrast: number
  /** Added, as a share of white. */
  readonly brightness: number
  /** Deviation, as a share of white. */
  readonly noise: number
  readonly noiseSeed: number
}

/** Draws effects within the strengths of `options`; always as many numbers. */
export function drawEffects(options: EffectOptions, random: Random): PixelEffects {
  return {
    lightPx: random.uniform(-options.inkThicknessPx, options.inkThicknessPx),
    blurPx: random.uniform(0, options.blurPx),
    contrast: random.uniform(-options.contrastChange, options.contrastChange),
    brightness: random.uniform(-options.brightnessChange, options.brightnessChange),
    noise: random.uniform(0, options.noise),
    noiseSeed: random.bits(),
  }
}

/** The image with its effects, always in a new array. */
export function applyEffects(image: Raster, effects: PixelEffects): Raster {
  const pixels = changeLevels(blur(spread(image, effects.lightPx), effects.blurPx), effects)
  return { ...image, pixels }
}

/**
 * Grey dilation (`px` above 0) or erosion (below) by a cross of one pixel, as often as `px` says, the last time in part.
 *
 * @returns The same array when `px` is 0.
 */
function spread(image: Raster, px: number): Raster {
  const { width, height, channels } = image
  const stride = width * channels
  let from = image.pixels
  for (let due = Math.abs(px); due > 0; due--) {
    const part = Math.min(1, due)
    const out = new Uint8Array(from.length)
    for (let y = 0, at = 0; y < height; y++) {
      const up = y > 0 ? stride : 0
      const down = y < height - 1 ? stride : 0
      for (let x = 0; x < width; x++) {
        const before = x > 0 ? channels : 0
        const after = x < width - 1 ? channels : 0
        for (let c = 0; c < channels; c++, at++) {
          const here = from[at] ?? 0
          const above = from[at - up] ?? 0
          const below = from[at + down] ?? 0
          const left = from[at - before] ?? 0
          const right = from[at + after] ?? 0
          const extreme = px > 0 ? Math.max(here, above, below, left, right) : Math.min(here, above, below, left, right)
          out[at] = here + part * (extreme - here) + 0.5
        }
      }
    }
    from = out
  }
  return { ...image, pixels: from }
}

/** Deviations on each side of the middle that the Gaussian reaches. */
const BLUR_REACH = 2.5
/** A Gaussian narrower than this has less than a thousandth of its weight outside of the middle pixel. */
const LEAST_BLUR_PX = 0.15

/** Gaussian blur, first along rows, then along columns, edge pixels repeated; the same array when `sigma` is next to nothing. */
function blur(image: Raster, sigma: number): Raster {
  if (sigma < LEAST_BLUR_PX) return image
  const { pixels, width, height, channels } = image
  const kernel = gaussian(sigma)
  const reach = kernel.length - 1
  const row = width * channels
  const line = new Float32Array(row + 2 * reach * channels)
  const rows = new Float32Array((height + 2 * reach) * row)
  for (let y = 0; y < height; y++) {
    line.set(pixels.subarray(y * row, (y + 1) * row), reach * channels)
    repeatEnds(line, reach, channels)
    convolve(line, kernel, channels, rows.subarray((reach + y) * row, (reach + y + 1) * row))
  }
  repeatEnds(rows, reach, row)
  const sums = new Float32Array(pixels.length)
  convolve(rows, kernel, row, sums)
  const out = new Uint8Array(pixels.length)
  for (let at = 0; at < out.length; at++) out[at] = (sums[at] ?? 0) + 0.5
  return { ...image, pixels: out }
}

/** The weight of the middle, then of those at each distance; all together are 1. */
function gaussian(sigma: number): Float64Array {
  const kernel = new Float64Array(Math.ceil(BLUR_REACH * sigma) + 1)
  let total = 0
  for (let k = 0; k < kernel.length; k++) {
    const weight = Math.exp(-0.5 * (k / sigma) ** 2)
    kernel[k] = weight
    total += k === 0 ? weight : 2 * weight
  }
  return kernel.map((weight) => weight / total)
}

/** Fills the first and last `count` elements of `size` values with the elements next to them. */
function repeatEnds(line: Float32Array, count: number, size: number): void {
  const end = line.length - count * size
  for (let i = 0; i < count; i++) {
    line.copyWithin(i * size, count * size, (count + 1) * size)
    line.copyWithin(end + i * size, end - size, end)
  }
}

/** A symmetric kernel over elements of `size` values; `from` has as many more at each end than `to` as the kernel reaches. */
function convolve(from: Float32Array, kernel: Float64Array, size: number, to: Float32Array): void {
  const start = (kernel.length - 1) * size
  const middle = kernel[0] ?? 0
  for (let at = 0; at < to.length; at++) to[at] = middle * (from[start + at] ?? 0)
  for (let k = 1; k < kernel.length; k++) {
    const weight = kernel[k] ?? 0
    const before = start - k * size
    const after = start + k * size
    for (let at = 0; at < to.length; at++) {
      to[at] = (to[at] ?? 0) + weight * ((from[before + at] ?? 0) + (from[after + at] ?? 0))
    }
  }
}

/** Deviation of the sum of the four bytes of a random word. */
const FOUR_BYTES_DEVIATION = Math.sqrt((4 * (256 ** 2 - 1)) / 12)

/** Contrast about middle grey, brightness and noise, held within 0 to 255. */
function changeLevels({ pixels }: Raster, { contrast, brightness, noise, noiseSeed }: PixelEffects): Uint8Array {
  const levels = new Float64Array(256)
  for (let v = 0; v < 256; v++) levels[v] = (v - 127.5) * (1 + contrast) + 127.5 + 255 * brightness
  const out = new Uint8ClampedArray(pixels.length)
  const random = new Random(noiseSeed)
  // The sum of four uniform draws is near enough to a normal one, and a sixth of its cost.
  const scale = (noise * 255) / FOUR_BYTES_DEVIATION
  for (let at = 0; at < pixels.length; at++) {
    let value = levels[pixels[at] ?? 0] ?? 0
    if (scale > 0) {
      const bits = random.bits()
      value += scale * ((bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24) - 510)
    }
    out[at] = value
  }
  return new Uint8Array(out.buffer)
}
