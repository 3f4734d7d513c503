import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { expect, it } from 'vitest'
import { expectAllClose, expectClose, expectGradients, filled, ROUNDING } from '../testing/close.js'
import { describeNative, expectNativeCalls, onBackend, onBoth, withThreads } from '../testing/native.js'

type Op = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor

const shapes: [number[], number[]][] = [
  [[], []],
  [[1], [1]],
  [[0], [0]],
  [[0, 3], [3]],
  [[7], [7]],
  [[4], [1]],
  [[1], [17]],
  [[33], []],
  [[], [16]],
  [
    [5, 3],
    [5, 3],
  ],
  [[5, 3], [3]],
  [[9], [4, 9]],
  [
    [5, 1],
    [5, 8],
  ],
  [
    [5, 1],
    [1, 17],
  ],
  [
    [2, 3, 4],
    [2, 1, 4],
  ],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [
    [3, 1, 5, 1],
    [1, 4, 1, 9],
  ],
  [
    [2, 1, 2, 1, 2],
    [1, 3, 1, 3, 1],
  ],
  [[200, 300], [300]],
  [
    [40, 50, 20],
    [40, 1, 20],
  ],
]

const arithmetic: { kernel: string; op: Op }[] = [
  { kernel: 'Add', op: tf.add },
  { kernel: 'Sub', op: tf.sub },
  { kernel: 'Multiply', op: tf.mul },
  { kernel: 'RealDiv', op: tf.div },
  { kernel: 'Maximum', op: tf.maximum },
  { kernel: 'Minimum', op: tf.minimum },
  { kernel: 'SquaredDifference', op: tf.squaredDifference },
  { kernel: 'Pow', op: (a, b) => tf.pow(tf.add(tf.abs(a), 0.1), b) },
]
const comparisons: { kernel: string; op: Op }[] = [
  { kernel: 'Greater', op: tf.greater },
  { kernel: 'GreaterEqual', op: tf.greaterEqual },
  { kernel: 'Less', op: tf.less },
  { kernel: 'LessEqual', op: tf.lessEqual },
  { kernel: 'Equal', op: tf.equal },
  { kernel: 'NotEqual', op: tf.notEqual },
]
/** Few distinct values, so that some are equal. */
const coarse = (shape: number[], seed: number) => tf.round(filled(shape, seed, -2, 2))

describeNative('binary kernels', () => {
  it('adds a bias to each row, and a column to each column, worked by hand', async () => {
    const x = () => tf.tensor2d([1, 2, 3, 4], [2, 2])
    const [rows, columns] = await onBackend('native', () => [
      tf.add(x(), tf.tensor1d([10, 20])),
      tf.sub(x(), tf.tensor2d([1, 2], [2, 1])),
    ])
    expect(rows).toEqual([11, 22, 13, 24])
    expect(columns).toEqual([0, 1, 1, 2])
  })

  it.each(arithmetic)('$kernel agrees with the reference on all shapes', async ({ kernel, op }) => {
    const { reference, native } = await expectNativeCalls([kernel], () =>
      onBoth(() => shapes.map(([a, b]) => op(filled(a, 1, -2, 2), filled(b, 2, -2, 2)))),
    )
    expectAllClose(native, reference, ROUNDING)
  })

  it.each(comparisons)('$kernel agrees with the reference on all shapes', async ({ kernel, op }) => {
    const { reference, native } = await expectNativeCalls([kernel], () =>
      onBoth(() => shapes.map(([a, b]) => op(coarse(a, 1), coarse(b, 2)))),
    )
    expect(native).toEqual(reference)
  })

  it.each([...arithmetic, ...comparisons])('$kernel agrees on what is not ordinary', async ({ op }) => {
    const special = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 2]
    const { reference, native } = await onBoth(() =>
      op(tf.tensor2d(special, [special.length, 1]), tf.tensor2d(special, [1, special.length])),
    )
    expectAllClose(native, reference, ROUNDING)
  })

  it.each(arithmetic)('$kernel has the gradients of finite differences', async ({ op }) => {
    await tf.setBackend('native')
    expectGradients(op, [filled([5, 4], 3, 0.5, 2), filled([5, 4], 4, 2.1, 3)], { step: 3e-3 })
  })

  // TensorFlow.js has no gradients of the other three for broadcast operands.
  it.each(arithmetic.filter(({ kernel }) => !['Maximum', 'Minimum', 'SquaredDifference'].includes(kernel)))(
    '$kernel has the gradients of finite differences for broadcast operands',
    async ({ op }) => {
      await tf.setBackend('native')
      const pairs: [number[], number[]][] = [
        [[3, 4], [4]],
        [[2, 3, 2], []],
        [
          [2, 1, 3],
          [2, 2, 1],
        ],
      ]
      for (const [a, b] of pairs) expectGradients(op, [filled(a, 3, 0.5, 2), filled(b, 4, 2.1, 3)], { step: 3e-3 })
    },
  )

  it('names shapes that do not fit, in the words of TensorFlow.js', async () => {
    await tf.setBackend('native')
    expect(() => tf.add(filled([2, 3], 1), filled([2], 2))).toThrow('could not be broadcast together')
  })

  it('leaves integers to the reference', async () => {
    const { reference, native } = await onBoth(() => tf.add(tf.tensor1d([1, 2], 'int32'), tf.scalar(3, 'int32')))
    expect(native).toEqual(reference)
  })

  it('gives the same bits with 1 and 2 threads', async () => {
    const run = (threads: number) =>
      withThreads(threads, () =>
        onBackend('native', () => [
          tf.div(filled([70_001], 1), filled([70_001], 2)),
          tf.pow(filled([700, 33], 1, 0, 1), filled([33], 2)),
        ]),
      )
    expect(await run(2)).toEqual(await run(1))
  })
})

