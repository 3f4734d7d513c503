import { readFileSync } from 'node:fs'
import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { describe, expect, it } from 'vitest'
import { expectClose, filled } from '../testing/close.js'
import { describeNative, nativeAvailable, withThreads } from '../testing/native.js'
import { adamUpdate } from './adam.js'
import { rmspropUpdate } from './rmsprop.js'
import { sgdUpdate } from './sgd.js'
import type { UpdateOptions } from './update.js'

// The results are those of a few roundings a step, then of three steps.
const STEPS_TOLERANCE = { absolute: 2e-6, relative: 2e-6 }
const NORM_DIGITS = 4

const backends = nativeAvailable() ? ['cpu', 'native'] : ['cpu']

type Numbers = Partial<UpdateOptions> & {
  step?: number
  beta1?: number
  beta2?: number
  rho?: number
  epsilon?: number
  momentum?: number
  nesterov?: boolean
}
type Lists = [tf.Variable[], readonly tf.Tensor[], tf.Variable[], tf.Variable[]]

const updates = {
  adam: ([w, g, m, v]: Lists, options: Numbers) =>
    adamUpdate(w, g, m, v, { learningRate: 0.1, step: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, ...options }),
  sgd: ([w, g, m]: Lists, options: Numbers) => sgdUpdate(w, g, m, { learningRate: 0.1, ...options }),
  rmsprop: ([w, g, m, v]: Lists, options: Numbers) =>
    rmspropUpdate(w, g, m, v, { learningRate: 0.1, rho: 0.9, epsilon: 1e-7, ...options }),
}
type UpdateName = keyof typeof updates

/** Variables with two slots each, and what updates them. */
function variablesOf(
  name: UpdateName,
  starts: readonly tf.Tensor[],
  slots = starts.map((start) => tf.zerosLike(start)),
) {
  const variables = starts.map((start) => tf.variable(start))
  const first = slots.map((slot) => tf.variable(slot))
  const second = slots.map((slot) => tf.variable(slot))
  return {
    variables,
    first,
    second,
    update: (gradients: readonly tf.Tensor[], options: Numbers = {}) =>
      updates[name]([variables, gradients, first, second], options),
    values: () => [...variables, ...first, ...second].map((tensor) => Array.from(tensor.dataSync())),
    dispose: () => tf.dispose([variables, first, second]),
  }
}

const golden = JSON.parse(readFileSync(new URL('./golden/updates.json', import.meta.url), 'utf8')) as {
  learningRate: number
  start: number[][]
  gradients: number[][][]
  cases: { name: string; update: UpdateName; options: Numbers; norms: number[]; result: number[][] }[]
}

/** All rules, with what each may be asked for. */
const rules: [UpdateName, Numbers][] = [
  ['adam', { step: 3 }],
  ['sgd', {}],
  ['sgd', { momentum: 0.9 }],
  ['sgd', { momentum: 0.9, nesterov: true }],
  ['rmsprop', {}],
  ['rmsprop', { momentum: 0.5 }],
]

