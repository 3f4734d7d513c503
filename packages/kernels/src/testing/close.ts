/**
 * Numbers in tests: deterministic values, comparison within stated tolerances, and gradients against central finite differences.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { expect } from 'vitest'

export interface Tolerance {
  absolute: number
  relative: number
}

/** A few roundings of float32 (eps 6e-8), for element-wise results. */
export const ROUNDING: Tolerance = { absolute: 2e-7, relative: 1e-6 }
/** Sums of hundreds of terms in another order, and transcendental functions of polynomials. */
export const ACCUMULATED: Tolerance = { absolute: 2e-5, relative: 2e-5 }
/** Golden values were computed by another library in float32, in another order, through a backward pass. */
export const GOLDEN: Tolerance = { absolute: 2e-5, relative: 1e-4 }

type Numbers = ArrayLike<number>

/** Expects equal lengths and every element within `absolute + relative * |expected|`; NaN equals NaN, infinities their like. */
export function expectClose(actual: Numbers, expected: Numbers, tolerance = ROUNDING, label = 'values'): void {
  expect(actual.length, `length of ${label}`).toBe(expected.length)
  let worst = -1
  let worstExcess = 0
  for (let i = 0; i < expected.length; i++) {
    const [a = NaN, e = NaN] = [actual[i], expected[i]]
    if (Object.is(a, e) || a === e || (Number.isNaN(a) && Number.isNaN(e))) continue
    const excess = Math.abs(a - e) - tolerance.absolute - tolerance.relative * Math.abs(e)
    if (!(excess <= worstExcess)) {
      worst = i
      worstExcess = Number.isNaN(excess) ? Infinity : excess
    }
  }
  if (worst >= 0) expect.fail(`${label}[${worst}]: expected ${expected[worst]}, received ${actual[worst]}`)
}

/** `expectClose` for lists of arrays. */
export function expectAllClose(
  actual: readonly Numbers[],
  expected: readonly Numbers[],
  tolerance = ROUNDING,
  label = 'result',
): void {
  expect(actual.length, `number of ${label}s`).toBe(expected.length)
  expected.forEach((values, i) => expectClose(actual[i] ?? [], values, tolerance, `${label} ${i}`))
}

/** Deterministic numbers in [from, to), the same for the same seed. */
export function numbers(length: number, seed: number, from = -1, to = 1): Float32Array {
  const out = new Float32Array(length)
  for (let i = 0; i < length; i++) {
    let x = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
    out[i] = from + ((x ^ (x >>> 16)) >>> 0) * ((to - from) / 2 ** 32)
  }
  return out
}

/** A tensor of `numbers`. */
export function filled(shape: number[], seed: number, from = -1, to = 1): tf.Tensor {
  return tf.tensor(numbers(tf.util.sizeFromShape(shape), seed, from, to), shape, 'float32')
}

export interface GradientCheck {
  /** Of the central difference; the function is evaluated in float32, so much smaller ones drown in rounding. */
  step?: number
  tolerance?: Tolerance
}

/**
 * Compares the gradients that TensorFlow.js gives for a fixed random weighting of `f`'s outputs with central finite differences,
 * for every element of every input. Keep the inputs small, and away from kinks.
 */
export function expectGradients(
  f: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[],
  inputs: readonly tf.Tensor[],
  { step = 1e-2, tolerance = { absolute: 2e-3, relative: 1e-2 } }: GradientCheck = {},
): void {
  tf.tidy(() => {
    const outputsOf = (...at: tf.Tensor[]) => [f(...at)].flat()
    const weights = outputsOf(...inputs).map((output, i) => filled(output.shape, 1000 + i))
    const loss = (...at: tf.Tensor[]) => {
      const terms = outputsOf(...at).map((output, i) => tf.sum(tf.mul(output, weights[i] ?? 0)))
      return tf.addN(terms)
    }
    const value = (at: readonly tf.Tensor[]) => {
      let total = 0
      outputsOf(...at).forEach((output, k) => {
        const weight = weights[k]?.dataSync() ?? []
        output.dataSync().forEach((element, i) => (total += element * (weight[i] ?? 0)))
      })
      return total
    }
    const gradients = tf.grads(loss)([...inputs])
    inputs.forEach((input, which) => {
      const values = input.dataSync()
      const differences = Array.from(values, (_, i) =>
        tf.tidy(() => {
          const moved = (by: number) => {
            const copy = Float32Array.from(values)
            copy[i] = (copy[i] ?? 0) + by
            return inputs.map((tensor, k) => (k === which ? tf.tensor(copy, input.shape) : tensor))
          }
          return (value(moved(step)) - value(moved(-step))) / (2 * step)
        }),
      )
      expectClose(gradients[which]?.dataSync() ?? [], differences, tolerance, `gradient of input ${which}`)
    })
  })
}
