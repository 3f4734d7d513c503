/**
 * All randomness of Weft. A draw is a pure function of a seed, a path (epoch, item, purpose…) and a counter, so that workers, resumed
 * runs and other orders of evaluation see the same numbers; nothing here is shared between threads. Not for cryptography.
 * The mixing function is MurmurHash3's 32-bit finaliser (Appleby 2011) with the constants of Mulvey's "lowbias32".
 */

/** Mixes the 32 bits of `x` so that every input bit changes every output bit with probability near one half. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return x ^ (x >>> 16)
}

const GOLDEN_RATIO = 0x9e3779b9
const asDouble = new Float64Array(1)
const asWords = new Uint32Array(asDouble.buffer)

function absorb(state: number, part: number | string): number {
  if (typeof part === 'string') {
    let h = state ^ 0x811c9dc5
    for (let i = 0; i < part.length; i++) h = mix(Math.imul(h, 0x01000193) ^ part.charCodeAt(i))
    return mix(h + part.length)
  }
  asDouble[0] = part + 0 // -0 becomes 0
  const [low = 0, high = 0] = asWords
  return mix(mix(state + GOLDEN_RATIO + low) + GOLDEN_RATIO + high)
}

/**
 * A number in [0, 2^32) that depends on the seed and on every part of the path, order included.
 *
 * @param seed Any number; 0 is a seed like every other.
 */
export function hash(seed: number, ...path: (number | string)[]): number {
  let state = absorb(0x5eed, seed)
  for (const part of path) state = absorb(state, part)
  return state >>> 0
}

/** A stream of random numbers whose i-th value is a function of the seed, the path and i. */
export class Random {
  readonly #key: number
  readonly #tweak: number
  #counter = 0
  #spare: number | undefined

  constructor(seed: number, ...path: (number | string)[]) {
    this.#key = hash(seed, ...path)
    this.#tweak = hash(seed, ...path, 'tweak')
  }

  /** Uniform in {0, …, 2^32 - 1}. */
  bits(): number {
    this.#counter = (this.#counter + GOLDEN_RATIO) | 0
    return mix(mix(this.#counter + this.#key) ^ this.#tweak) >>> 0
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.bits() / 0x100000000
  }

  /** Uniform in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  /** Uniform in {0, …, n - 1}. */
  int(n: number): number {
    return Math.floor(this.next() * n)
  }

  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare
      this.#spare = undefined
      return spare
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    const angle = 2 * Math.PI * this.next()
    this.#spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  /** Standard normal, drawn again until it lies within two deviations of the mean; its deviation is 0.87962566. */
  truncatedNormal(): number {
    let value = this.normal()
    while (Math.abs(value) > 2) value = this.normal()
    return value
  }

  /** Shuffles `array` in place (Fisher and Yates) and returns it. */
  shuffle<A extends { length: number; [index: number]: unknown }>(array: A): A {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.int(i + 1)
      const held = array[i]
      array[i] = array[j]
      array[j] = held
    }
    return array
  }

  /** The integers 0 … n - 1 in random order. */
  permutation(n: number): Uint32Array {
    return this.shuffle(Uint32Array.from({ length: n }, (_, i) => i))
  }
}

/** The deviation of `truncatedNormal`, by which Keras divides so that initial weights have the deviation asked for. */
export const TRUNCATED_NORMAL_DEVIATION = 0.87962566103423978

const step = { seed: 0, index: 0, draws: 0 }

/**
 * Starts a training step: the seeds that layers draw from here on are a function of (seed, step, how many were drawn before).
 * The Trainer calls it before every step, so that a resumed run drops the same units as one that was never interrupted.
 */
export function beginStep(seed: number, index: number): void {
  step.seed = seed
  step.index = index
  step.draws = 0
}

/** The next seed for a layer that is random in training (dropout, noise). */
export function nextLayerSeed(): number {
  return hash(step.seed, 'layer', step.index, step.draws++)
}
