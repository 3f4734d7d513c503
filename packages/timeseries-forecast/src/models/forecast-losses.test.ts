import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-layers' // registers the gradients
import * as tf from '@weft/kernels/tfjs-core'
import { nativeStatus } from '@weft/kernels'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setupRuntime } from '@weft/core/runtime'
import { gaussianDeviation, gaussianLoss, maskedLoss, quantileLoss, sortQuantiles } from './forecast-losses.js'
import { makeLoss, type LossFunction } from '@weft/core/training'

const value = (scalar: tf.Scalar) => scalar.dataSync()[0] ?? Number.NaN
/** A quadratic's central difference is exact but for rounding of the loss, 1e-7 of about 3, over the step. */
const STEP = 3e-3
const TOLERANCE = 3e-3

const GAP = Number.NaN
/** [B, H, C] = [2, 2, 2], three of eight missing. */
const truth = [0.1, GAP, -0.4, 1.9, GAP, GAP, 2.2, -0.3]
const seen = [0.3, 9, -1.6, 0.4, 5, -7, 0.5, 0.2]
const devices = nativeStatus().available ? (['cpu', 'native'] as const) : (['cpu'] as const)

const cases: { name: string; loss: LossFunction; parameters: number }[] = [
  ...(['meanSquaredError', 'meanAbsoluteError', 'huber'] as const).map((name) => ({
    ...{ name, loss: maskedLoss(name), parameters: 1 },
  })),
  { name: 'quantiles', loss: quantileLoss([0.1, 0.5, 0.9]), parameters: 3 },
  { name: 'gaussian', loss: gaussianLoss(), parameters: 2 },
]
/** Outputs near the targets, none of them where a slope jumps. */
const outputs = (parameters: number) => seen.flatMap((x) => Array.from({ length: parameters }, (_, p) => x + 0.37 * p))

describe.each(devices)('losses of forecasts on %s', (device) => {
  beforeAll(async () => {
    await setupRuntime({ device })
  })
  afterAll(async () => {
    await tf.setBackend('cpu')
  })

  it('are means over the targets that are there, by hand', () => {
    const y = tf.tensor2d([[1, GAP, 3, -1]])
    const p = tf.tensor2d([[2, 100, 3, 1]])
    expect(value(maskedLoss('meanSquaredError')(y, p))).toBeCloseTo((1 + 0 + 4) / 3, 6)
    expect(value(maskedLoss('meanAbsoluteError')(y, p))).toBeCloseTo((1 + 0 + 2) / 3, 6)
    expect(value(maskedLoss('huber')(y, p))).toBeCloseTo((0.5 + 0 + 1.5) / 3, 6)
    // y 1 against 0.5 and 3, y -1 against -2 and 0: 0.1 · 0.5, 0.1 · 2 and 0.1 · 1, 0.1 · 1.
    const quantiles = quantileLoss([0.1, 0.9])(tf.tensor2d([[1, GAP, -1]]), tf.tensor2d([[0.5, 3, 9, 9, -2, 0]]))
    expect(value(quantiles)).toBeCloseTo((0.05 + 0.2 + 0.1 + 0.1) / 4, 6)
    const s = Math.log(2)
    const density = gaussianLoss()(tf.tensor2d([[3, GAP]]), tf.tensor2d([[0, s, 8, 8]]))
    expect(value(density)).toBeCloseTo(0.5 * Math.log(2 * Math.PI) + s + 0.5 * (3 / 2) ** 2, 5)
  })

  it.each(cases)('$name has the gradient of finite differences, 0 where the target is missing', (given) => {
    const { loss, parameters } = given
    const at = outputs(parameters)
    const y = tf.tensor3d(truth, [2, 2, 2])
    const weights = tf.tensor1d([1.7, 0.6])
    const shape: [number, number, number] = [2, 2, 2 * parameters]
    const lossAt = (values: number[]) => value(loss(y, tf.tensor3d(values, shape), weights))
    const gradient = tf
      .grad((p) => loss(y, p, weights))(tf.tensor3d(at, shape))
      .dataSync()
    expect(gradient).toHaveLength(at.length)
    at.forEach((x, i) => {
      const slope = (lossAt(at.with(i, x + STEP)) - lossAt(at.with(i, x - STEP))) / (2 * STEP)
      expect(Math.abs((gradient[i] ?? GAP) - slope), `element ${i}`).toBeLessThan(
        TOLERANCE * Math.max(1, Math.abs(slope)),
      )
      if (Number.isNaN(truth[Math.floor(i / parameters)])) expect(Math.abs(gradient[i] ?? GAP)).toBe(0)
    })
  })

  it.each(cases)('$name is 0 with a gradient of 0 when every target is missing', ({ loss, parameters }) => {
    const y = tf.tensor2d([[GAP, GAP]])
    const p = tf.ones<tf.Rank.R2>([1, 2 * parameters])
    expect(value(loss(y, p))).toBe(0)
    expect(
      Array.from(
        tf
          .grad((x) => loss(y, x))(p)
          .dataSync(),
      ).map(Math.abs),
    ).toEqual(Array(2 * parameters).fill(0))
  })

  it('leaves no tensor over', () => {
    const y = tf.tensor3d(truth, [2, 2, 2])
    for (const { loss, parameters } of cases) {
      const p = tf.tensor3d(outputs(parameters), [2, 2, 2 * parameters])
      const before = tf.memory().numTensors
      tf.tidy(() =>
        tf
          .grad((x) => loss(y, x))(p)
          .dataSync(),
      )
      expect(tf.memory().numTensors).toBe(before)
    }
  })
})

