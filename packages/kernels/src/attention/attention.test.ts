import { readFileSync } from 'node:fs'
import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { describe, expect, it } from 'vitest'
import { ACCUMULATED, expectAllClose, expectClose, expectGradients, filled, GOLDEN } from '../testing/close.js'
import {
  describeNative,
  expectNativeCalls,
  nativeAvailable,
  onBackend,
  onBoth,
  withThreads,
} from '../testing/native.js'
import { additiveAttention, dotProductAttention } from './attention.js'
import type { AttentionResult } from './arguments.js'

const backends = nativeAvailable() ? ['cpu', 'native'] : ['cpu']

interface Case {
  batch: number
  queries: number
  keys: number
  features: number
  depth: number
  additive?: boolean
  scaled?: boolean
  factor?: number
  causal?: boolean
  queryMask?: boolean
  valueMask?: boolean
  dropout?: boolean
}

/** Every third step or so is left out, all of item 0's among the values. */
const holes = (batch: number, steps: number, seed: number) =>
  tf.tidy(() => {
    const kept = tf.greater(filled([batch, steps], seed), -0.3)
    const item = tf.reshape(tf.range(0, batch), [batch, 1])
    return tf.logicalAnd(kept, tf.greater(tf.add(item, seed === 5 ? 0 : 1), 0)) as tf.Tensor
  })

const inputsOf = ({ batch, queries, keys, features, depth, additive, scaled = true }: Case) => [
  filled([batch, queries, features], 1),
  filled([batch, keys, features], 2),
  filled([batch, keys, depth], 3),
  ...(additive && scaled ? [filled([features], 4)] : []),
]

function run(c: Case, [query, key, value, scale]: tf.Tensor[], returnWeights = true): AttentionResult {
  if (!query || !key || !value) throw new Error('no inputs')
  const options = {
    causal: c.causal,
    queryMask: c.queryMask ? holes(c.batch, c.queries, 6) : undefined,
    valueMask: c.valueMask ? holes(c.batch, c.keys, 5) : undefined,
    dropoutMask: c.dropout
      ? tf.mul(tf.cast(tf.greater(filled([c.batch, c.queries, c.keys], 7), -0.5), 'float32'), 4 / 3)
      : undefined,
    returnWeights,
  }
  return c.additive
    ? additiveAttention(query, key, value, scale ?? null, options)
    : dotProductAttention(query, key, value, { ...options, factor: c.factor })
}

/** Output, weights and all gradients of a loss of both. */
function everything(c: Case): tf.Tensor[] {
  const inputs = inputsOf(c)
  const { output, weights } = run(c, inputs)
  const [a, b] = [filled(output.shape, 8), filled(weights?.shape ?? [], 9)]
  const loss = (...given: tf.Tensor[]) => {
    const result = run(c, given)
    return tf.add(tf.sum(tf.mul(result.output, a)), tf.sum(tf.mul(result.weights ?? 0, b)))
  }
  return [output, weights ?? tf.scalar(0), ...tf.grads(loss)(inputs)]
}

const golden = JSON.parse(readFileSync(new URL('./golden/attention.json', import.meta.url), 'utf8')) as {
  batch: number
  queries: number
  keys: number
  features: number
  depth: number
  inputs: Record<'query' | 'key' | 'value' | 'scale', number[]>
  valueMask: number[]
  outputWeights: number[]
  cases: {
    name: string
    additive: boolean
    factor: number
    masked: boolean
    causal: boolean
    output: number[]
    gradients: Record<string, number[]>
  }[]
}

