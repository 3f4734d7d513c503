/**
 * How surprising a number is after those that came before it: minus the decimal logarithm of the probability that one at least as large
 * comes. Within what is known the probability is the share of earlier numbers that were as large; beyond it, an exponential tail fitted to what
 * lies over a high quantile, the streaming peaks over threshold of Siffer et al. 2017 ("Anomaly Detection in Streams with Extreme
 * Value Theory", section 4) with the shape of the tail held at 0. It forgets what is older than its memory.
 */

export interface TailOptions {
  /** Quantile above which numbers count as the tail. Default 0.98. */
  quantile?: number
  /** Newest numbers that are remembered. Default 8192. */
  memory?: number
  /** Numbers that must be known before anything surprises. Default 50. */
  warmUp?: number
}

/** Values that a tail is fitted to at least, while little is known. */
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
    const known = this.#known
    if (known < this.#warmUp) return 0
    const first = Math.max(0, Math.min(Math.floor(this.#quantile * known), known - LEAST_PEAKS))
    const threshold = this.#sorted[first] ?? 0
    if (x <= threshold) return Math.log10((known + 1) / (known - this.#rank(x) + 1))
    let excess = 0
    for (let i = first; i < known; i++) excess += (this.#sorted[i] ?? 0) - threshold
    const scale = Math.max(excess / (known - first), LEAST_SCALE)
    return (x - threshold) / scale / Math.LN10 + Math.log10((known + 1) / (known - first + 1))
  }

  /** Learns a number. */
  learn(x: number): void {
    const slot = this.#count % this.#memory
    let known = this.#known
    if (known === this.#memory) {
      const oldest = this.#rank(this.#values[slot] ?? 0)
      this.#sorted.copyWithin(oldest, oldest + 1, known)
      known--
    }
    const at = this.#rank(x, known)
    this.#sorted.copyWithin(at + 1, at, known)
    this.#sorted[at] = x
    this.#values[slot] = x
    this.#count++
  }

  /** What was learnt and is remembered, the oldest first: learnt again it makes the same tail. */
  remembered(): number[] {
    const known = this.#known
    const from = this.#count - known
    return Array.from({ length: known }, (_, i) => this.#values[(from + i) % this.#memory] ?? 0)
  }

  get #known(): number {
    return Math.min(this.#count, this.#memory)
  }

  /** How many of the `known` numbers are less than `x`. */
  #rank(x: number, known = this.#known): number {
    let [low, high] = [0, known]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#sorted[middle] ?? 0) < x) low = middle + 1
      else high = middle
    }
    return low
  }
}
