/**
 * Pixels as PNG, through sharp, and numbers as colours: viridis and magma, perceptually uniform colour maps that keep their order in
 * grey print and for colour-blind readers. The maps are polynomial fits by Matt Zucker (public domain, shadertoy.com/view/WlfXRN),
 * nearly everywhere within 2 of 255 levels of the tables of matplotlib.
 */
import sharp from 'sharp'
import { expected } from '../errors.js'

export type ColourMap = 'viridis' | 'magma' | 'grey'

type Triple = readonly [number, number, number]

/** Coefficients of t^0 to t^6 for red, green and blue. */
const FITS: Readonly<Record<'viridis' | 'magma', readonly Triple[]>> = {
  viridis: [
    [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
    [0.1050930431085774, 1.404613529898575, 1.384590162594685],
    [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
    [-4.634230498983486, -5.799100973351585, -19.33244095627987],
    [6.228269936347081, 14.17993336680509, 56.69055260068105],
    [4.776384997670288, -13.74514537774601, -65.35303263337234],
    [-5.435455855934631, 4.645852612178535, 26.3124352495832],
  ],
  magma: [
    [-0.002136485053939582, -0.000749655052795221, -0.005386127855323933],
    [0.2516605407371642, 0.6775232436837668, 2.494026599312351],
    [8.353717279216625, -3.577719514958484, 0.3144679030132573],
    [-27.66873308576866, 14.26473078096533, -13.64921318813922],
    [52.17613981234068, -27.94360607168351, 12.94416944238394],
    [-50.76852536473588, 29.04658282127291, 4.23415299384598],
    [18.65570506591883, -11.48977351997711, -5.601961508734096],
  ],
}

/** The colour of `t` in [0, 1] as red, green and blue from 0 to 255; values outside are clamped. */
export function mapColour(map: ColourMap, t: number): [number, number, number] {
  const x = Number.isNaN(t) ? 0 : Math.min(1, Math.max(0, t))
  if (map === 'grey') return [Math.round(255 * x), Math.round(255 * x), Math.round(255 * x)]
  const channel = (at: 0 | 1 | 2) => {
    const value = FITS[map].reduceRight((sum, coefficients) => sum * x + coefficients[at], 0)
    return Math.round(255 * Math.min(1, Math.max(0, value)))
  }
  return [channel(0), channel(1), channel(2)]
}

/**
 * Encodes pixels as PNG.
 *
 * @param pixels Rows from the top, each pixel 1 (grey), 3 (RGB) or 4 (RGBA) bytes.
 */
export async function encodePng(pixels: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const channels = pixels.length / (width * height)
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw expected({
      doing: 'encoding a PNG',
      want: `1, 3 or 4 bytes for each of ${width} x ${height} pixels`,
      of: 'pixels',
      got: pixels.length,
    })
  }
  const png = await sharp(pixels, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 9, palette: false })
    .toBuffer()
  return new Uint8Array(png.buffer, png.byteOffset, png.length)
}

/** PNG bytes as a `data:` URL, for an image inside a page. */
export function toDataUri(png: Uint8Array): string {
  return `data:image/png;base64,${Buffer.from(png.buffer, png.byteOffset, png.byteLength).toString('base64')}`
}

export interface HeatMapPixels {
  readonly map?: ColourMap
  /** Values at the two ends of the colour map (default: the smallest and largest finite value). */
  readonly range?: readonly [number, number]
  /** Draw column 0 of `values` at the bottom, as in spectrograms (default: true). */
  readonly firstColumnAtBottom?: boolean
  /** Pixels per value in each direction (default: 1). */
  readonly scale?: number
}

/** The smallest and largest finite value; [0, 1] if there are none. */
export function finiteRange(values: ArrayLike<number>): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? NaN
    if (!Number.isFinite(value)) continue
    if (value < low) low = value
    if (value > high) high = value
  }
  return low <= high ? [low, high] : [0, 1]
}

/**
 * A matrix as an image: time runs to the right, features upwards.
 *
 * @param values [T, D], row by row.
 * @returns PNG of T x D pixels, times `scale`.
 */
export async function heatMapPng(
  values: ArrayLike<number>,
  steps: number,
  features: number,
  options: HeatMapPixels = {},
): Promise<Uint8Array> {
  if (values.length !== steps * features || values.length === 0) {
    throw expected({
      doing: 'drawing a heat map',
      want: `${steps} x ${features} values (at least 1)`,
      of: 'values',
      got: values.length,
    })
  }
  const { map = 'magma', firstColumnAtBottom = true, scale = 1 } = options
  const [low, high] = options.range ?? finiteRange(values)
  const table = Array.from({ length: 256 }, (_, at) => mapColour(map, at / 255))
  const width = steps * scale
  const pixels = new Uint8Array(width * features * scale * 3)
  for (let row = 0; row < features * scale; row++) {
    const line = Math.floor(row / scale)
    const feature = firstColumnAtBottom ? features - 1 - line : line
    for (let x = 0; x < width; x++) {
      const value = values[Math.floor(x / scale) * features + feature] ?? NaN
      const t = high > low ? (value - low) / (high - low) : 0
      const level = Number.isNaN(t) ? 0 : Math.round(255 * Math.min(1, Math.max(0, t)))
      pixels.set(table[level] ?? [0, 0, 0], (row * width + x) * 3)
    }
  }
  return encodePng(pixels, width, features * scale)
}
