import { readFileSync } from 'node:fs'
import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { expect, it } from 'vitest'
import { NativeBackend } from '../executors/native/backend.js'
import { sgdUpdate } from '../optimizers/sgd.js'
import { expectAllClose, expectClose, expectGradients, filled, GOLDEN } from '../testing/close.js'
import { describeNative, expectNativeCalls, onBackend, onBoth, withThreads } from '../testing/native.js'

const golden = JSON.parse(readFileSync(new URL('./golden/embedding.json', import.meta.url), 'utf8')) as {
  vocabulary: number
  features: number
  ids: number[][]
  table: number[]
  weights: number[]
  rows: number[]
  gradient: number[]
}

/** Table shape, ids' shape, axis. */
const cases: [number[], number[], number][] = [
  [[5, 3], [4], 0],
  [[5, 1], [1], 0],
  [[5, 17], [3, 2], 0],
  [[5], [6], 0],
  [[5, 16], [0], 0],
  [[2, 5, 3], [4], 1],
  [[2, 3, 5], [2, 2], 2],
  [[50, 64], [30, 40], 0],
  [[3000, 17], [9, 5], 0],
  [[40_000], [33], 0],
  [[2, 2000, 16], [7], 1],
]
const idsOf = (shape: number[], limit: number) =>
  tf.cast(tf.floor(filled(shape, 3, 0, limit - 0.01)), 'int32') as tf.Tensor1D

