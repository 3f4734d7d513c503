import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { expect, it } from 'vitest'
import { ACCUMULATED, expectAllClose, expectGradients, filled } from '../testing/close.js'
import { describeNative, expectNativeCalls, onBackend, onBoth, withThreads } from '../testing/native.js'

/** Batch shapes of a and b, then rows, depth, cols. */
const shapes: [number[], number[], number, number, number][] = [
  [[], [], 1, 1, 1],
  [[], [], 3, 5, 7],
  [[], [], 1, 300, 33],
  [[], [], 15, 4, 31],
  [[], [], 14, 16, 32],
  [[], [], 29, 257, 65],
  [[], [], 300, 3, 2],
  [[], [], 2, 3, 300],
  [[], [], 5, 0, 4],
  [[], [], 0, 4, 5],
  [[3], [3], 4, 5, 6],
  [[3], [1], 4, 5, 17],
  [[1], [3], 9, 5, 4],
  [[2, 3], [2, 3], 2, 3, 4],
  [[2, 3], [1, 1], 2, 3, 4],
  [[0], [0], 2, 3, 4],
]
const transposes = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const

describeNative('matMul', () => {
  it('computes a product worked by hand', async () => {
    const [values] = await expectNativeCalls(['BatchMatMul'], () =>
      onBackend('native', () =>
        tf.matMul(
          tf.tensor2d([
            [1, 2],
            [3, 4],
          ]),
          tf.tensor2d([
            [5, -1],
            [6, 0.5],
          ]),
        ),
      ),
    )
    expect(values).toEqual([17, 0, 39, -1])
  })

  it.each(shapes)('agrees with the reference: %j x %j, %i x %i x %i', async (batchA, batchB, rows, depth, cols) => {
    const product = () =>
      transposes.map(([transposeA, transposeB]) =>
        tf.matMul(
          filled([...batchA, ...(transposeA ? [depth, rows] : [rows, depth])], 1),
          filled([...batchB, ...(transposeB ? [cols, depth] : [depth, cols])], 2),
          transposeA,
          transposeB,
        ),
      )
    const { reference, native } = await expectNativeCalls(['BatchMatMul'], () => onBoth(product))
    expectAllClose(native, reference, ACCUMULATED)
  })

  it('has the gradients of finite differences for each transposition', async () => {
    await tf.setBackend('native')
    for (const [transposeA, transposeB] of transposes)
      expectGradients(
        (a, b) => tf.matMul(a, b, transposeA, transposeB),
        [filled(transposeA ? [3, 2] : [2, 3], 1), filled(transposeB ? [4, 3] : [3, 4], 2)],
      )
  })

  it('has the gradients of finite differences for a batch', async () => {
    await tf.setBackend('native')
    expectGradients((a, b) => tf.matMul(a, b), [filled([2, 2, 3], 1), filled([2, 3, 2], 2)])
  })

  it('gives the same bits with 1 and 2 threads', async () => {
    const run = (threads: number) =>
      withThreads(threads, () =>
        onBackend('native', () => [
          tf.matMul(filled([70, 300], 1), filled([300, 90], 2)),
          tf.matMul(filled([20, 300], 1), filled([300, 190], 2)),
          tf.matMul(filled([9, 30, 40], 3), filled([9, 40, 50], 4)),
        ]),
      )
    expect(await run(2)).toEqual(await run(1))
  })

  it('refuses depths that differ, in the words of TensorFlow.js', async () => {
    await tf.setBackend('native')
    expect(() => tf.matMul(filled([2, 3], 1), filled([4, 2], 2))).toThrow('inner shapes (3) and (4)')
  })
})

describeNative('fused matMul', () => {
  const activations = ['linear', 'relu', 'sigmoid', 'relu6', 'elu'] as const

  it.each(activations)('agrees with the reference: %s, with and without a bias', async (activation) => {
    const product = () =>
      [filled([19], 3), undefined].map((bias) =>
        tf.fused.matMul({ a: filled([5, 7], 1, -3, 3), b: filled([7, 19], 2, -3, 3), bias, activation }),
      )
    const { reference, native } = await onBoth(product)
    expectAllClose(native, reference, ACCUMULATED)
  })

  it('runs in C++ for the activations that it fuses', async () => {
    await expectNativeCalls(['_FusedMatMul'], () =>
      onBackend('native', () => tf.fused.matMul({ a: filled([2, 3], 1), b: filled([3, 2], 2), activation: 'relu' })),
    )
  })

  it('has the gradients of finite differences', async () => {
    await tf.setBackend('native')
    expectGradients(
      (a, b, bias) => tf.fused.matMul({ a, b, bias, activation: 'relu' }),
      [filled([3, 2], 1), filled([2, 4], 2), filled([4], 3, 0.5, 2)],
    )
  })
})
