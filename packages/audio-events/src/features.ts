/**
 * Log-mel spectrograms of samples: frames, window, power spectrum, triangular mel filters, decibels. Conventions are librosa's
 * (periodic Hann window, Slaney's mel scale and area-normalised filters, frames that start at multiples of the hop, no centring),
 * so that golden values can be compared. Meyda's mel bands are not used: their filter edges are rounded down to whole bins, which
 * leaves low filters of short windows empty, `log(1 + x)` flattens quiet sounds, and a frame takes 100 to 370 µs; here it takes
 * about 10. Meyda's spectral descriptors of the same magnitudes can stand beside the mel bands.
 * features/finish.ts makes the network's input of it.
 */
import { UserError } from '@weft/core/worker'
import Meyda from 'meyda'
import { RealFft } from './features/fft.js'
import type { SpectrogramOptions } from './options/sound.js'

/** Meyda's types say that its object is the module's `default`; in Node it is the module itself. */
const { featureExtractors } = Object.assign({}, Meyda.default, Meyda)

/** Rows of numbers, one row a frame. */
export interface Frames {
  /** [frames, width] */
  readonly values: Float32Array
  readonly frames: number
  readonly width: number
}

export class Spectrogram {
  /** Samples of a window and between windows. */
  readonly windowSize: number
  readonly hopSize: number
  /** Values of a frame: mel bands in dB, then descriptors. */
  readonly width: number
  readonly melBands: number
  readonly floorDb: number
  readonly #fft: RealFft
  readonly #window: Float64Array
  readonly #filters: readonly MelFilter[]
  readonly #descriptors: SpectrogramOptions['descriptors']
  readonly #sampleRateHz: number
  readonly #preEmphasis: number
  readonly #frame: Float64Array
  readonly #power: Float64Array
  readonly #magnitude: Float32Array

  /** @throws UserError when the options contradict one another. */
  constructor(options: SpectrogramOptions) {
    const { sampleRateHz, melBands } = options
    this.windowSize = Math.max(4, Math.round((sampleRateHz * options.windowMs) / 1000))
    this.hopSize = Math.max(1, Math.round((sampleRateHz * options.hopMs) / 1000))
    const fftSize = options.fftSize > 0 ? options.fftSize : 2 ** Math.ceil(Math.log2(this.windowSize))
    if (fftSize < this.windowSize) {
      throw new UserError(
        `preparing features: expected a fftSize of at least the window's ${this.windowSize} samples, received ${fftSize}`,
        'Take a longer transform, a shorter window or a lower sample rate.',
      )
    }
    const maxHz = options.maxHz > 0 ? options.maxHz : sampleRateHz / 2
    if (maxHz > sampleRateHz / 2 || options.minHz >= maxHz) {
      throw new UserError(
        `preparing features: expected minHz < maxHz <= ${sampleRateHz / 2}, half the sample rate, received minHz ${options.minHz} and maxHz ${maxHz}`,
      )
    }
    this.width = melBands + options.descriptors.length
    this.melBands = melBands
    this.floorDb = options.floorDb
    this.#fft = new RealFft(fftSize)
    this.#window = hann(this.windowSize)
    this.#filters = melFilters(melBands, fftSize, sampleRateHz, options.minHz, maxHz)
    this.#descriptors = options.descriptors
    this.#sampleRateHz = sampleRateHz
    this.#preEmphasis = options.preEmphasis
    this.#frame = new Float64Array(fftSize)
    this.#power = new Float64Array(this.#fft.bins)
    this.#magnitude = new Float32Array(fftSize / 2)
  }

  /** Frames that fit into `length` samples; at least 1, whose missing samples count as silence. */
  framesIn(length: number): number {
    return Math.max(1, 1 + Math.floor((length - this.windowSize) / this.hopSize))
  }

  /** Samples that `frames` frames span. */
  samplesIn(frames: number): number {
    return (frames - 1) * this.hopSize + this.windowSize
  }

  /** The spectrogram of `samples` [n]. */
  compute(samples: Float32Array): Frames {
    const frames = this.framesIn(samples.length)
    const values = new Float32Array(frames * this.width)
    for (let t = 0; t < frames; t++) {
      const start = t * this.hopSize
      this.frameInto(
        samples,
        start,
        start > 0 ? (samples[start - 1] ?? 0) : 0,
        values.subarray(t * this.width, (t + 1) * this.width),
      )
    }
    return { values, frames, width: this.width }
  }