describe.each(backends)('attention on %s', (backend) => {
  const q = () => tf.tensor3d([1, 0, 0, 2], [1, 2, 2])
  const k = () => tf.tensor3d([0, 0, Math.LN2, 0, 9, 9], [1, 3, 2])
  const v = () => tf.tensor3d([3, 6, 100], [1, 3, 1])

  it('is worked by hand', async () => {
    await tf.setBackend(backend)
    // The third key is masked. The first query scores 0 and ln 2, so its weights are 1/3 and 2/3; the second scores 0 and 0.
    const valueMask = tf.tensor2d([1, 1, 0], [1, 3])
    const dot = dotProductAttention(q(), k(), v(), { valueMask, returnWeights: true })
    expectClose(dot.weights?.dataSync() ?? [], [1 / 3, 2 / 3, 0, 1 / 2, 1 / 2, 0])
    expectClose(dot.output.dataSync(), [5, 4.5])
    const causal = dotProductAttention(q(), k(), v(), { valueMask, causal: true })
    expect(causal.weights).toBeUndefined()
    expectClose(causal.output.dataSync(), [3, 4.5])
    const scores = [0, 1].map((j) => Math.tanh(1 + (k().dataSync()[2 * j] ?? 0)) + 2 * Math.tanh(0))
    const [low = 0, high = 0] = scores.map(Math.exp)
    const additive = additiveAttention(q(), k(), v(), tf.tensor1d([1, 2]), { valueMask })
    expectClose(additive.output.dataSync().slice(0, 1), [(3 * low + 6 * high) / (low + high)])
  })

  it('gives zeros, and no NaN, where there is no query or no key to see', async () => {
    await tf.setBackend(backend)
    const bad = tf.fill([1, 3, 1], NaN)
    const none = { valueMask: tf.zeros([1, 3]), returnWeights: true }
    for (const attend of [
      (value: tf.Tensor, options: object) => dotProductAttention(q(), k(), value, options),
      (value: tf.Tensor, options: object) => additiveAttention(q(), k(), value, null, options),
    ]) {
      const { output, weights } = attend(v(), none)
      expect(Array.from(output.dataSync())).toEqual([0, 0])
      expect(Array.from(weights?.dataSync() ?? [])).toEqual([0, 0, 0, 0, 0, 0])
      expect(attend(v(), { queryMask: tf.tensor2d([0, 1], [1, 2]) }).output.dataSync()[0]).toBe(0)
      const gradient = tf.grad((value: tf.Tensor) => tf.sum(attend(value, none).output))(v())
      expect(Array.from(gradient.dataSync())).toEqual([0, 0, 0])
      expect(attend(bad, {}).output.dataSync()[0]).toBeNaN()
    }
  })

  it.each(golden.cases)('is PyTorch: $name, with its gradients', async (c) => {
    await tf.setBackend(backend)
    const { batch, queries, keys, features, depth, inputs } = golden
    const given: tf.Tensor[] = [
      tf.tensor3d(inputs.query, [batch, queries, features]),
      tf.tensor3d(inputs.key, [batch, keys, features]),
      tf.tensor3d(inputs.value, [batch, keys, depth]),
      ...(c.additive ? [tf.tensor1d(inputs.scale)] : []),
    ]
    const valueMask = c.masked ? tf.tensor2d(golden.valueMask, [batch, keys], 'bool') : undefined
    const attend = (...[query, key, value, scale]: tf.Tensor[]) => {
      if (!query || !key || !value) throw new Error('no inputs')
      const options = { valueMask, causal: c.causal, factor: c.factor }
      return (
        scale ? additiveAttention(query, key, value, scale, options) : dotProductAttention(query, key, value, options)
      ).output
    }
    expectClose(attend(...given).dataSync(), c.output, GOLDEN)
    const weights = tf.tensor3d(golden.outputWeights, [batch, queries, depth])
    const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(tf.mul(attend(...at), weights)))(given)
    Object.entries(c.gradients).forEach(([name, wanted], i) =>
      expectClose(gradients[i]?.dataSync() ?? [], wanted, GOLDEN, `gradient of ${name}`),
    )
  })

  it('leaves no tensor behind', async () => {
    await tf.setBackend(backend)
    const c = { batch: 2, queries: 3, keys: 4, features: 5, depth: 2, additive: true, valueMask: true }
    const before = tf.memory().numTensors
    tf.tidy(() => {
      everything(c)
    })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('names what does not fit', async () => {
    await tf.setBackend(backend)
    const wrong = (options: object) => () => dotProductAttention(q(), k(), v(), options)
    expect(() => dotProductAttention(tf.zeros([2, 2]), k(), v())).toThrow(
      'dotProductAttention: expected shape [B, Tq, D] for query, received [2, 2]',
    )
    expect(() => dotProductAttention(q(), tf.zeros([1, 3, 4]), v())).toThrow('expected shape [1, Tv, 2] for key')
    expect(() => dotProductAttention(q(), k(), tf.zeros([1, 2, 1]))).toThrow('expected shape [1, 3, Dv] for value')
    expect(() => additiveAttention(q(), k(), v(), tf.zeros([3]))).toThrow(
      'additiveAttention: expected shape [2] for scale, received [3]',
    )
    expect(wrong({ queryMask: tf.zeros([1, 3]) })).toThrow('expected shape [1, 2] for queryMask')
    expect(wrong({ valueMask: tf.zeros([1, 2]) })).toThrow('expected shape [1, 3] for valueMask')
    expect(wrong({ dropoutMask: tf.zeros([1, 2]) })).toThrow('expected shape [1, 2, 3] for dropoutMask')
  })
})

const shapes: Case[] = [
  { batch: 0, queries: 2, keys: 3, features: 4, depth: 2 },
  { batch: 2, queries: 0, keys: 3, features: 4, depth: 2 },
  { batch: 2, queries: 2, keys: 0, features: 4, depth: 2 },
  { batch: 2, queries: 2, keys: 3, features: 4, depth: 0 },
  { batch: 1, queries: 1, keys: 1, features: 1, depth: 1 },
  { batch: 3, queries: 1, keys: 37, features: 17, depth: 33 },
  { batch: 2, queries: 3, keys: 4, features: 5, depth: 7 },
  { batch: 2, queries: 4, keys: 5, features: 8, depth: 9 },
  { batch: 2, queries: 16, keys: 17, features: 15, depth: 16 },
  { batch: 2, queries: 33, keys: 8, features: 3, depth: 31 },
  { batch: 1, queries: 130, keys: 121, features: 6, depth: 5 },
  { batch: 1, queries: 20, keys: 15, features: 270, depth: 3 },
]
const variants: Partial<Case>[] = [
  {},
  { factor: 0.3, valueMask: true },
  { causal: true, queryMask: true },
  { causal: true, queryMask: true, valueMask: true, dropout: true },
]

describeNative('attention, reference and native', () => {
  const cases = shapes.flatMap((shape) =>
    [false, true].flatMap((additive) => variants.map((variant) => ({ ...shape, additive, ...variant }))),
  )
  it.each(cases)('agree: %j', async (c) => {
    const { reference, native } = await expectNativeCalls(['Attention', 'AttentionGrad'], () =>
      onBoth(() => everything(c)),
    )
    expectAllClose(native, reference, ACCUMULATED)
  })

  it('agree without a scale', async () => {
    const c = { batch: 2, queries: 5, keys: 19, features: 18, depth: 4, additive: true, scaled: false }
    const { reference, native } = await onBoth(() => everything(c))
    expectAllClose(native, reference, ACCUMULATED)
  })

  it.each([false, true])('give the same bits with 1 and 2 threads (additive: %s)', async (additive) => {
    const c = { batch: 3, queries: 150, keys: 140, features: 33, depth: 20, causal: true, valueMask: true, additive }
    const at = (threads: number) => withThreads(threads, () => onBackend('native', () => everything(c)))
    expect(await at(2)).toEqual(await at(1))
  })

  it.each([false, true].flatMap((additive) => variants.map((variant) => ({ additive, ...variant }))))(
    'have the gradient of finite differences: %j',
    async (variant) => {
      await tf.setBackend('native')
      const c = { batch: 2, queries: 3, keys: 4, features: 3, depth: 2, ...variant }
      expectGradients((...inputs) => {
        const { output, weights } = run(c, inputs)
        return weights ? [output, weights] : output
      }, inputsOf(c))
    },
  )
})
