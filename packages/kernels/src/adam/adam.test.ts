import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-layers'
import { describe, expect, it } from 'vitest'
import { expectClose, filled } from '../testing/close.js'
import { describeNative, nativeAvailable } from '../testing/native.js'
import { adamUpdate, type AdamUpdateOptions, globalNorm } from './adam.js'

// The results are those of a few roundings a step, then of three steps.
const STEPS_TOLERANCE = { absolute: 2e-6, relative: 2e-6 }

const backends = nativeAvailable() ? ['cpu', 'native'] : ['cpu']
const standard = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, step: 1 }

/** A variable with its moments, and what updates it. */
function slot(start: tf.Tensor, m = tf.zerosLike(start), v = tf.zerosLike(start)) {
  const [variable, first, second] = [tf.variable(start), tf.variable(m), tf.variable(v)]
  return {
    variable,
    first,
    second,
    update: (gradient: tf.Tensor, options: Partial<AdamUpdateOptions> = {}) =>
      adamUpdate([variable], [gradient], [first], [second], { ...standard, ...options }),
    dispose: () => tf.dispose([variable, first, second]),
  }
}

const golden = JSON.parse(readFileSync(new URL('./golden/adam.json', import.meta.url), 'utf8')) as {
  learningRate: number
  start: number[]
  gradients: number[][]
  cases: { name: string; options: Pick<AdamUpdateOptions, 'beta1' | 'beta2' | 'epsilon'>; result: number[] }[]
}

describe.each(backends)('adamUpdate on %s', (backend) => {
  it('makes the first step worked by hand', async () => {
    await tf.setBackend(backend)
    const adam = slot(tf.tensor1d([1, 2]))
    adam.update(tf.tensor1d([0.5, -4]), { epsilon: 0 })
    // At the first step m / (1 - β₁) is g and √(v / (1 - β₂)) is |g|, so each weight moves by the learning rate.
    expectClose(adam.variable.dataSync(), [0.9, 2.1], STEPS_TOLERANCE)
    expectClose(adam.first.dataSync(), [0.05, -0.4], STEPS_TOLERANCE)
    expectClose(adam.second.dataSync(), [0.00025, 0.016], STEPS_TOLERANCE)
  })

  it.each(golden.cases)('is PyTorch $name', async ({ options, result }) => {
    await tf.setBackend(backend)
    const adam = slot(tf.tensor1d(golden.start))
    golden.gradients.forEach((gradient, i) =>
      adam.update(tf.tensor1d(gradient), { ...options, learningRate: golden.learningRate, step: i + 1 }),
    )
    expectClose(adam.variable.dataSync(), result, STEPS_TOLERANCE)
  })

  it('scales before it clips, and takes a decay for each variable', async () => {
    await tf.setBackend(backend)
    const [a, b] = [slot(tf.tensor1d([1])), slot(tf.tensor1d([1]))]
    adamUpdate(
      [a.variable, b.variable],
      [tf.tensor1d([8]), tf.tensor1d([8])],
      [a.first, b.first],
      [a.second, b.second],
      { ...standard, gradientScale: 0.125, gradientClipValue: 0.5, weightDecay: [0, 1] },
    )
    expectClose(a.first.dataSync(), [0.05], STEPS_TOLERANCE)
    expectClose(a.variable.dataSync(), [0.9], STEPS_TOLERANCE)
    expectClose(b.variable.dataSync(), [0.8], STEPS_TOLERANCE)
  })

  it('changes nothing that another tensor or reader sees', async () => {
    await tf.setBackend(backend)
    const start = tf.tensor1d([1, 2, 3])
    const adam = slot(start)
    const clone = tf.clone(adam.variable)
    const reshaped = tf.reshape(adam.variable, [3, 1])
    const read = adam.variable.dataSync()
    adam.update(tf.tensor1d([1, 1, 1]))
    const between = adam.variable.dataSync()
    const kept = Array.from(between)
    adam.update(tf.tensor1d([1, 1, 1]), { step: 2 })
    for (const seen of [start.dataSync(), clone.dataSync(), reshaped.dataSync(), read])
      expect(Array.from(seen)).toEqual([1, 2, 3])
    expect(Array.from(between)).toEqual(kept)
    expect(adam.variable.dataSync()[0]).toBeLessThan(kept[0] ?? 0)
  })

  it('leaves the array that a user made a variable from', async () => {
    await tf.setBackend(backend)
    const array = Float32Array.from([1, 2, 3])
    const adam = slot(tf.tensor1d(array))
    adam.update(tf.tensor1d([1, 1, 1]))
    adam.update(tf.tensor1d([1, 1, 1]), { step: 2 })
    expect(Array.from(array)).toEqual([1, 2, 3])
  })

  it('holds no more tensors after updates than before', async () => {
    await tf.setBackend(backend)
    const adam = slot(tf.tensor1d([1, 2, 3]))
    const gradient = tf.tensor1d([1, 1, 1])
    const before = tf.memory().numTensors
    for (let step = 1; step <= 5; step++) adam.update(gradient, { step })
    expect(tf.memory().numTensors).toBe(before)
    adam.dispose()
  })

  it('names what does not fit', async () => {
    await tf.setBackend(backend)
    const adam = slot(tf.tensor1d([1, 2]))
    expect(() => adam.update(tf.tensor1d([1]))).toThrow('expected shape [2] for the gradient')
    expect(() => adamUpdate([adam.variable], [], [adam.first], [adam.second], standard)).toThrow(
      'expected 1 gradients and moments, received 0, 1, 1',
    )
  })

  it('globalNorm is the root of the sum of all squares', async () => {
    await tf.setBackend(backend)
    expect(globalNorm([])).toBe(0)
    expect(globalNorm([tf.tensor1d([3]), tf.tensor2d([[4], [12]])])).toBeCloseTo(13, 5)
    const large = filled([70_001], 1)
    const squares = Array.from(large.dataSync()).reduce((total, value) => total + value * value, 0)
    expect(globalNorm([large])).toBeCloseTo(Math.sqrt(squares), 3)
  })
})

describeNative('adamUpdate, reference and native', () => {
  it.each([0, 1, 3, 4, 7, 8, 15, 16, 17, 33, 70_001])('agree on %i weights', async (size) => {
    const results: Float32Array[][] = []
    for (const backend of ['cpu', 'native']) {
      await tf.setBackend(backend)
      const adam = slot(filled([size], 1), filled([size], 2), filled([size], 3, 0.05, 1))
      adam.update(filled([size], 4), { step: 3, weightDecay: 0.1, gradientScale: 0.7, gradientClipValue: 0.4 })
      results.push([adam.variable, adam.first, adam.second].map((tensor) => tensor.dataSync() as Float32Array))
      adam.dispose()
    }
    const [reference, native] = results
    native?.forEach((values, i) => expectClose(values, reference?.[i] ?? [], STEPS_TOLERANCE))
  })
})
