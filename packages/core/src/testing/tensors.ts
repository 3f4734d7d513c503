/** What tests of layers and models share: tensors drawn from a seed, and their comparison. Tolerances are the test's, with its reason. */
import * as tf from '@weft/kernels/tfjs-core'
import { expect } from 'vitest'
import { Random } from '../runtime/random.js'

/** Normally distributed values, a function of the seed. */
export function normal(shape: number[], seed = 1, { mean = 0, deviation = 1 } = {}): tf.Tensor {
  const random = new Random(seed)
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => mean + deviation * random.normal())
  return tf.tensor(values, shape)
}

/** Shapes and values, to be compared exactly. */
export const values = (tensors: tf.Tensor | tf.Tensor[]) =>
  [tensors].flat().map((tensor) => ({ shape: tensor.shape, values: Array.from(tensor.dataSync()) }))

/** One tensor or several, as layers give them: the same shapes, and values that differ by less than `tolerance`. */
export function expectTensors(actual: unknown, wanted: unknown, tolerance: number): void {
  const [ours, theirs] = [tensorsIn(actual), tensorsIn(wanted)]
  expect(theirs.length).toBeGreaterThan(0)
  expect(ours.map(({ shape }) => shape)).toEqual(theirs.map(({ shape }) => shape))
  ours.forEach((tensor, at) => expectNumbers(tensor.dataSync(), theirs[at]?.dataSync() ?? [], tolerance))
}

const tensorsIn = (output: unknown) => [output].flat().filter((one) => one instanceof tf.Tensor)

/** As many numbers, which differ by less than `tolerance`: a difference, not a number of digits. */
export function expectNumbers(actual: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(tolerance, 'the tolerance').toBeLessThan(0.1)
  expect(actual.length).toBe(wanted.length)
  const differences = Float64Array.from(actual, (value, at) => Math.abs(value - (wanted[at] ?? Number.NaN)))
  const at = differences.findIndex((difference) => !(difference < tolerance))
  if (at >= 0) expect.fail(`value ${at}: expected ${wanted[at]}, within ${tolerance}, received ${actual[at]}`)
}