describeNative('activation gradients', () => {
  it.each<[string, (x: tf.Tensor) => tf.Tensor, number]>([
    ['ReluGrad', tf.relu, 1],
    ['Relu6Grad', (x) => tf.relu6(tf.mul(x, 5)), 1],
    ['SigmoidGrad', tf.sigmoid, 1],
    ['TanhGrad', tf.tanh, 1],
    ['EluGrad', tf.elu, 1],
  ])('%s agrees with the reference', async (kernel, op, seed) => {
    const gradient = () =>
      [1, 5, 16, 33].map((size) =>
        tf.grad((x: tf.Tensor) => tf.sum(tf.mul(op(x), filled([size], 9))))(filled([size], seed, -2, 2)),
      )
    const { reference, native } = await expectNativeCalls([kernel], () => onBoth(gradient))
    expectAllClose(native, reference, ROUNDING)
  })
})

describeNative('AddN, Select, logic', () => {
  it('AddN agrees with the reference, and does not change its inputs', async () => {
    const first = filled([19], 1)
    const sum = () => tf.addN([first, filled([19], 2), filled([19], 3), first])
    const { reference, native } = await expectNativeCalls(['AddN'], () => onBoth(sum))
    expectAllClose(native, reference)
    expectClose(first.dataSync(), filled([19], 1).dataSync())
  })

  it('Select agrees with the reference', async () => {
    const choose = () =>
      [0, 1, 7, 8, 17, 33].map((size) =>
        tf.where(tf.greater(filled([size], 1), 0), filled([size], 2), filled([size], 3)),
      )
    const { reference, native } = await expectNativeCalls(['Select'], () => onBoth(choose))
    expect(native).toEqual(reference)
  })

  it('Select sends each gradient to where its value came from', async () => {
    await tf.setBackend('native')
    const condition = tf.greater(filled([3, 4], 1), 0)
    expectGradients((a, b) => tf.where(condition, a, b), [filled([3, 4], 2), filled([3, 4], 3)])
  })

  it('and, or, not agree with the reference', async () => {
    const mask = (seed: number) => tf.greater(filled([21], seed), 0) as tf.Tensor1D
    const { reference, native } = await expectNativeCalls(['LogicalAnd', 'LogicalOr', 'LogicalNot'], () =>
      onBoth(() => [tf.logicalAnd(mask(1), mask(2)), tf.logicalOr(mask(1), mask(2)), tf.logicalNot(mask(1))]),
    )
    expect(native).toEqual(reference)
  })
})
