/**
 * Straightens skewed lines of text. The skew is the angle at which the ink, projected sideways, falls into the fewest rows, so that the sum
 * of squares of the projection profile is largest (Postl, Detection of linear oblique structures and skew scan in digitized documents,
 * 1986; Baird, The skew angle of printed documents, 1987). It is meant for lines that are wider than high: a single letter has no such
 * angle.
 */
import { otsuThreshold } from './binarise.js'
import { borderColour, luminance } from './colour.js'
import type { Raster } from './raster.js'
import { filled } from './resize.js'

/** Largest angle to search, in both directions; an image that seems more skewed does not change. */
export const MOST_SKEW_DEGREES = 15
/** Smaller angles are not corrected. */
const LEAST_SKEW_DEGREES = 0.1
const FINEST_STEP_DEGREES = 0.05
/** At most this many ink pixels, evenly spaced, determine the angle. */
const MOST_POINTS = 20_000

/** Coordinates of ink pixels. */
interface Ink {
  readonly xs: Float32Array
  readonly ys: Float32Array
}

/** The pixels on the opposite side of Otsu's threshold from the border. */
function findInk(image: Raster): Ink {
  const grey = luminance(image)
  const threshold = otsuThreshold(grey)
  const [background = 0] = borderColour({ ...image, pixels: grey, channels: 1 })
  const inkIsDark = background > threshold
  const isInk = (at: number): boolean => (grey[at] ?? 0) <= threshold === inkIsDark
  let count = 0
  for (let at = 0; at < grey.length; at++) if (isInk(at)) count++
  if (count === grey.length) count = 0 // blank
  const ink = { xs: new Float32Array(count), ys: new Float32Array(count) }
  for (let at = 0, n = 0; n < count; at++) {
    if (!isInk(at)) continue
    ink.xs[n] = at % image.width
    ink.ys[n++] = Math.floor(at / image.width)
  }
  return ink
}

/**
 * By how many degrees the lines of text in an image descend to the right; negative if they ascend, 0 if unknown.
 *
 * @returns An angle within ±15°, to about 0.1°.
 */
export function skewDegrees(image: Raster): number {
  return skewOf(findInk(image), image.width, image.height)
}

function skewOf({ xs, ys }: Ink, width: number, height: number): number {
  const stride = Math.max(1, Math.ceil(xs.length / MOST_POINTS))
  const profile = new Float64Array(2 * (width + height))
  const score = (degrees: number): number => {
    const sin = Math.sin((degrees * Math.PI) / 180)
    const cos = Math.cos((degrees * Math.PI) / 180)
    profile.fill(0)
    for (let i = 0; i < xs.length; i += stride) {
      const row = Math.round((ys[i] ?? 0) * cos - (xs[i] ?? 0) * sin) + width
      profile[row] = (profile[row] ?? 0) + 1
    }
    return profile.reduce((sum, n) => sum + n * n, 0)
  }
  // A step moves the end of a line by at most 8 rows, so that it cannot skip a peak.
  let step = Math.max(0.1, Math.min(1, (8 / width) * (180 / Math.PI)))
  let angle = 0
  let best = score(0)
  const consider = (degrees: number) => {
    const candidate = score(degrees)
    if (candidate > best) [best, angle] = [candidate, degrees]
  }
  for (let degrees = step; degrees <= MOST_SKEW_DEGREES; degrees += step) {
    consider(degrees)
    consider(-degrees)
  }
  if (Math.abs(angle) + step > MOST_SKEW_DEGREES) return 0
  while (step > FINEST_STEP_DEGREES) {
    step /= 2
    const centre = angle
    consider(centre - step)
    consider(centre + step)
  }
  return Math.abs(angle) < LEAST_SKEW_DEGREES ? 0 : angle
}

/** A straightened image, and where its columns were. */
export interface DeskewedImage {
  readonly image: Raster
  readonly degrees: number
  /** Column edge c of the image, in its middle row, was at `offset + scale · c` of the skewed one. */
  readonly scale: number
  readonly offset: number
}

/**
 * Rotates an image by the angle of its lines. No ink is lost, the margins around the ink keep their width, and new areas have the colour
 * of the background.
 */
export function deskew(image: Raster): DeskewedImage {
  const ink = findInk(image)
  const degrees = skewOf(ink, image.width, image.height)
  if (degrees === 0) return { image, degrees, scale: 1, offset: 0 }
  const sin = Math.sin((degrees * Math.PI) / 180)
  const cos = Math.cos((degrees * Math.PI) / 180)
  const { xs, ys } = ink
  const across = xs.map((x, i) => x * cos + (ys[i] ?? 0) * sin)
  const down = ys.map((y, i) => y * cos - (xs[i] ?? 0) * sin)
  const [left, width] = withMargins(xs, across, image.width)
  const [top, height] = withMargins(ys, down, image.height)
  const middle = top + (height - 1) / 2
  const level = rotate(image, { left, top, width, height, sin, cos })
  return { image: level, degrees, scale: cos, offset: 0.5 + (left - 0.5) * cos - middle * sin }
}

/** Start and length of an axis of the rotated image: the extent of the ink with its old margins. */
function withMargins(before: Float32Array, after: Float32Array, length: number): [number, number] {
  const [low, high] = extent(before)
  const [first, last] = extent(after)
  return [Math.floor(first - low), Math.ceil(last - first) + low + length - high]
}

function extent(values: Float32Array): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

interface Rotation {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly sin: number
  readonly cos: number
}

/** Samples the image along rotated rows, by linear interpolation; beyond its edges is background. */
function rotate(image: Raster, { left, top, width, height, sin, cos }: Rotation): Raster {
  const { pixels, channels } = image
  const colour = borderColour(image)
  const out = filled(width * height, colour)
  const valueAt = (x: number, y: number, c: number): number =>
    x < 0 || y < 0 || x >= image.width || y >= image.height
      ? (colour[c] ?? 0)
      : (pixels[(y * image.width + x) * channels + c] ?? 0)
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const x = (left + column) * cos - (top + row) * sin
      const y = (left + column) * sin + (top + row) * cos
      const x0 = Math.floor(x)
      const y0 = Math.floor(y)
      if (x0 < -1 || y0 < -1 || x0 >= image.width || y0 >= image.height) continue
      for (let c = 0; c < channels; c++) {
        const upper = valueAt(x0, y0, c) * (x0 + 1 - x) + valueAt(x0 + 1, y0, c) * (x - x0)
        const lower = valueAt(x0, y0 + 1, c) * (x0 + 1 - x) + valueAt(x0 + 1, y0 + 1, c) * (x - x0)
        out[(row * width + column) * channels + c] = upper * (y0 + 1 - y) + lower * (y - y0) + 0.5
      }
    }
  }
  return { pixels: out, width, height, channels }
}