describeNative('gather', () => {
  it('takes rows, and its gradient adds up rows taken twice, worked by hand', async () => {
    const table = () => tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2])
    const ids = () => tf.tensor1d([2, 0, 2], 'int32')
    const [rows, gradient] = await expectNativeCalls(['GatherV2', 'UnsortedSegmentSum'], () =>
      onBackend('native', () => [
        tf.gather(table(), ids()),
        tf.grad((x: tf.Tensor) => tf.sum(tf.mul(tf.gather(x, ids()), tf.tensor2d([1, 1, 2, 2, 10, 20], [3, 2]))))(
          table(),
        ),
      ]),
    )
    expect(rows).toEqual([5, 6, 1, 2, 5, 6])
    expect(gradient).toEqual([2, 2, 0, 0, 11, 21])
  })

  it.each(cases)('agrees with the reference: table %j, ids %j, axis %i', async (shape, ids, axis) => {
    const both = () => {
      const picked = idsOf(ids, shape[axis] ?? 1)
      const table = filled(shape, 1)
      const rows = tf.gather(table, picked, axis)
      const weights = filled(rows.shape, 2)
      return [rows, tf.grad((x: tf.Tensor) => tf.sum(tf.mul(tf.gather(x, picked, axis), weights)))(table)]
    }
    const { reference, native } = await onBoth(both)
    expectAllClose(native, reference, { absolute: 1e-4, relative: 1e-5 })
  })

  it('agrees with the reference with a batch axis, and on integers', async () => {
    const { reference, native } = await onBoth(() => [
      tf.gather(filled([3, 4, 5], 1), idsOf([3, 2], 4), 1, 1),
      tf.gather(tf.tensor1d([7, 8, 9], 'int32'), idsOf([5], 3)),
    ])
    expect(native).toEqual(reference)
  })

  it('has the gradient of finite differences', async () => {
    await tf.setBackend('native')
    const ids = idsOf([5], 3)
    expectGradients((x) => tf.gather(x, ids), [filled([3, 4], 1)])
  })

  it('is PyTorch, with its gradient', async () => {
    await tf.setBackend('native')
    const { vocabulary, features, ids } = golden
    const table = tf.tensor(golden.table, [vocabulary, features])
    const picked = tf.tensor2d(ids, undefined, 'int32')
    expectClose(tf.gather(table, picked).dataSync(), golden.rows, GOLDEN)
    const weights = tf.tensor(golden.weights, [...picked.shape, features])
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(tf.gather(x, picked), weights)))(table)
    expectClose(gradient.dataSync(), golden.gradient, GOLDEN)
  })

  it('has a gradient that is right again and again where few rows of many occur', async () => {
    const weights = filled([6, 24], 2)
    const gradients = (backend: string) =>
      onBackend(backend, () =>
        [3, 1500, 3].map((limit) =>
          tf.tidy(() => {
            const table = tf.tensor2d(new Float32Array(2000 * 24), [2000, 24])
            return tf.grad((x: tf.Tensor) => tf.sum(tf.mul(tf.gather(x, idsOf([6], limit)), weights)))(table)
          }),
        ),
      )
    const [first, , third] = await gradients('native')
    expect(first).toEqual(third)
    expectAllClose(await gradients('native'), await gradients('cpu'))
  })

  it('makes plain SGD update only the rows that occur, to the same result', async () => {
    const run = (backend: string) =>
      onBackend(backend, () => {
        const table = tf.variable(filled([2000, 20], 1), true)
        const ids = tf.tensor1d([5, 1999, 5, 0], 'int32')
        const norms: number[] = []
        for (let step = 0; step < 3; step++)
          tf.tidy(() => {
            const { grads } = tf.variableGrads(
              () => tf.sum(tf.mul(tf.gather(table, ids), filled([4, 20], 3))) as tf.Scalar,
              [table],
            )
            const gradient = grads[table.name]
            if (!gradient) throw new Error('no gradient')
            if (backend === 'native' && tf.backend() instanceof NativeBackend)
              expect((tf.backend() as NativeBackend).nonZeroRows(gradient)).toEqual(Int32Array.of(5, 1999, 0))
            norms.push(sgdUpdate([table], [gradient], [], { learningRate: 0.1, clipNorm: 1 }) ?? NaN)
          })
        return [table, tf.tensor1d(norms)]
      })
    expectAllClose(await run('native'), await run('cpu'), { absolute: 1e-6, relative: 1e-5 })
  })

  it('forgets which rows occurred when the gradient is changed, viewed otherwise or read', async () => {
    await tf.setBackend('native')
    const backend = tf.backend() as NativeBackend
    const sum = () => tf.unsortedSegmentSum(filled([3, 32], 1), tf.tensor1d([7, 2, 7], 'int32'), 2000)
    expect(backend.nonZeroRows(sum())).toEqual(Int32Array.of(7, 2))
    expect(backend.nonZeroRows(tf.mul(sum(), 2))).toBeUndefined()
    expect(backend.nonZeroRows(tf.reshape(sum(), [4000, 16]))).toBeUndefined()
    const read = sum()
    read.dataSync()
    expect(backend.nonZeroRows(read)).toBeUndefined()
    const changed = sum()
    backend.mutableArray(changed)[0] = 1
    expect(backend.nonZeroRows(changed)).toBeUndefined()
    changed.dispose()
    expectClose(tf.slice(sum(), [0, 0], [1, 32]).dataSync(), new Float32Array(32))
  })

  it('names an index that is not there, in the words of TensorFlow.js', async () => {
    await tf.setBackend('native')
    expect(() => tf.gather(filled([3, 2], 1), tf.tensor1d([0, 3], 'int32'))).toThrow(
      'the index value 3 is not in [0, 2]',
    )
  })

  it('gives the same bits with 1 and 2 threads', async () => {
    const run = (threads: number) =>
      withThreads(threads, () =>
        onBackend('native', () => tf.unsortedSegmentSum(filled([3000, 40], 1), idsOf([3000], 7), 7)),
      )
    expect(await run(2)).toEqual(await run(1))
    const sparse = (threads: number) =>
      withThreads(threads, () =>
        onBackend('native', () => tf.unsortedSegmentSum(filled([3000, 40], 1), idsOf([3000], 900), 7000)),
      )
    expect(await sparse(2)).toEqual(await sparse(1))
  })
})
