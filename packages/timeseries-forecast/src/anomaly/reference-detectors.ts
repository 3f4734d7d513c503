/**
 * Detectors that others must beat: the benchmark's windowed Gaussian, and chance. Neither learns anything of a series but two moments.
 */
import { Random } from '@weft/core/runtime'
import type { Detection, Detector } from './detector.js'

/** Complementary error function with a relative error below 1.2e-7 (Press et al., Numerical Recipes, section 6.2). */
function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * Math.abs(x))
  const coefficients = [
    ...[-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806],
    ...[0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277],
  ]
  const polynomial = coefficients.reduceRight((sum, coefficient) => sum * t + coefficient, 0)
  const tail = t * Math.exp(-x * x + polynomial)
  return x >= 0 ? tail : 2 - tail
}

/** Probability of a standard normal above `z`. */
export const gaussianTail = (z: number) => 0.5 * erfc(z / Math.SQRT2)

/**
 * NAB's windowed Gaussian: 1 minus the tail probability of the value under a normal with the mean and deviation of a window, which is
 * filled row by row and then moves on in steps. Of several columns the least probable counts.
 */
export class WindowedGaussianDetector implements Detector {
  readonly name = 'windowed Gaussian'
  threshold: number
  readonly #size: number
  readonly #step: number
  readonly #columns: { window: number[]; waiting: number[]; mean: number; deviation: number }[]

  constructor({ columns = 1, size = 6400, step = 100, threshold = 0.9999 } = {}) {
    this.threshold = threshold
    this.#size = size
    this.#step = step
    this.#columns = Array.from({ length: columns }, () => ({ window: [], waiting: [], mean: 0, deviation: 1 }))
  }

  update(_time: number, values: ArrayLike<number>): Detection {
    let score = 0
    this.#columns.forEach((column, c) => {
      const value = values[c] ?? Number.NaN
      if (!Number.isFinite(value)) return
      const { window, waiting, mean, deviation } = column
      if (window.length > 0) score = Math.max(score, 1 - gaussianTail(Math.abs(value - mean) / deviation))
      if (window.length < this.#size) window.push(value)
      else if (waiting.push(value) < this.#step) return
      else {
        column.window = [...window.slice(this.#step), ...waiting]
        column.waiting = []
      }
      Object.assign(column, momentsOf(column.window))
    })
    return { score, alarm: score >= this.threshold }
  }
}

function momentsOf(values: readonly number[]): { mean: number; deviation: number } {
  let sum = 0
  for (const value of values) sum += value
  const mean = sum / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / values.length) || 1e-6 }
}

/** Scores that know nothing, uniform in [0, 1). */
export class RandomDetector implements Detector {
  readonly name = 'random'
  threshold: number
  readonly #random: Random

  constructor({ seed = 1, threshold = 0.999 } = {}) {
    this.threshold = threshold
    this.#random = new Random(seed, 'random detector')
  }

  update(): Detection {
    const score = this.#random.next()
    return { score, alarm: score >= this.threshold }
  }
}
