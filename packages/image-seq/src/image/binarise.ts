/**
 * Contrast and black and white: percentile stretching, Otsu's threshold for a whole image and Sauvola's for each pixel. Otsu,
 * A threshold selection method from gray-level histograms, 1979; Sauvola and Pietikäinen, Adaptive document image binarization, 2000.
 * The means for Sauvola come from running sums of columns, which give the same results as integral images (Shafait et al. 2008), also in
 * constant time per pixel, with memory for one row instead of the whole image.
 */
import { isDark, luminance, negative, greyToRgb } from './colour.js'
import type { Raster } from './raster.js'

/** How often each of the values 0 to 255 occurs. */
export function histogram(values: Uint8Array): Float64Array {
  const counts = new Float64Array(256)
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

/** Share of the pixels that is clipped to black, and to white. */
const CLIPPED_SHARE = 0.005
/** An image with a smaller range of values is blank; stretching would only amplify its noise. */
const LEAST_RANGE = 16

/** Stretches the values so that the darkest half percent of the pixels, by luma, becomes 0 and the lightest 255. */
export function stretchContrast(image: Raster): Raster {
  const grey = luminance(image)
  const counts = histogram(grey)
  const clipped = CLIPPED_SHARE * grey.length
  const low = firstBeyond(counts, clipped)
  const high = 255 - firstBeyond(counts.toReversed(), clipped)
  if (high - low < LEAST_RANGE || (low === 0 && high === 255)) return image
  const table = Uint8Array.from({ length: 256 }, (_, value) =>
    Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low)))),
  )
  return { ...image, pixels: image.pixels.map((value) => table[value] ?? 0) }
}

/** The first value at which the cumulative count exceeds `count`. */
function firstBeyond(counts: Float64Array, count: number): number {
  let sum = 0
  return Math.max(
    0,
    counts.findIndex((n) => (sum += n) > count),
  )
}

/**
 * The threshold t with the largest variance between the values up to t and those above; the smallest of equal ones. For an image with a
 * single value, that value.
 */
export function otsuThreshold(values: Uint8Array): number {
  const counts = histogram(values)
  let total = 0
  for (let v = 0; v < 256; v++) total += v * (counts[v] ?? 0)
  let best = -1
  let threshold = values[0] ?? 0
  let below = 0
  let sum = 0
  for (let t = 0; t < 256; t++) {
    below += counts[t] ?? 0
    sum += t * (counts[t] ?? 0)
    const above = values.length - below
    if (below === 0 || above === 0) continue
    const apart = sum / below - (total - sum) / above
    const variance = below * above * apart * apart
    if (variance > best) {
      best = variance
      threshold = t
    }
  }
  return threshold
}

export interface SauvolaOptions {
  /** Side of the square around a pixel; odd. */
  readonly window: number
  /** How far the threshold is below the mean in uniform areas, as a fraction of the mean. */
  readonly k: number
  /** The largest possible standard deviation. */
  readonly range: number
}

/**
 * Sauvola's threshold of every pixel, `m (1 + k (s / range - 1))`, with m and s the mean and standard deviation of the square
 * around it. Beyond the edges the image is mirrored, without repeating the edge itself.
 *
 * Shapes: `values` [H, W] → [H, W].
 * @see Sauvola and Pietikäinen 2000, equation 5.
 */
export function sauvolaThresholds(
  values: Uint8Array,
  width: number,
  height: number,
  { window, k, range }: SauvolaOptions,
): Float32Array {
  const radius = window >> 1
  const area = (2 * radius + 1) ** 2
  const out = new Float32Array(width * height)
  const sums = new Float64Array(width)
  const squares = new Float64Array(width)
  const addRow = (y: number, sign: 1 | -1) => {
    const at = mirrored(y, height) * width
    for (let x = 0; x < width; x++) {
      const value = values[at + x] ?? 0
      sums[x] = (sums[x] ?? 0) + sign * value
      squares[x] = (squares[x] ?? 0) + sign * value * value
    }
  }
  const entering = Int32Array.from({ length: width + 2 * radius + 1 }, (_, i) => mirrored(i - radius - 1, width))
  for (let y = -radius; y < radius; y++) addRow(y, 1)
  for (let y = 0; y < height; y++) {
    addRow(y + radius, 1)
    if (y > 0) addRow(y - radius - 1, -1)
    let sum = 0
    let square = 0
    for (let i = -2 * radius; i < width; i++) {
      const right = entering[i + 2 * radius + 1] ?? 0
      sum += sums[right] ?? 0
      square += squares[right] ?? 0
      if (i > 0) {
        const left = entering[i] ?? 0
        sum -= sums[left] ?? 0
        square -= squares[left] ?? 0
      }
      if (i < 0) continue
      const mean = sum / area
      const deviation = Math.sqrt(Math.max(0, square / area - mean * mean))
      out[y * width + i] = mean * (1 + k * (deviation / range - 1))
    }
  }
  return out
}

/** The index within 0 … length - 1 that `at` falls on if the row is mirrored at both ends. */
function mirrored(at: number, length: number): number {
  if (length === 1) return 0
  const period = 2 * (length - 1)
  const within = ((at % period) + period) % period
  return within < length ? within : period - within
}

/** The usual k and range; the window is half the height of a line of text, enough for strokes and the space between them. */
const SAUVOLA = { k: 0.2, range: 128 }
const LEAST_WINDOW = 15

/** Black ink on white, or white on black where the border is dark. */
export function binarise(image: Raster, method: 'otsu' | 'sauvola'): Raster {
  const { width, height } = image
  const flip = method === 'sauvola' && isDark(image) // Sauvola's threshold assumes dark ink
  const grey = luminance(flip ? negative(image) : image)
  const black = flip ? 255 : 0
  const out = new Uint8Array(grey.length)
  if (method === 'otsu') {
    const threshold = otsuThreshold(grey)
    for (let i = 0; i < out.length; i++) out[i] = (grey[i] ?? 0) > threshold ? 255 : 0
  } else {
    const window = Math.max(LEAST_WINDOW, (height >> 1) | 1)
    const thresholds = sauvolaThresholds(grey, width, height, { ...SAUVOLA, window })
    for (let i = 0; i < out.length; i++) out[i] = (grey[i] ?? 0) > (thresholds[i] ?? 0) ? 255 - black : black
  }
  return { ...image, pixels: image.channels === 1 ? out : greyToRgb(out) }
}
