/**
 * Random cases for properties: numbers that are a function of a seed alone, sizes where kernels go wrong, and the values that
 * arithmetic treats apart.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type { Draw } from './property.js'

/** A `Draw` that remembers the tensors it gave, so that it can tell whether a kernel wrote into one. */
export class SeededDraw implements Draw {
  private state: number
  private readonly given: { values: Float32Array; before: Float32Array }[] = []

  constructor(seed: number) {
    this.state = Math.imul(seed, 0x9e3779b1) >>> 0
  }

  /** In [0, 1). */
  private next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let x = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }

  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  pick<T>(values: readonly T[]): T {
    const index = this.int(0, values.length - 1)
    if (!(index in values)) throw new Error('drawing a case: expected at least one of values, received none')
    return values[index] as T // which may itself be undefined
  }

  chance(p: number): boolean {
    return this.next() < p
  }

  tensor(shape: number[], from = -1, to = 1): tf.Tensor {
    const values = new Float32Array(tf.util.sizeFromShape(shape))
    for (let i = 0; i < values.length; i++) values[i] = from + this.next() * (to - from)
    return this.keep(values, shape)
  }

  /** Gives a tensor of these values; see `changed`. */
  keep(values: Float32Array, shape: number[]): tf.Tensor {
    this.given.push({ values, before: values.slice() })
    return tf.tensor(values, shape, 'float32')
  }

  /** Whether any tensor that it gave has other values now. */
  get changed(): boolean {
    return this.given.some(({ values, before }) => values.some((value, i) => !Object.is(value, before[i])))
  }
}

/** A size of an axis: none, one, odd, or near the width of a vector or a tile. */
export function axis(random: Draw, from = 0): number {
  if (from === 0 && random.chance(0.04)) return 0
  return random.pick([1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 15, 16, 17, 20, 31, 33].filter((size) => size >= from))
}

/** A shape of that rank with few thousand elements at most. */
export function shape(random: Draw, rank: number): number[] {
  const out: number[] = []
  for (let i = 0, room = 3000; i < rank; i++) {
    const size = Math.min(axis(random), Math.max(1, Math.floor(room)))
    out.push(size)
    room /= Math.max(1, size)
  }
  return out
}

const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 3e38, -3e38, 1e-30]

/** As `random.tensor`, one element in five a special one: NaN, infinities, zeros, very large and very small. */
export function specialTensor(random: Draw, size: number[], special: readonly number[] = SPECIAL): tf.Tensor {
  const values = Float32Array.from(random.tensor(size, -8, 8).dataSync())
  for (let i = 0; i < values.length; i++) if (random.chance(0.2)) values[i] = random.pick(special)
  return tf.tensor(values, size, 'float32')
}

/** Some of the elements, each with a probability of one half. */
export function some<T>(random: Draw, of: readonly T[]): T[] {
  return of.filter(() => random.chance(0.5))
}
