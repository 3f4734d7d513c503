import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectAllClose, expectClose, expectGradients, filled, ROUNDING } from '../testing/close.js'
import {
  describeNative,
  expectNativeCalls,
  nativeAvailable,
  onBackend,
  onBoth,
  withThreads,
} from '../testing/native.js'

/** Below 1, 1, odd, and around the vector widths 4, 8 and 16; the last is shared by two threads. */
const sizes = [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 40_001]

/** Where JavaScript has its own ideas. */
const special = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 6, 88.72, -87.2, 100, -100, 1e-10, -1e-10, 3e38, -3e38, 1e-30]

type Op = (x: tf.Tensor) => tf.Tensor

const ops: { kernel: string; op: Op; from?: number; to?: number }[] = [
  { kernel: 'Relu', op: tf.relu },
  { kernel: 'Relu6', op: tf.relu6, from: -4, to: 9 },
  { kernel: 'Sigmoid', op: tf.sigmoid, from: -20, to: 20 },
  { kernel: 'Tanh', op: tf.tanh, from: -9, to: 9 },
  { kernel: 'Exp', op: tf.exp, from: -20, to: 20 },
  { kernel: 'Log', op: tf.log, from: 0, to: 50 },
  { kernel: 'Log1p', op: tf.log1p, from: -0.9, to: 5 },
  { kernel: 'Sqrt', op: tf.sqrt, from: 0, to: 9 },
  { kernel: 'Rsqrt', op: tf.rsqrt, from: 0.1, to: 9 },
  { kernel: 'Square', op: tf.square },
  { kernel: 'Neg', op: tf.neg },
  { kernel: 'Abs', op: tf.abs },
  { kernel: 'Reciprocal', op: tf.reciprocal, from: 0.1, to: 4 },
  { kernel: 'ClipByValue', op: (x) => tf.clipByValue(x, -0.3, 0.6) },
  { kernel: 'Step', op: (x) => tf.step(x, 0.25) },
  { kernel: 'Elu', op: tf.elu, from: -3, to: 3 },
  { kernel: 'Sign', op: tf.sign },
  { kernel: 'Softplus', op: tf.softplus, from: -20, to: 20 },
  { kernel: 'LeakyRelu', op: (x) => tf.leakyRelu(x, 0.1) },
]

const hand: [string, Op, number[], number[]][] = [
  ['relu', tf.relu, [-2, 0, 3], [0, 0, 3]],
  ['relu6', tf.relu6, [-2, 5, 7], [0, 5, 6]],
  ['sigmoid', tf.sigmoid, [0, Math.log(3)], [0.5, 0.75]],
  ['tanh', tf.tanh, [0, Math.log(3)], [0, 0.8]],
  ['exp', tf.exp, [0, 1, -1], [1, Math.E, 1 / Math.E]],
  ['log', tf.log, [1, Math.E, 0], [0, 1, -Infinity]],
  ['log1p', tf.log1p, [0, 1e-8, Math.E - 1], [0, 1e-8, 1]],
  ['clip', (x) => tf.clipByValue(x, -1, 2), [-5, 0.5, 7], [-1, 0.5, 2]],
  ['elu', tf.elu, [2, -Math.LN2], [2, -0.5]],
  ['softplus', tf.softplus, [0, 100, -100], [Math.LN2, 100, 3.7835e-44]],
]

