import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { hilbertCurve, HilbertWalk } from './hilbert-walk.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
})
/** An image whose pixels are numbered row by row. */
const numbered = (height: number, width: number) => tf.reshape(tf.range(0, height * width), [1, height, width, 1])

describe('hilbertCurve', () => {
  it('goes through 2 x 2 and 4 x 4 as drawn by hand', () => {
    const numbers = (side: number) => hilbertCurve(side).map(([row, column]) => row * side + column)
    expect(numbers(1)).toEqual([0])
    expect(numbers(2)).toEqual([0, 1, 3, 2])
    expect(numbers(4)).toEqual([0, 4, 5, 1, 2, 3, 7, 6, 10, 11, 15, 14, 13, 9, 8, 12])
  })
  it.each([2, 8, 32, 64])('visits every place of %i x %i once, each beside the one before', (side) => {
    const curve = hilbertCurve(side)
    expect(new Set(curve.map(([row, column]) => row * side + column)).size).toBe(side * side)
    for (const [i, [row, column]] of curve.entries()) {
      const [before, beside] = curve[i - 1] ?? [row, column - 1]
      expect(Math.abs(row - before) + Math.abs(column - beside)).toBe(1)
    }
    expect(curve.at(-1)).toEqual([side - 1, 0])
  })
})

describe('HilbertWalk', () => {
  const walk = (height: number, width: number, stepPixels?: number) =>
    (new HilbertWalk({ stepPixels }).apply(numbered(height, width)) as tf.Tensor3D).arraySync()[0]

  it('passes over places outside the image and fills the last step with zeros', () => {
    expect(walk(4, 4)).toEqual([[0, 4, 5, 1], [2, 3, 7, 6], [10, 11, 15, 14], [13, 9, 8, 12]]) // prettier-ignore
    // The 4 x 4 walk without row 3 and column 3.
    expect(walk(3, 3, 2)).toEqual([[0, 3], [4, 1], [2, 5], [8, 7], [6, 0]]) // prettier-ignore
    expect(walk(1, 3)).toEqual([[0, 1, 2]])
  })
  it('keeps the channels of a pixel together', () => {
    const x = tf.tensor4d([1, 10, 2, 20, 3, 30, 4, 40], [1, 2, 2, 2])
    expect((new HilbertWalk().apply(x) as tf.Tensor).arraySync()).toEqual([[[1, 10, 2, 20], [4, 40, 3, 30]]]) // prettier-ignore
  })
  it('gives each pixel the gradient of its place', () => {
    const layer = new HilbertWalk({ stepPixels: 2 })
    const weights = tf.reshape(tf.range(1, 11), [1, 5, 2])
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(layer.apply(x) as tf.Tensor, weights)))(numbered(3, 3))
    // The place of each pixel in [0, 3, 4, 1, 2, 5, 8, 7, 6], from 1.
    expect(Array.from(gradient.dataSync())).toEqual([1, 4, 5, 2, 3, 6, 9, 8, 7])
  })
  it('refuses what it cannot walk', () => {
    expect(() => new HilbertWalk({ stepPixels: 0 })).toThrow('making HilbertWalk: expected a whole number')
    expect(() => new HilbertWalk({ name: 'walk' }).apply(tf.zeros([1, 2, 2]))).toThrow(
      'building layer walk: expected [B, H, W, C] of known sizes for the input shape, received "[1, 2, 2]"',
    )
  })
})