describe.each(backends)('updates on %s', (backend) => {
  it('make the first step worked by hand', async () => {
    await tf.setBackend(backend)
    const gradients = [tf.tensor1d([0.5, -4])]
    const start = () => [tf.tensor1d([1, 2])]
    const adam = variablesOf('adam', start())
    adam.update(gradients, { epsilon: 0 })
    // At the first step m / (1 - β₁) is g and √(v / (1 - β₂)) is |g|, so each weight moves by the learning rate.
    expectClose(adam.values().flat(), [0.9, 2.1, 0.05, -0.4, 0.00025, 0.016], STEPS_TOLERANCE)
    const sgd = variablesOf('sgd', start())
    expect(sgd.update(gradients)).toBeUndefined()
    expectClose(sgd.values().flat(), [0.95, 2.4, 0, 0, 0, 0], STEPS_TOLERANCE)
    const momentum = variablesOf('sgd', start())
    for (let i = 0; i < 2; i++) momentum.update(gradients, { momentum: 0.5 })
    expectClose(momentum.values().flat(), [1 - 0.05 - 0.075, 2 + 0.4 + 0.6, 0.75, -6, 0, 0], STEPS_TOLERANCE)
    const nesterov = variablesOf('sgd', start())
    nesterov.update(gradients, { momentum: 0.5, nesterov: true })
    expectClose(nesterov.values().flat(), [0.925, 2.6, 0.5, -4, 0, 0], STEPS_TOLERANCE)
    const rmsprop = variablesOf('rmsprop', start())
    rmsprop.update(gradients, { rho: 0.75, epsilon: 0 })
    expectClose(rmsprop.values().flat(), [0.8, 2.2, 0.0625, 4, 0, 0], STEPS_TOLERANCE)
  })

  it.each(golden.cases)('are PyTorch $name', async ({ update, options, norms, result }) => {
    await tf.setBackend(backend)
    const made = variablesOf(
      update,
      golden.start.map((part) => tf.tensor1d(part)),
    )
    golden.gradients.forEach((gradients, i) => {
      const norm = made.update(
        gradients.map((part) => tf.tensor1d(part)),
        { ...options, learningRate: golden.learningRate, step: i + 1 },
      )
      const expected = norms[i]
      if (expected === undefined) expect(norm).toBeUndefined()
      else expect(norm).toBeCloseTo(expected, NORM_DIGITS)
    })
    made.variables.forEach((variable, i) => expectClose(variable.dataSync(), result[i] ?? [], STEPS_TOLERANCE))
  })

  it.each(rules)('%s %o scales before it clips, and takes a decay for each variable', async (name, options) => {
    await tf.setBackend(backend)
    const both = variablesOf(name, [tf.tensor1d([1]), tf.tensor1d([1])])
    const [scaled] = [variablesOf(name, [tf.tensor1d([1])])]
    const norm = both.update([tf.tensor1d([6]), tf.tensor1d([8])], {
      ...options,
      gradientScale: 0.1,
      clipNorm: 0.5,
      clipValue: 0.35,
      weightDecay: [0, 1],
    })
    expect(norm).toBeCloseTo(1, NORM_DIGITS)
    scaled.update([tf.tensor1d([0.3])], options)
    const [first = NaN] = scaled.variables[0]?.dataSync() ?? []
    scaled.update([tf.tensor1d([0])], options)
    const other = variablesOf(name, [tf.tensor1d([1])])
    other.update([tf.tensor1d([0.35])], options)
    const [second = NaN] = other.variables[0]?.dataSync() ?? []
    expectClose(both.variables[0]?.dataSync() ?? [], [first], STEPS_TOLERANCE)
    expectClose(both.variables[1]?.dataSync() ?? [], [second - 0.1], STEPS_TOLERANCE)
  })

  it.each(rules)('%s %o changes nothing when the norm to be clipped is not finite', async (name, options) => {
    await tf.setBackend(backend)
    for (const bad of [NaN, Infinity, 1e30]) {
      const made = variablesOf(name, [tf.tensor1d([1]), tf.tensor1d([2, 3])])
      const before = made.values()
      expect(made.update([tf.tensor1d([1]), tf.tensor1d([1, bad])], { ...options, clipNorm: 1 })).not.toBeLessThan(
        Infinity,
      )
      expect(made.values()).toEqual(before)
    }
  })

  it('change nothing that another tensor or reader sees', async () => {
    await tf.setBackend(backend)
    const start = tf.tensor1d([1, 2, 3])
    const adam = variablesOf('adam', [start])
    const [variable] = adam.variables
    if (!variable) throw new Error('no variable')
    const clone = tf.clone(variable)
    const reshaped = tf.reshape(variable, [3, 1])
    const read = variable.dataSync()
    adam.update([tf.tensor1d([1, 1, 1])])
    const between = variable.dataSync()
    const kept = Array.from(between)
    adam.update([tf.tensor1d([1, 1, 1])], { step: 2 })
    for (const seen of [start.dataSync(), clone.dataSync(), reshaped.dataSync(), read])
      expect(Array.from(seen)).toEqual([1, 2, 3])
    expect(Array.from(between)).toEqual(kept)
    expect(variable.dataSync()[0]).toBeLessThan(kept[0] ?? 0)
  })

  it('leave the array that a user made a variable from', async () => {
    await tf.setBackend(backend)
    const array = Float32Array.from([1, 2, 3])
    const adam = variablesOf('adam', [tf.tensor1d(array)])
    for (const step of [1, 2]) adam.update([tf.tensor1d([1, 1, 1])], { step })
    expect(Array.from(array)).toEqual([1, 2, 3])
  })

  it.each(rules)('%s %o holds no more tensors after updates than before', async (name, options) => {
    await tf.setBackend(backend)
    const made = variablesOf(name, [tf.tensor1d([1, 2, 3])])
    const gradient = tf.tensor1d([1, 1, 1])
    const before = tf.memory().numTensors
    for (let step = 1; step <= 5; step++) made.update([gradient], { ...options, step, clipNorm: 1 })
    expect(tf.memory().numTensors).toBe(before)
    made.dispose()
  })

  it('name what does not fit', async () => {
    await tf.setBackend(backend)
    const adam = variablesOf('adam', [tf.tensor1d([1, 2])])
    expect(() => adam.update([tf.tensor1d([1])])).toThrow('adamUpdate: expected shape [2] for the gradient')
    expect(() => adam.update([])).toThrow(
      'adamUpdate: expected 1 tensors, one for each variable, for gradient, received 0',
    )
    expect(() => sgdUpdate(adam.variables, [tf.zeros([2])], [], { learningRate: 1, momentum: 0.5 })).toThrow(
      'sgdUpdate: expected 1 tensors, one for each variable, for velocity, received 0',
    )
    const other = variablesOf('rmsprop', [tf.tensor1d([1])])
    expect(() =>
      rmspropUpdate(adam.variables, [tf.zeros([2])], other.first, [], { learningRate: 1, rho: 0.9, epsilon: 1e-7 }),
    ).toThrow('rmspropUpdate: expected shape [2] for the average')
  })
})