describeNative('unary kernels', () => {
  it.each(hand)('%s, worked by hand', async (_, op, inputs, outputs) => {
    const [values] = await onBackend('native', () => op(tf.tensor1d(inputs)))
    expectClose(values ?? [], outputs)
  })

  it.each(ops)('$kernel agrees with the reference on all sizes', async ({ kernel, op, from = -2, to = 2 }) => {
    const { reference, native } = await expectNativeCalls([kernel], () =>
      onBoth(() => sizes.map((size) => op(filled([size], size, from, to)))),
    )
    expectAllClose(native, reference, ROUNDING)
  })

  it.each(ops)('$kernel agrees with the reference on what is not ordinary', async ({ op }) => {
    const { reference, native } = await onBoth(() => op(tf.tensor1d(special)))
    expectAllClose(native, reference, ROUNDING)
  })

  it.each(ops)('$kernel has the gradient of finite differences', async ({ op, from = -2, to = 2 }) => {
    await tf.setBackend('native')
    // Steps and kinks of the ops above are nowhere near these.
    const x = filled([11], 2, Math.max(from, -2.5) + 0.21, Math.min(to, 2.5) - 0.23)
    expectGradients(op, [x], { step: 2e-3, tolerance: { absolute: 5e-3, relative: 1e-2 } })
  })

  // Of sigmoid and tanh TensorFlow.js gives none: it takes what a kernel saves of its outputs for constants.
  it('Relu has the gradient of its gradient', async () => {
    await tf.setBackend('native')
    const f = (x: tf.Tensor) => tf.sum(tf.square(tf.relu(tf.mul(x, x))))
    expectGradients(tf.grad(f), [filled([6], 3, 0.3, 1.5)], { step: 2e-3 })
  })

  it('keeps the shape, and gives the same bits with 1 and 2 threads', async () => {
    await tf.setBackend('native')
    expect(tf.relu(filled([2, 3, 4], 1)).shape).toEqual([2, 3, 4])
    const run = (threads: number) => withThreads(threads, () => onBackend('native', () => tf.exp(filled([50_003], 1))))
    expect(await run(2)).toEqual(await run(1))
  })

  it('leaves integers to the reference', async () => {
    const { reference, native } = await onBoth(() => tf.square(tf.tensor1d([1, 2, 3], 'int32')))
    expect(native).toEqual(reference)
  })
})

describeNative('Cast', () => {
  const types = ['float32', 'int32', 'bool'] as const
  const pairs = types.flatMap((from) => types.map((to) => [from, to] as const))

  it.each(pairs)('from %s to %s agrees with the reference', async (from, to) => {
    const values = from === 'bool' ? [1, 0, 1] : [0, 1, -1, 2, -7, 100]
    const cast = () =>
      [values, Array.from({ length: 37 }, (_, i) => (from === 'bool' ? i % 2 : i - 9))].map((list) =>
        tf.cast(tf.tensor1d(list, from), to),
      )
    const { reference, native } = await onBoth(cast)
    expectAllClose(native, reference)
    await tf.setBackend('native')
    expect(cast().map((tensor) => tensor.dtype)).toEqual([to, to])
  })

  it('truncates as JavaScript does', async () => {
    const values = [1.9, -1.9, NaN, Infinity, -Infinity, 4294967296, 4294967808, -2147483648, 3e9, -3e9, 1e20]
    const { reference, native } = await expectNativeCalls(['Cast'], () =>
      onBoth(() => [tf.cast(tf.tensor1d(values), 'int32'), tf.cast(tf.tensor1d(values), 'bool')]),
    )
    expect(native).toEqual(reference)
  })

  it('gives floats that other kernels can read', async () => {
    const [values] = await onBackend('native', () => tf.add(tf.cast(tf.tensor1d([1, 2], 'int32'), 'float32'), 0.5))
    expect(values).toEqual([1.5, 2.5])
  })
})

describe('gradients of activations on cpu, which the overrides must leave as they were', () => {
  beforeAll(async () => void (await tf.setBackend('cpu')))

  it.each<[string, Op]>([
    ['relu', tf.relu],
    ['relu6', (x) => tf.relu6(tf.mul(x, 6))],
    ['sigmoid', tf.sigmoid],
    ['tanh', tf.tanh],
  ])('%s', (_, op) => {
    expectGradients(op, [filled([7], 3, 0.05, 1.7)], { step: 2e-3 })
    expectGradients(op, [filled([7], 3, -1.7, -0.05)], { step: 2e-3 })
    expect(nativeAvailable()).toBeTypeOf('boolean')
  })
})