describe('losses of forecasts', () => {
  it('without a missing target are the plain ones', () => {
    const y = tf.tensor2d([[1, 2], [-3, 0.5]]) // prettier-ignore
    const p = tf.tensor2d([[0.2, 4], [-3.5, 0.1]]) // prettier-ignore
    const weights = tf.tensor1d([2, 0.5])
    for (const name of ['meanSquaredError', 'meanAbsoluteError', 'huber'] as const)
      expect(value(maskedLoss(name)(y, p, weights))).toBeCloseTo(value(makeLoss(name)(y, p, weights)), 6)
  })

  it('find the median and the outer quantiles of a sample, and its mean and deviation', () => {
    const sample = Array.from({ length: 99 }, (_, i) => (i + 1) / 100)
    const y = tf.tensor2d(sample, [99, 1])
    const descend = (loss: LossFunction, start: number[], rate: number, steps: number) => {
      let at = start
      for (let step = 0; step < steps; step++) {
        at = tf.tidy(() => {
          const slope = tf
            .grad((p) => loss(y, tf.tile(tf.reshape(p, [1, -1]), [99, 1])))(tf.tensor1d(at))
            .dataSync()
          return at.map((x, i) => x - rate * (slope[i] ?? 0))
        })
      }
      return at
    }
    const [low = 0, middle = 0, high = 0] = descend(quantileLoss([0.1, 0.5, 0.9]), [0.5, 0.2, 0.5], 0.1, 200)
    expect(low).toBeCloseTo(0.1, 1)
    expect(middle).toBeCloseTo(0.5, 1)
    expect(high).toBeCloseTo(0.9, 1)
    const [mean = 0, logDeviation = 0] = descend(gaussianLoss(), [0.3, 0], 0.03, 200)
    expect(mean).toBeCloseTo(0.5, 2)
    expect(gaussianDeviation(logDeviation)).toBeCloseTo(Math.sqrt((99 ** 2 - 1) / 12) / 100, 2)
  })

  it('a deviation beyond its bounds counts as the bound, and its gradient leads back alone', () => {
    const slope = (y: number, s: number) =>
      tf
        .grad((p) => gaussianLoss()(tf.tensor2d([[y]]), p))(tf.tensor2d([[0, s]]))
        .dataSync()[1] ?? GAP
    expect(gaussianDeviation(-9)).toBe(Math.exp(-6))
    expect(gaussianDeviation(9)).toBe(Math.exp(6))
    // The error is nothing: a smaller deviation would be better; or the error is large: a larger one would.
    expect(Math.abs(slope(0, -9))).toBe(0)
    expect(slope(1, -9)).toBeLessThan(0)
    expect(slope(0, 9)).toBeGreaterThan(0)
    expect(Math.abs(slope(1e4, 9))).toBe(0)
  })

  it('sort the quantiles of each target', () => {
    expect(sortQuantiles(Float32Array.of(3, 1, 2, -1, 0, -2), 3)).toEqual(Float32Array.of(1, 2, 3, -2, -1, 0))
    expect(sortQuantiles(Float64Array.of(10, 9), 1)).toEqual(Float64Array.of(10, 9))
    expect(() => sortQuantiles(new Float32Array(4), 3)).toThrow(
      'sorting quantiles: expected a divisor of the 4 values for count, received 3',
    )
  })

  it('say what is wrong', () => {
    expect(() => quantileLoss([0.9, 0.1])).toThrow(
      'setting up the loss: expected ascending shares in (0, 1) for quantiles, received 0.9,0.1',
    )
    expect(() => quantileLoss([])).toThrow('quantiles')
    expect(() => quantileLoss([0, 0.5])).toThrow('quantiles')
    expect(() => quantileLoss([0.5, 1])).toThrow('quantiles')
    expect(() => maskedLoss('mape' as 'huber')).toThrow('expected one of meanSquaredError, meanAbsoluteError, huber')
    expect(() => quantileLoss([0.1, 0.9])(tf.zeros([2, 3, 1]), tf.zeros([2, 3, 1]))).toThrow(
      'computing the loss: expected [2,3,2] for targets [2,3,1] for the outputs, received "[2,3,1]"',
    )
  })
})
