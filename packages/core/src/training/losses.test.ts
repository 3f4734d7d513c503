import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-layers' // registers the gradients
import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { isLossName, lossNames, makeLoss, type LossName } from './losses.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

const value = (scalar: tf.Scalar) => scalar.dataSync()[0] ?? Number.NaN

describe('makeLoss', () => {
  it('gives the values worked by hand', () => {
    const y = tf.tensor2d([
      [0, 1],
      [1, 0],
    ])
    const p = tf.tensor2d([
      [0.2, 0.8],
      [0.5, 0.5],
    ])
    const logits = tf.tensor2d([
      [0, Math.log(4)],
      [2, 2],
    ])
    const entropy = -(Math.log(0.8) + Math.log(0.5)) / 2
    expect(value(makeLoss('categoricalCrossentropy')(y, p))).toBeCloseTo(entropy, 6)
    expect(value(makeLoss('softmaxCrossentropy')(y, logits))).toBeCloseTo(entropy, 6)
    expect(value(makeLoss('binaryCrossentropy')(y, p))).toBeCloseTo(entropy, 6)
    const log1pexp = (x: number) => Math.log1p(Math.exp(x))
    const sigmoid = (log1pexp(0) + log1pexp(-Math.log(4)) + log1pexp(-2) + log1pexp(2)) / 4
    expect(value(makeLoss('sigmoidCrossentropy')(y, logits))).toBeCloseTo(sigmoid, 6)
    expect(value(makeLoss('meanSquaredError')(y, p))).toBeCloseTo((0.04 + 0.04 + 0.25 + 0.25) / 4, 6)
    expect(value(makeLoss('meanAbsoluteError')(y, p))).toBeCloseTo((0.2 + 0.2 + 0.5 + 0.5) / 4, 6)
    const far = tf.tensor2d([
      [3, 1.5],
      [1, 0],
    ])
    expect(value(makeLoss('huber')(y, far))).toBeCloseTo((2.5 + 0.125) / 4, 6)
  })

  it.each(lossNames)('%s has the gradient that finite differences have', (name: LossName) => {
    const truth = [0.1, 0.7, 0.2, 0.6, 0.3, 0.1]
    const at = [0.3, 0.45, 0.25, 0.2, 0.1, 0.7]
    const y = tf.tensor3d(truth, [1, 2, 3])
    const weights = tf.tensor1d([1.7])
    const lossAt = (values: number[]) => value(makeLoss(name)(y, tf.tensor3d(values, [1, 2, 3]), weights))
    const gradient = tf
      .grad((p) => makeLoss(name)(y, p, weights))(tf.tensor3d(at, [1, 2, 3]))
      .dataSync()
    // Float32 losses near 1 with a step of 3e-3: the rounding error is about 1e-4, the truncation error below 1e-3.
    const step = 3e-3
    at.forEach((x, i) => {
      const up = lossAt(at.with(i, x + step))
      const down = lossAt(at.with(i, x - step))
      expect(gradient[i]).toBeCloseTo((up - down) / (2 * step), 2)
    })
  })

  it('stays finite for certain and wrong predictions', () => {
    const y = tf.tensor2d([[1, 0]])
    for (const name of ['categoricalCrossentropy', 'binaryCrossentropy'] as const)
      expect(value(makeLoss(name)(y, tf.tensor2d([[0, 1]])))).toBeCloseTo(-Math.log(1e-7), 0)
    for (const name of ['softmaxCrossentropy', 'sigmoidCrossentropy'] as const)
      expect(value(makeLoss(name)(y, tf.tensor2d([[-500, 500]])))).toBeGreaterThan(400)
  })

  it('weighs items and divides by their number', () => {
    const y = tf.tensor2d([[0], [0]])
    const p = tf.tensor2d([[1], [2]])
    expect(value(makeLoss('meanSquaredError')(y, p, tf.tensor1d([3, 0.5])))).toBeCloseTo((3 * 1 + 0.5 * 4) / 2, 6)
  })

  it('smooths labels towards even classes', () => {
    const y = tf.tensor2d([[0, 1, 0, 0]])
    const p = tf.tensor2d([[0.1, 0.6, 0.1, 0.2]])
    const smooth = [0.05, 0.85, 0.05, 0.05]
    const byHand = -smooth.reduce((sum, share, i) => sum + share * Math.log([0.1, 0.6, 0.1, 0.2][i] ?? 1), 0)
    expect(value(makeLoss('categoricalCrossentropy', { labelSmoothing: 0.2 })(y, p))).toBeCloseTo(byHand, 6)
    const binary = makeLoss('binaryCrossentropy', { labelSmoothing: 0.2 })(tf.tensor2d([[1]]), tf.tensor2d([[0.7]]))
    expect(value(binary)).toBeCloseTo(-(0.9 * Math.log(0.7) + 0.1 * Math.log(0.3)), 6)
  })

  it('weighs classes: of items, of both sides of one output, of several outputs', () => {
    const oneHot = tf.tensor2d([
      [1, 0, 0],
      [0, 0, 1],
    ])
    const p = tf.tensor2d([
      [0.5, 0.25, 0.25],
      [0.2, 0.2, 0.6],
    ])
    const categorical = makeLoss('categoricalCrossentropy', { classWeights: [2, 1, 3] })
    expect(value(categorical(oneHot, p))).toBeCloseTo((-2 * Math.log(0.5) - 3 * Math.log(0.6)) / 2, 6)
    const sides = makeLoss('binaryCrossentropy', { classWeights: [0.5, 4] })
    const two = sides(tf.tensor2d([[0], [1]]), tf.tensor2d([[0.2], [0.7]]))
    expect(value(two)).toBeCloseTo((-0.5 * Math.log(0.8) - 4 * Math.log(0.7)) / 2, 6)
    const several = makeLoss('binaryCrossentropy', { classWeights: [2, 1, 3] })
    const multi = several(tf.tensor2d([[1, 0, 1]]), tf.tensor2d([[0.5, 0.25, 0.6]]))
    expect(value(multi)).toBeCloseTo((-2 * Math.log(0.5) - Math.log(0.75) - 3 * Math.log(0.6)) / 3, 6)
  })

  it('says what is wrong', () => {
    const name: string = 'entropy'
    expect(isLossName(name)).toBe(false)
    expect(() => makeLoss('meanSquaredError')(tf.zeros([2, 3]), tf.zeros([2, 4]))).toThrow(
      'computing the loss: expected the shape of the model\'s output, [2,4], for the targets, received "[2,3]"',
    )
    expect(() => makeLoss('meanSquaredError', { labelSmoothing: 0.1 })).toThrow('expected a crossentropy for loss')
    expect(() => makeLoss('softmaxCrossentropy', { labelSmoothing: 1 })).toThrow(
      'expected a number in [0, 1) for labelSmoothing',
    )
    expect(() => makeLoss('softmaxCrossentropy', { classWeights: [1, 2] })(tf.zeros([2, 3]), tf.zeros([2, 3]))).toThrow(
      'expected 3 numbers for classWeights',
    )
  })
})
