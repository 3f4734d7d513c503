/**
 * Mean and variance of each channel over any amount of data in one pass, and the scaling derived from them.
 *
 * Sums are kept in float64 and merged chunk by chunk (Chan, Golub, LeVeque 1983), which stays precise when the mean is large.
 * Use the training part only: statistics of validation or test items would leak into training.
 */
import { expected } from '../errors.js'

/** A normaliser as JSON, as a model is saved with it to scale new data. */
export interface NormaliserJson {
  mean: number[]
  standardDeviation: number[]
}

/** Running count, mean and sum of squared deviations of each channel. */
export class ChannelStatistics {
  readonly channels: number
  /** Values added to each channel. */
  count = 0
  readonly #mean: Float64Array
  readonly #squares: Float64Array

  constructor(channels: number) {
    if (!Number.isInteger(channels) || channels < 1) {
      throw expected({ doing: 'normalising', want: 'a positive integer', of: 'channels', got: channels })
    }
    this.channels = channels
    this.#mean = new Float64Array(channels)
    this.#squares = new Float64Array(channels)
  }

  /**
   * Adds values [..., C], channels last.
   *
   * @param name What errors call the data.
   * @throws UserError when a value is not finite.
   */
  add(values: ArrayLike<number>, name = 'values'): void {
    const { channels } = this
    if (values.length % channels !== 0)
      throw expected({ doing: 'normalising', want: `a multiple of ${channels} values`, of: name, got: values.length })
    const rows = values.length / channels
    if (rows === 0) return
    for (let c = 0; c < channels; c++) {
      let sum = 0
      for (let i = c; i < values.length; i += channels) sum += values[i] ?? 0
      const mean = sum / rows
      if (!Number.isFinite(mean))
        throw expected({ doing: 'normalising', want: 'finite values', of: `${name}, channel ${c}`, got: mean })
      let squares = 0
      for (let i = c; i < values.length; i += channels) squares += ((values[i] ?? 0) - mean) ** 2
      this.#join(c, rows, mean, squares)
    }
    this.count += rows
  }

  /** Adds the values that another object has counted. */
  merge(other: ChannelStatistics): void {
    if (other.channels !== this.channels)
      throw expected({
        doing: 'normalising',
        want: `${this.channels} channels`,
        of: 'the statistics to merge',
        got: other.channels,
      })
    if (other.count === 0) return
    for (let c = 0; c < this.channels; c++) this.#join(c, other.count, other.#mean[c] ?? 0, other.#squares[c] ?? 0)
    this.count += other.count
  }

  #join(c: number, rows: number, mean: number, squares: number): void {
    const total = this.count + rows
    const step = mean - (this.#mean[c] ?? 0)
    this.#mean[c] = (this.#mean[c] ?? 0) + (step * rows) / total
    this.#squares[c] = (this.#squares[c] ?? 0) + squares + (step * step * this.count * rows) / total
  }

  get mean(): Float64Array {
    return this.#mean.slice()
  }

  /** Population variance (divided by the count); NaN as long as nothing was added. */
  get variance(): Float64Array {
    return this.#squares.map((squares) => squares / this.count)
  }
}

/** Scales each channel to mean 0 and standard deviation 1, and back. */
export class Normaliser {
  readonly mean: Float64Array
  /** 1 for a constant channel, which therefore becomes 0 and not NaN. */
  readonly standardDeviation: Float64Array

  constructor(mean: ArrayLike<number>, standardDeviation: ArrayLike<number>) {
    this.mean = Float64Array.from(mean)
    this.standardDeviation = Float64Array.from(standardDeviation)
  }

  /** @throws UserError when `statistics` is empty. */
  static from(statistics: ChannelStatistics): Normaliser {
    if (statistics.count === 0)
      throw expected({ doing: 'normalising', want: 'at least 1', of: 'the values of the training part', got: 0 })
    const { mean, variance } = statistics
    // Rounding leaves a constant channel with a variance in the order of the last bit of its mean.
    const least = (c: number) => (Math.abs(mean[c] ?? 0) * 1e-7) ** 2
    return new Normaliser(
      mean,
      variance.map((value, c) => (value > least(c) ? Math.sqrt(value) : 1)),
    )
  }

  /** From parsed JSON, which it checks. */
  static fromJson(json: unknown): Normaliser {
    const isList = (value: unknown): value is number[] =>
      Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'number' && Number.isFinite(one))
    const { mean, standardDeviation } = (typeof json === 'object' && json !== null ? json : {}) as Record<
      string,
      unknown
    >
    const whole = isList(mean) && isList(standardDeviation) && mean.length === standardDeviation.length
    if (!whole || standardDeviation.some((value) => value <= 0)) {
      throw expected({
        doing: 'reading a normaliser',
        want: 'a mean and a positive standard deviation of each channel',
        of: 'the normaliser',
        got: JSON.stringify(json),
      })
    }
    return new Normaliser(mean, standardDeviation)
  }

  toJSON(): NormaliserJson {
    return { mean: [...this.mean], standardDeviation: [...this.standardDeviation] }
  }

  get channels(): number {
    return this.mean.length
  }

  /** `(x - mean) / deviation` of values [..., C], written to `out`, which may be `values` itself. */
  apply(values: Float32Array, out = new Float32Array(values.length)): Float32Array {
    return this.#scale(values, out, (value, mean, deviation) => (value - mean) / deviation)
  }

  /** `x * deviation + mean` of values [..., C], written to `out`, which may be `values` itself. */
  invert(values: Float32Array, out = new Float32Array(values.length)): Float32Array {
    return this.#scale(values, out, (value, mean, deviation) => value * deviation + mean)
  }

  #scale(
    values: Float32Array,
    out: Float32Array,
    one: (value: number, mean: number, deviation: number) => number,
  ): Float32Array {
    const { mean, standardDeviation, channels } = this
    if (values.length % channels !== 0) {
      throw expected({
        doing: 'normalising',
        want: `a multiple of ${channels} values (the channels)`,
        of: 'the data',
        got: values.length,
      })
    }
    for (let i = 0, c = 0; i < values.length; i++) {
      out[i] = one(values[i] ?? 0, mean[c] ?? 0, standardDeviation[c] ?? 1)
      if (++c === channels) c = 0
    }
    return out
  }
}