describeNative('updates, reference and native', () => {
  const sizes = [[0], [1, 3], [4], [7, 8, 0, 15], [16, 17], [33], [70_001, 4096, 5]]
  it.each(rules.flatMap(([name, options]) => sizes.map((size) => [name, options, size] as const)))(
    '%s %o agree on %j weights',
    async (name, options, size) => {
      const results: number[][][] = []
      for (const backend of ['cpu', 'native']) {
        await tf.setBackend(backend)
        const of = (seed: number, from?: number) => size.map((count, i) => filled([count], seed + i, from))
        const made = variablesOf(name, of(1), of(11, 0.05))
        const all = { ...options, weightDecay: 0.1, gradientScale: 0.7, clipNorm: 2, clipValue: 0.4 }
        const norm = made.update(of(21), all)
        results.push([...made.values(), [norm ?? NaN]])
        made.dispose()
      }
      const [reference, native] = results
      native?.forEach((values, i) => expectClose(values, reference?.[i] ?? [], STEPS_TOLERANCE))
    },
  )

  it.each(rules)('%s %o gives the same bits with 1 and 2 threads', async (name, options) => {
    await tf.setBackend('native')
    const run = (threads: number) =>
      withThreads(threads, () => {
        const of = (seed: number, from?: number) => [90_003, 17].map((count, i) => filled([count], seed + i, from))
        const made = variablesOf(name, of(1), of(11, 0.05))
        const norm = made.update(of(21), { ...options, clipNorm: 1 })
        return [...made.values(), [norm]]
      })
    expect(await run(2)).toEqual(await run(1))
  })
})
