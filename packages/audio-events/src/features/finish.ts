/**
 * From log-mel frames to what the network sees: the mel bands as they are, cepstral coefficients (MFCC) or per-channel energy
 * normalisation (PCEN), each with its changes over time (deltas) as further channels, scaled by the training part's mean and
 * deviation. Everything here comes after augmentation, so that MFCC and PCEN are augmented like spectrograms.
 * DCT-II with orthonormal scaling and 9-frame deltas as in librosa; PCEN after Wang et al. 2017, arXiv:1607.05666.
 */
import { UserError } from '@weft/core/errors'
import type { Normaliser } from '@weft/core/data'
import type { Frames } from '../features.js'
import type { InputOptions } from '../options/sound.js'

/** Frames on each side that a delta looks at. */
const DELTA_REACH = 4
/** Smoothing, gain, bias, power and least energy of PCEN, librosa's but for the gain, whose scale is that of unnormalised power. */
const PCEN = { smoothing: 0.025, gain: 0.8, bias: 10, power: 0.25, epsilon: 1e-6 }

/** Makes a network's input of frames; holds the tables that this needs. */
export class Finisher {
  /** Columns D and channels C of the input [T, D, C]. */
  readonly columns: number
  readonly channels: number
  readonly #options: InputOptions
  readonly #cosines: Float64Array
  readonly #normaliser: Normaliser | undefined

  /**
   * @param width Values of a frame: mel bands, then descriptors.
   * @param normaliser Over all D · C values of a frame.
   */
  constructor(options: InputOptions, width: number, normaliser?: Normaliser) {
    const { features, melBands, coefficients } = options
    if (features === 'mfcc' && coefficients > melBands) {
      throw new UserError(
        `preparing features: expected at most ${melBands} coefficients, one for each mel band, received ${coefficients}`,
      )
    }
    const described = width - melBands
    this.columns = (features === 'mfcc' ? coefficients : melBands) + described
    this.channels = 1 + options.deltas
    this.#options = options
    this.#cosines = features === 'mfcc' ? cosineTable(coefficients, melBands) : new Float64Array()
    this.#normaliser = normaliser
  }

  /** Shape [T, D, C] of the input made of `frames` frames. */
  shape(frames: number): [number, number, number] {
    return [frames, this.columns, this.channels]
  }

  /** [T, D, C], flat. */
  apply(spectrogram: Frames): Float32Array {
    const { frames } = spectrogram
    const base = this.#base(spectrogram)
    if (this.#options.clipMean) subtractMeans(base, this.columns)
    if (this.channels === 1) return this.#normaliser?.apply(base, base) ?? base
    const values = new Float32Array(frames * this.columns * this.channels)
    let order = base
    for (let channel = 0; channel < this.channels; channel++) {
      if (channel > 0) order = delta(order, frames, this.columns)
      for (let i = 0; i < order.length; i++) values[i * this.channels + channel] = order[i] ?? 0
    }
    return this.#normaliser?.apply(values, values) ?? values
  }

  /** The values without deltas, [T, D]; never the spectrogram's own array. */
  #base({ values, frames, width }: Frames): Float32Array<ArrayBuffer> {
    const { features, melBands } = this.#options
    if (features === 'log-mel') return values.slice()
    const kept = this.columns - (width - melBands)
    const base = new Float32Array(frames * this.columns)
    for (let t = 0; t < frames; t++) {
      const row = values.subarray(t * width, (t + 1) * width)
      if (features === 'mfcc') this.#cepstrum(row, base.subarray(t * this.columns))
      base.set(row.subarray(melBands), t * this.columns + kept)
    }
    if (features === 'pcen') pcen(values, frames, width, melBands, base)
    return base
  }

  #cepstrum(row: Float32Array, out: Float32Array): void {
    const { melBands, coefficients } = this.#options
    for (let k = 0; k < coefficients; k++) {
      let sum = 0
      for (let m = 0; m < melBands; m++) sum += (this.#cosines[k * melBands + m] ?? 0) * (row[m] ?? 0)
      out[k] = sum
    }
  }
}

/** The orthonormal DCT-II, [coefficients, bands]. */
function cosineTable(coefficients: number, bands: number): Float64Array {
  const table = new Float64Array(coefficients * bands)
  for (let k = 0; k < coefficients; k++) {
    const scale = Math.sqrt((k === 0 ? 1 : 2) / bands)
    for (let m = 0; m < bands; m++) table[k * bands + m] = scale * Math.cos((Math.PI * k * (2 * m + 1)) / (2 * bands))
  }
  return table
}

/** The slope of a line fitted to 9 frames around each, the first and last repeated past the ends; [T, D] → [T, D]. */
export function delta(values: Float32Array, frames: number, columns: number): Float32Array<ArrayBuffer> {
  const slopes = new Float32Array(values.length)
  let norm = 0
  for (let n = 1; n <= DELTA_REACH; n++) norm += 2 * n * n
  for (let t = 0; t < frames; t++) {
    for (let n = 1; n <= DELTA_REACH; n++) {
      const after = Math.min(frames - 1, t + n) * columns
      const before = Math.max(0, t - n) * columns
      const weight = n / norm
      for (let c = 0; c < columns; c++) {
        const at = t * columns + c
        slopes[at] = (slopes[at] ?? 0) + weight * ((values[after + c] ?? 0) - (values[before + c] ?? 0))
      }
    }
  }
  return slopes
}

/** Each band's energy divided by its own smoothed past, then compressed. */
function pcen(values: Float32Array, frames: number, width: number, melBands: number, out: Float32Array): void {
  const { smoothing, gain, bias, power, epsilon } = PCEN
  for (let band = 0; band < melBands; band++) {
    let smooth = 10 ** ((values[band] ?? 0) / 10)
    for (let t = 0; t < frames; t++) {
      const energy = 10 ** ((values[t * width + band] ?? 0) / 10)
      smooth += smoothing * (energy - smooth)
      out[t * width + band] = (energy / (epsilon + smooth) ** gain + bias) ** power - bias ** power
    }
  }
}

function subtractMeans(values: Float32Array, columns: number): void {
  const rows = values.length / columns
  for (let c = 0; c < columns; c++) {
    let sum = 0
    for (let i = c; i < values.length; i += columns) sum += values[i] ?? 0
    for (let i = c; i < values.length; i += columns) values[i] = (values[i] ?? 0) - sum / rows
  }
}
