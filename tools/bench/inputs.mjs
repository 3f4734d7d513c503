// @ts-check
// Random inputs and targets of the benchmark cases, the same for Weft's layers and for TensorFlow.js's own.
import * as tf from '@tensorflow/tfjs-core'
import { Random } from '@weft/core'

const random = new Random(1, 'benchmark')

/** Normally distributed numbers. @param {number[]} shape */
export function noise(shape) {
  const values = new Float32Array(tf.util.sizeFromShape(shape))
  for (let i = 0; i < values.length; i++) values[i] = random.normal()
  return tf.tensor(values, shape)
}

/** Whole numbers in [from, to). @param {number[]} shape @param {number} from @param {number} to */
export function integers(shape, from, to) {
  const values = new Int32Array(tf.util.sizeFromShape(shape))
  for (let i = 0; i < values.length; i++) values[i] = from + random.int(to - from)
  return tf.tensor(values, shape, 'int32')
}

/** One-hot classes [...shape, classes]. @param {number[]} shape @param {number} classes */
export function labels(shape, classes) {
  const values = new Float32Array(tf.util.sizeFromShape(shape) * classes)
  for (let at = 0; at < values.length; at += classes) values[at + random.int(classes)] = 1
  return tf.tensor(values, [...shape, classes])
}

/** Each element 0 or 1. @param {number[]} shape */
export function coins(shape) {
  const values = new Float32Array(tf.util.sizeFromShape(shape))
  for (let i = 0; i < values.length; i++) values[i] = random.int(2)
  return tf.tensor(values, shape)
}

/** Rows of noise [32, 50, 40] of which row i has 10 + 13 i mod 41 steps, the first all 50; zeros after. */
export function raggedNoise() {
  const [rows, steps, features] = [32, 50, 40]
  return tf.tidy(() => {
    const kept = new Float32Array(rows * steps)
    for (let row = 0; row < rows; row++)
      kept.fill(1, row * steps, row * steps + (row === 0 ? steps : 10 + ((13 * row) % 41)))
    return tf.mul(noise([rows, steps, features]), tf.tensor(kept, [rows, steps, 1]))
  })
}
