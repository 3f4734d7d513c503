/**
 * Draws single digits next to one another as strings for a reader, so that the label of every digit is known: each digit is cropped to
 * its ink, scaled, shifted up or down, and placed at some distance from the one before, or touching it. A string is a function of its
 * digits and its seed; nothing is stored. White ink on black, as in MNIST.
 */
import { expected, Random } from '@weft/core/worker'
import type { Raster } from './raster.js'

export const STRING_HEIGHT = 32

const SCALES = [0.85, 1.35] as const
/** How much the scale of a digit may differ from that of its string. */
const SCALE_CHANGE = 0.12
/** Range of the mean gap of a string, in pixels; negative gaps overlap. */
const GAPS = [-2, 12] as const
const GAP_CHANGE = 2
/** Least distance between the left edges of digits, in pixels: a network with 4 columns per step has two steps for each digit. */
const LEAST_ADVANCE = 10
const MARGINS = [2, 14] as const
/** Share of the strings with noise, and its largest standard deviation in grey levels. */
const NOISY_SHARE = 0.5
const NOISE_DEVIATION = 16
/** Grey level from which a pixel counts as ink. */
const INK = 16

/**
 * Draws grey digits, white on black, into one image [32, W, 1]; the width follows from the digits, their scales and gaps.
 *
 * @param digits At least one, each with ink.
 * @throws UserError for an image without ink.
 */
export function composeDigits(digits: readonly Raster[], seed: number): Raster {
  const random = new Random(seed, 'digit string')
  const scale = random.uniform(...SCALES)
  const gap = random.uniform(...GAPS)
  let right = random.uniform(...MARGINS)
  let [left, previous] = [-Infinity, right]
  const placed = digits.map((digit, at): PlacedDigit => {
    const ink = cropToInk(digit, at)
    const own = scale * (1 + random.uniform(-SCALE_CHANGE, SCALE_CHANGE))
    const factor = Math.min(own, STRING_HEIGHT / ink.height)
    const [width, height] = [ink.width * factor, ink.height * factor]
    const apart = at === 0 ? 0 : gap + random.uniform(-GAP_CHANGE, GAP_CHANGE)
    left = Math.max(previous + apart, left + LEAST_ADVANCE)
    previous = left + width
    right = Math.max(right, previous)
    return { ink, factor, left, top: random.uniform(0, STRING_HEIGHT - height) }
  })
  const width = Math.ceil(right + random.uniform(...MARGINS))
  const pixels = new Uint8Array(STRING_HEIGHT * width)
  const string: Raster = { pixels, width, height: STRING_HEIGHT, channels: 1 }
  for (const digit of placed) draw(string, digit)
  if (random.next() < NOISY_SHARE) addNoise(pixels, random.uniform(0, NOISE_DEVIATION), random)
  return string
}

/** A cropped digit, its scale and its position in the string. */
interface PlacedDigit {
  readonly ink: Raster
  readonly factor: number
  readonly left: number
  readonly top: number
}

/** The part of a grey image that contains its ink. */
function cropToInk({ pixels, width, height }: Raster, at: number): Raster {
  let [top, bottom, left, right] = [height, -1, width, -1]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((pixels[y * width + x] ?? 0) < INK) continue
      top = Math.min(top, y)
      bottom = y
      left = Math.min(left, x)
      right = Math.max(right, x)
    }
  }
  if (bottom < 0)
    throw expected({ doing: 'drawing a string of digits', want: 'ink', of: `digit ${at + 1}`, got: 'an empty image' })
  const crop = new Uint8Array((bottom - top + 1) * (right - left + 1))
  for (let y = top; y <= bottom; y++)
    crop.set(pixels.subarray(y * width + left, y * width + right + 1), (y - top) * (right - left + 1))
  return { pixels: crop, width: right - left + 1, height: bottom - top + 1, channels: 1 }
}

/** Draws a scaled digit at subpixel position, by bilinear interpolation; where two overlap the brighter one shows. */
function draw({ pixels, width, height }: Raster, { ink, factor, left, top }: PlacedDigit): void {
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= ink.width || y >= ink.height ? 0 : (ink.pixels[y * ink.width + x] ?? 0)
  const lastColumn = Math.min(width - 1, Math.ceil(left + ink.width * factor))
  const lastRow = Math.min(height - 1, Math.ceil(top + ink.height * factor))
  for (let row = Math.max(0, Math.floor(top) - 1); row <= lastRow; row++) {
    for (let column = Math.max(0, Math.floor(left) - 1); column <= lastColumn; column++) {
      // From the centre of a pixel to the point of the digit there.
      const [x, y] = [(column + 0.5 - left) / factor - 0.5, (row + 0.5 - top) / factor - 0.5]
      const [x0, y0] = [Math.floor(x), Math.floor(y)]
      const [dx, dy] = [x - x0, y - y0]
      const above = at(x0, y0) * (1 - dx) + at(x0 + 1, y0) * dx
      const below = at(x0, y0 + 1) * (1 - dx) + at(x0 + 1, y0 + 1) * dx
      const place = row * width + column
      pixels[place] = Math.max(pixels[place] ?? 0, Math.round(above * (1 - dy) + below * dy))
    }
  }
}

function addNoise(pixels: Uint8Array, deviation: number, random: Random): void {
  for (let i = 0; i < pixels.length; i++) {
    const noisy = (pixels[i] ?? 0) + deviation * random.normal()
    pixels[i] = Math.min(255, Math.max(0, Math.round(noisy)))
  }
}
