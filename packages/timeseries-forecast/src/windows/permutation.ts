/**
 * A shuffled order that needs no memory: a Feistel network over the numbers of a power of 4 (Luby and Rackoff 1988), applied until
 * its result is below the length (Black and Rogaway 2002, section 4). An array of ten million windows would be a waste for an epoch that
 * visits a few of them.
 */
import { hash } from '@weft/core/runtime'

const ROUNDS = 6

/** The numbers below a length in an order that is a function of the seed and the path. */
export class Permutation {
  readonly length: number
  readonly #keys: readonly number[]
  /** Bits of half a number. */
  readonly #half: number

  constructor(length: number, seed: number, ...path: (number | string)[]) {
    this.length = length
    this.#keys = Array.from({ length: ROUNDS }, (_, round) => hash(seed, ...path, round))
    // Halves of fewer bits have too few functions for an order to be even.
    this.#half = Math.max(4, Math.ceil(Math.log2(length) / 2))
  }

  /** The number at `index`; both are below `length`. */
  at(index: number): number {
    const half = this.#half
    const mask = 2 ** half - 1
    let number = index
    do {
      let left = number >>> half
      let right = number & mask
      for (const key of this.#keys) [left, right] = [right, left ^ (hash(key, right) & mask)]
      number = ((left << half) | right) >>> 0
    } while (number >= this.length)
    return number
  }
}