  /**
   * One frame.
   *
   * @param start Where in `samples` its window begins; what lies past their end counts as silence.
   * @param before The sample before the window, for pre-emphasis.
   * @param row [width], written.
   */
  frameInto(samples: Float32Array, start: number, before: number, row: Float32Array): void {
    const frame = this.#frame
    const emphasis = this.#preEmphasis
    let previous = before
    for (let i = 0; i < this.windowSize; i++) {
      const sample = samples[start + i] ?? 0
      frame[i] = (sample - emphasis * previous) * (this.#window[i] ?? 0)
      previous = sample
    }
    frame.fill(0, this.windowSize)
    this.#fft.powerSpectrum(frame, this.#power)
    const least = 10 ** (this.floorDb / 10)
    for (const [band, { first, weights }] of this.#filters.entries()) {
      let energy = 0
      for (let i = 0; i < weights.length; i++) energy += (weights[i] ?? 0) * (this.#power[first + i] ?? 0)
      row[band] = 10 * Math.log10(Math.max(energy, least))
    }
    if (this.#descriptors.length > 0) this.#describe(samples.subarray(start, start + this.windowSize), row)
  }

  #describe(signal: Float32Array, row: Float32Array): void {
    for (let k = 0; k < this.#magnitude.length; k++) this.#magnitude[k] = Math.sqrt(this.#power[k] ?? 0)
    const frame = {
      signal,
      ampSpectrum: this.#magnitude,
      sampleRate: this.#sampleRateHz,
      bufferSize: 2 * this.#magnitude.length,
    }
    for (const [i, name] of this.#descriptors.entries()) {
      const value = Number(featureExtractors[name](frame))
      row[this.#filters.length + i] = Number.isFinite(value) ? value : 0 // of silence most are 0 / 0
    }
  }
}

/** The periodic Hann window, [size]. */
function hann(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size))
}

interface MelFilter {
  /** First frequency with a weight. */
  readonly first: number
  readonly weights: Float64Array
}

/** Slaney's scale: linear to 1 kHz, 27 logarithmic steps for each factor of 6.4 above. */
const LINEAR_STEP_HZ = 200 / 3
const LOG_STEP = Math.log(6.4) / 27

export function hzToMel(hz: number): number {
  return hz < 1000 ? hz / LINEAR_STEP_HZ : 15 + Math.log(hz / 1000) / LOG_STEP
}

export function melToHz(mel: number): number {
  return mel < 15 ? mel * LINEAR_STEP_HZ : 1000 * Math.exp(LOG_STEP * (mel - 15))
}

/**
 * Triangles of equal area, equally spaced in mel, over the frequencies of a transform.
 *
 * @throws UserError when a filter is so narrow that no frequency falls into it.
 */
function melFilters(bands: number, fftSize: number, sampleRateHz: number, minHz: number, maxHz: number): MelFilter[] {
  const low = hzToMel(minHz)
  const step = (hzToMel(maxHz) - low) / (bands + 1)
  const edge = (i: number): number => melToHz(low + i * step)
  const binHz = sampleRateHz / fftSize
  return Array.from({ length: bands }, (_, band) => {
    const [left, centre, right] = [edge(band), edge(band + 1), edge(band + 2)]
    const first = Math.ceil(left / binHz)
    const last = Math.min(fftSize / 2, Math.floor(right / binHz))
    const area = 2 / (right - left)
    const weights = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
      const hz = (first + i) * binHz
      return area * Math.max(0, Math.min((hz - left) / (centre - left), (right - hz) / (right - centre)))
    })
    if (!weights.some((weight) => weight > 0)) {
      throw new UserError(
        `preparing features: expected at least one frequency in each mel band, received none between ${left.toFixed(0)} and ${right.toFixed(0)} Hz`,
        `A transform of ${fftSize} points steps by ${binHz.toFixed(1)} Hz: take fewer mel bands, a larger fftSize or a higher minHz.`,
      )
    }
    return { first, weights }
  })
}
