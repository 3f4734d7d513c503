import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectAllClose, expectClose, expectGradients, filled } from '../testing/close.js'
import {
  describeNative,
  expectNativeCalls,
  nativeAvailable,
  onBackend,
  onBoth,
  withThreads,
} from '../testing/native.js'

// The reference adds in float64 and rounds once; blocks of float32 sums differ in the last digits of their largest partial sum.
const SUMMED = { absolute: 1e-4, relative: 1e-5 }

type Op = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor

const ops: { kernel: string; op: Op }[] = [
  { kernel: 'Sum', op: tf.sum },
  { kernel: 'Mean', op: tf.mean },
  { kernel: 'Max', op: tf.max },
  { kernel: 'Min', op: tf.min },
]

const cases: [number[], (number | number[])?][] = [
  [[]],
  [[1]],
  [[7]],
  [[16]],
  [[33]],
  [[40_001]],
  [[5, 3], 0],
  [[5, 3], 1],
  [[5, 3], -1],
  [[1, 3], 0],
  [
    [5, 3],
    [0, 1],
  ],
  [[300, 70], 0],
  [[9, 64], 0],
  [[9, 64], 1],
  [[20_000, 3], 0],
  [[3, 20_000], 1],
  [[2, 3, 4], 1],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [
    [2, 3, 4, 17],
    [0, 1, 2],
  ],
  [
    [2, 3, 4, 17],
    [1, 3],
  ],
  [
    [2, 1, 4, 1],
    [1, 3],
  ],
  [
    [2, 3, 2, 3, 2],
    [0, 2, 4],
  ],
  [[3, 2], []],
]

describeNative('reductions', () => {
  it('of rows, columns and all, worked by hand', async () => {
    const x = () => tf.tensor2d([1, 5, 3, 4, 2, 9], [2, 3])
    const results = await onBackend('native', () => [
      tf.sum(x(), 0),
      tf.sum(x(), 1),
      tf.mean(x()),
      tf.max(x(), 0),
      tf.min(x(), 1),
      tf.prod(x(), 0),
      tf.argMax(x(), 1),
      tf.argMin(x(), 0),
    ])
    expect(results).toEqual([[5, 7, 12], [9, 15], [4], [4, 5, 9], [1, 2], [4, 10, 27], [1, 2], [0, 1, 0]])
  })

  it.each(ops)('$kernel agrees with the reference on all shapes and axes', async ({ kernel, op }) => {
    const all = () => cases.flatMap(([shape, axis]) => [false, true].map((keep) => op(filled(shape, 1), axis, keep)))
    const { reference, native } = await expectNativeCalls([kernel], () => onBoth(all))
    expectAllClose(native, reference, SUMMED)
    await tf.setBackend('cpu')
    const wanted = all().map(({ shape }) => shape)
    await tf.setBackend('native')
    expect(all().map(({ shape }) => shape)).toEqual(wanted)
  })

  it('Prod agrees with the reference', async () => {
    const all = () => cases.map(([shape, axis]) => tf.prod(filled(shape, 1, 0.97, 1.03), axis))
    const { reference, native } = await expectNativeCalls(['Prod'], () => onBoth(all))
    expectAllClose(native, reference, { absolute: 0, relative: 1e-3 })
  })

  it.each(ops)('$kernel of nothing is that of the reference', async ({ op }) => {
    const { reference, native } = await onBoth(() => [op(tf.zeros([0, 3]), 1), op(tf.zeros([3, 0]), 1)])
    expectAllClose(native, reference)
  })

  it('Max and Min hand on NaN wherever it stands', async () => {
    for (const size of [1, 5, 17, 70])
      for (const place of [0, size - 1]) {
        const values = new Float32Array(size).fill(1)
        values[place] = NaN
        const results = await onBackend('native', () => [tf.max(tf.tensor1d(values)), tf.min(tf.tensor1d(values))])
        expect(results).toEqual([[NaN], [NaN]])
      }
  })

  it('Sum stays accurate over a million elements', async () => {
    const [sum] = await onBackend('native', () => tf.sum(tf.fill([1 << 20], 0.1)))
    expect(Math.abs((sum?.[0] ?? 0) / (0.1 * 2 ** 20) - 1)).toBeLessThan(1e-6)
    const [columns] = await onBackend('native', () => tf.sum(tf.fill([1 << 18, 4], 0.1), 0))
    for (const column of columns ?? []) expect(Math.abs(column / (0.1 * 2 ** 18) - 1)).toBeLessThan(1e-5)
  })

  it('gives the same bits with 1 and 2 threads', async () => {
    const run = (threads: number) =>
      withThreads(threads, () =>
        onBackend('native', () => cases.flatMap(([shape, axis]) => ops.map(({ op }) => op(filled(shape, 1), axis)))),
      )
    expect(await run(2)).toEqual(await run(1))
  })

  it.each([tf.argMax, tf.argMin])('%o agrees with the reference', async (op) => {
    const all = () =>
      [
        { shape: [7], axis: 0 },
        { shape: [5, 3], axis: 0 },
        { shape: [5, 17], axis: 1 },
        { shape: [2, 3, 4], axis: 1 },
      ].map(({ shape, axis }) => op(tf.round(filled(shape, 5, -3, 3)), axis))
    const { reference, native } = await onBoth(all)
    expect(native).toEqual(reference)
  })

  it('All and Any agree with the reference', async () => {
    const all = () =>
      [0, 1, [0, 1], undefined].flatMap((axis) => {
        const x = tf.greater(filled([6, 3], 4), -0.5)
        return [tf.all(x, axis), tf.any(x, axis, true)]
      })
    const { reference, native } = await expectNativeCalls(['All', 'Any'], () => onBoth(all))
    expect(native).toEqual(reference)
  })

  it('leaves integers and booleans to the reference', async () => {
    const { reference, native } = await onBoth(() => [
      tf.sum(tf.tensor1d([1, 2, 3], 'int32')),
      tf.sum(tf.tensor1d([true, false, true], 'bool')),
      tf.max(tf.tensor1d([1, 2, 3], 'int32')),
    ])
    expect(native).toEqual(reference)
  })

  it('does not recycle a view of its input', async () => {
    await tf.setBackend('native')
    const x = tf.add(filled([1, 5], 1), 0)
    const same = tf.sum(x, 0)
    x.dispose()
    tf.dispose([tf.add(filled([5], 2), 0), tf.add(filled([1, 5], 3), 0)])
    expectClose(same.dataSync(), filled([5], 1).dataSync())
  })
})

describe.each(nativeAvailable() ? ['cpu', 'native'] : ['cpu'])('gradients of reductions on %s', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it.each(ops)('$kernel: those of finite differences', ({ op }) => {
    const shapes: [number[], (number | number[])?][] = [
      [[5]],
      [[3, 4], 0],
      [[3, 4], 1],
      [
        [2, 3, 2],
        [0, 2],
      ],
    ]
    for (const [shape, axis] of shapes)
      for (const keepDims of [false, true])
        expectGradients((x) => op(x, axis, keepDims), [filled(shape, 6, 0.5, 2)], { step: 2e-3 })
  })

  it('of a mean of the squares of a mean, twice', () => {
    const f = (x: tf.Tensor) => tf.mean(tf.square(tf.mean(x, 1)))
    expectGradients(tf.grad(f), [filled([3, 4], 7)])
  })
})
