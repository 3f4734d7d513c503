/**
 * Changing the sample rate of a signal by a ratio of integers with a Kaiser-windowed sinc, evaluated in polyphase form: each output
 * sample is one dot product with the filter of its phase (Smith, "Digital Audio Resampling", CCRMA; Kaiser 1974). Pass band to 0.9
 * of the smaller half rate; what would fold back is 80 dB down. The decoder's own resampler interpolates linearly and lets
 * a 12 kHz tone through at -7 dB, which is why this is here.
 */
import { expected } from '@weft/core/worker'

/** Zero crossings of the sinc on each side. */
const ZERO_CROSSINGS = 32
/** Where the filter is 6 dB down, as a share of the smaller half rate. */
const CUTOFF = 0.945
const KAISER_BETA = 8.5
/** Filters are kept for the ratios seen last. */
const KEPT_FILTERS = 8

interface Filter {
  readonly up: number
  readonly down: number
  /** Taps on each side of an output sample, in input samples. */
  readonly reach: number
  /** [up, 2 · reach] */
  readonly taps: Float64Array
}

const filters = new Map<string, Filter>()

/** `round(samples · to / from)`. */
export function resampledLength(length: number, fromHz: number, toHz: number): number {
  return Math.round((length * toHz) / fromHz)
}

/**
 * The signal at another sample rate; past its ends it counts as silence.
 *
 * @param samples [n] at `fromHz`.
 * @returns [round(n · toHz / fromHz)] at `toHz`; `samples` itself when the rates are equal.
 */
export function resample(samples: Float32Array, fromHz: number, toHz: number): Float32Array {
  checkRates(fromHz, toHz)
  if (fromHz === toHz) return samples
  const filter = filterFor(fromHz, toHz)
  const out = new Float32Array(resampledLength(samples.length, fromHz, toHz))
  for (let n = 0; n < out.length; n++) out[n] = sampleAt(filter, n, samples, 0)
  return out
}

/** `resample` for a signal that comes bit by bit; the bits together are what it gives for the whole. */
export class StreamResampler {
  readonly #filter: Filter | undefined
  readonly #fromHz: number
  readonly #toHz: number
  /** Input that later output still needs, and its place in the signal. */
  #held = new Float32Array()
  #heldFrom = 0
  #received = 0
  #given = 0

  constructor(fromHz: number, toHz: number) {
    checkRates(fromHz, toHz)
    this.#fromHz = fromHz
    this.#toHz = toHz
    this.#filter = fromHz === toHz ? undefined : filterFor(fromHz, toHz)
  }

  /** The output that the input so far decides. */
  push(samples: Float32Array): Float32Array {
    const filter = this.#filter
    if (filter === undefined) return samples
    const joined = new Float32Array(this.#held.length + samples.length)
    joined.set(this.#held)
    joined.set(samples, this.#held.length)
    this.#received += samples.length
    // Output n needs the input up to n · down / up + reach.
    const decided = Math.floor(((this.#received - 1 - filter.reach) * filter.up) / filter.down) + 1
    const out = this.#take(filter, joined, Math.max(this.#given, decided))
    const needed = Math.max(0, Math.floor((this.#given * filter.down) / filter.up) - filter.reach)
    this.#held = joined.slice(Math.max(0, needed - this.#heldFrom))
    this.#heldFrom = Math.max(this.#heldFrom, needed)
    return out
  }

  /** The rest, at the end of the signal. */
  end(): Float32Array {
    const total = resampledLength(this.#received, this.#fromHz, this.#toHz)
    return this.#filter === undefined ? new Float32Array() : this.#take(this.#filter, this.#held, total)
  }

  #take(filter: Filter, input: Float32Array, until: number): Float32Array {
    const out = new Float32Array(Math.max(0, until - this.#given))
    for (let i = 0; i < out.length; i++) out[i] = sampleAt(filter, this.#given + i, input, this.#heldFrom)
    this.#given += out.length
    return out
  }
}

function checkRates(fromHz: number, toHz: number): void {
  for (const [name, hz] of Object.entries({ fromHz, toHz })) {
    if (!Number.isInteger(hz) || hz < 1)
      throw expected({ doing: 'resampling', want: 'a whole number of at least 1', of: name, got: hz })
  }
}

/** Output sample `n`, from an input that begins at place `from` of the signal. */
function sampleAt({ up, down, reach, taps }: Filter, n: number, input: Float32Array, from: number): number {
  const width = 2 * reach
  const phase = (n * down) % up
  const first = (n * down - phase) / up - reach + 1 - from
  const row = phase * width - first
  const begin = Math.max(0, first)
  const end = Math.min(input.length, first + width)
  let sum = 0
  for (let i = begin; i < end; i++) sum += (input[i] ?? 0) * (taps[row + i] ?? 0)
  return sum
}

function filterFor(fromHz: number, toHz: number): Filter {
  const divisor = greatestCommonDivisor(fromHz, toHz)
  const up = toHz / divisor
  const down = fromHz / divisor
  const key = `${up}/${down}`
  const known = filters.get(key)
  if (known !== undefined) return known
  // In units of input samples: the sinc's zeros are 1 / scale apart.
  const scale = CUTOFF * Math.min(1, up / down)
  const reach = Math.ceil(ZERO_CROSSINGS / scale)
  const taps = new Float64Array(up * 2 * reach)
  for (let phase = 0; phase < up; phase++) {
    const row = phase * 2 * reach
    let sum = 0
    for (let tap = 0; tap < 2 * reach; tap++) {
      const distance = tap - reach + 1 - phase / up
      const value = scale * sinc(scale * distance) * kaiser(distance / reach)
      taps[row + tap] = value
      sum += value
    }
    // Each phase passes a constant unchanged, so that no ripple appears at the output rate.
    for (let tap = 0; tap < 2 * reach; tap++) taps[row + tap] = (taps[row + tap] ?? 0) / sum
  }
  const filter = { up, down, reach, taps }
  for (const oldest of filters.keys()) {
    if (filters.size < KEPT_FILTERS) break
    filters.delete(oldest)
  }
  filters.set(key, filter)
  return filter
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

/** The Kaiser window at `x` in [-1, 1]. */
function kaiser(x: number): number {
  return Math.abs(x) > 1 ? 0 : besselI0(KAISER_BETA * Math.sqrt(1 - x * x)) / besselI0(KAISER_BETA)
}

/** The modified Bessel function of order zero, by its series. */
function besselI0(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b]
  return a
}
