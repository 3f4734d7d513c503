/**
 * How surprising a number is after those that came before it: minus the decimal logarithm of the probability of a number at least as large. Within their range the probability is the share of earlier numbers that were as large; beyond it, an exponential tail fitted to what
 * lies over a high quantile, the streaming peaks over threshold of Siffer et al. 2017 ("Anomaly Detection in Streams with Extreme
 * Value Theory", section 4) with the shape of the tail held at 0. It forgets what is older than its memory.
 */

export interface TailOptions {
  /** Quantile above which numbers count as the tail. Default 0.98. */
  quantile?: number
  /** Newest numbers that are remembered. Default 8192. */
  memory?: number
  /** Numbers to learn before anything surprises. Default 50. */
  warmUp?: number
}

/** Values that a tail is fitted to at least, while there are few. */
const LEAST_PEAKS = 10

/** Excesses below this are noise of rounding; evidence comes in spreads of its series. */
const LEAST_SCALE = 1e-3

/** The tail of one stream of numbers that are at least 0. */
export class TailProbability {
  readonly #quantile: number
  readonly #memory: number
  readonly #warmUp: number
  /** As they came; the oldest at `#count % memory` once the memory is full. */
  readonly #values: Float64Array
  /** The same, ascending. */
  readonly #sorted: Float64Array
  #count = 0

  constructor({ quantile = 0.98, memory = 8192, warmUp = 50 }: TailOptions = {}) {
    this.#quantile = quantile
    this.#memory = memory
    this.#warmUp = warmUp
    this.#values = new Float64Array(memory)
    this.#sorted = new Float64Array(memory)
  }

  /** Minus log10 of the probability of a number of at least `x`; 0 until `warmUp` numbers were learnt. */
  surprise(x: number): number {
    const count = this.#size
    if (count < this.#warmUp) return 0
    const first = Math.max(0, Math.min(Math.floor(this.#quantile * count), count - LEAST_PEAKS))
    const threshold = this.#sorted[first] ?? 0
    if (x <= threshold) return Math.log10((count + 1) / (count - this.#rank(x) + 1))
    let excess = 0
    for (let i = first; i < count; i++) excess += (this.#sorted[i] ?? 0) - threshold
    const scale = Math.max(excess / (count - first), LEAST_SCALE)
    return (x - threshold) / scale / Math.LN10 + Math.log10((count + 1) / (count - first + 1))
  }

  /** Learns a number. */
  learn(x: number): void {
    const slot = this.#count % this.#memory
    let count = this.#size
    if (count === this.#memory) {
      const oldest = this.#rank(this.#values[slot] ?? 0)
      this.#sorted.copyWithin(oldest, oldest + 1, count)
      count--
    }
    const at = this.#rank(x, count)
    this.#sorted.copyWithin(at + 1, at, count)
    this.#sorted[at] = x
    this.#values[slot] = x
    this.#count++
  }

  /** What was learnt and is remembered, the oldest first: learnt again it makes the same tail. */
  remembered(): number[] {
    const count = this.#size
    const from = this.#count - count
    return Array.from({ length: count }, (_, i) => this.#values[(from + i) % this.#memory] ?? 0)
  }

  get #size(): number {
    return Math.min(this.#count, this.#memory)
  }

  /** How many of the `count` numbers are less than `x`. */
  #rank(x: number, count = this.#size): number {
    let [low, high] = [0, count]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#sorted[middle] ?? 0) < x) low = middle + 1
      else high = middle
    }
    return low
  }
}
