import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { expect, it } from 'vitest'
import { expectClose, expectGradients, filled } from '../testing/close.js'
import { describeNative, expectNativeCalls, onBackend, onBoth, withThreads } from '../testing/native.js'

type Case = [name: string, kernel: string, run: () => tf.Tensor | tf.Tensor[]]

const transposed: [number[], number[]][] = [
  [
    [3, 5],
    [1, 0],
  ],
  [
    [1, 5],
    [1, 0],
  ],
  [
    [16, 16],
    [1, 0],
  ],
  [
    [17, 33],
    [1, 0],
  ],
  [
    [300, 70],
    [1, 0],
  ],
  [
    [2, 3, 4],
    [2, 1, 0],
  ],
  [
    [2, 3, 4],
    [0, 2, 1],
  ],
  [
    [5, 3, 40],
    [1, 0, 2],
  ],
  [
    [2, 3, 4, 5],
    [0, 3, 1, 2],
  ],
  [
    [2, 9, 4, 5],
    [3, 2, 1, 0],
  ],
  [
    [2, 3, 4, 5, 6],
    [4, 0, 3, 1, 2],
  ],
  [
    [2, 1, 4],
    [1, 0, 2],
  ],
  [
    [0, 3],
    [1, 0],
  ],
]

const parts = (axis: number) => [1, 3, 2].map((size, i) => filled(axis === 0 ? [size, 5] : [5, size], i))

const cases: Case[] = [
  ...transposed.map(([shape, perm]): Case => [
    `transpose ${JSON.stringify(shape)} by ${JSON.stringify(perm)}`,
    'Transpose',
    () => tf.transpose(filled(shape, 1), perm),
  ]),
  ['slice of rows', 'Slice', () => tf.slice(filled([7, 5], 1), [2, 0], [3, 5])],
  ['slice of columns', 'Slice', () => tf.slice(filled([7, 5], 1), [0, 1], [-1, 3])],
  ['slice of a corner', 'Slice', () => tf.slice(filled([3, 4, 5, 6], 1), [1, 1, 2, 3], [2, 2, 2, 2])],
  ['slice of everything', 'Slice', () => tf.slice(filled([3, 4], 1), [0, 0])],
  ['slice of nothing', 'Slice', () => tf.slice(filled([3, 4], 1), [1, 1], [0, 2])],
  ['strided slice', 'StridedSlice', () => tf.stridedSlice(filled([9, 7], 1), [1, 0], [9, 7], [2, 3])],
  ['strided slice backwards', 'StridedSlice', () => tf.stridedSlice(filled([9], 1), [8], [1], [-2])],
  [
    'strided slice that drops an axis',
    'StridedSlice',
    () => tf.stridedSlice(filled([4, 5, 6], 1), [1, 0, 0], [2, 5, 6], [1, 1, 1], 0, 0, 0, 0, 1),
  ],
  ['concat of rows', 'Concat', () => tf.concat(parts(0), 0)],
  ['concat of columns', 'Concat', () => tf.concat(parts(1), 1)],
  ['concat with an empty one', 'Concat', () => tf.concat([filled([2, 3], 1), filled([0, 3], 2), filled([1, 3], 3)], 0)],
  ['concat of rank 4', 'Concat', () => tf.concat([filled([2, 3, 2, 5], 1), filled([2, 3, 1, 5], 2)], 2)],
  ...[0, 1, 2].map((axis): Case => [
    `stack along ${axis}`,
    'Pack',
    () => tf.stack([filled([3, 4], 1), filled([3, 4], 2), filled([3, 4], 3)], axis),
  ]),
  ['stack of one', 'Pack', () => tf.stack([filled([3, 4], 1)], 1)],
  ...[0, 1, 2].map((axis): Case => [`unstack along ${axis}`, 'Unpack', () => tf.unstack(filled([3, 4, 2], 1), axis)]),
  ['split in equal parts', 'SplitV', () => tf.split(filled([4, 6], 1), 3, 1)],
  ['split in given parts', 'SplitV', () => tf.split(filled([6, 4], 1), [1, 3, 2], 0)],
  [
    'pad with zeros',
    'PadV2',
    () =>
      tf.pad(filled([3, 4], 1), [
        [1, 2],
        [0, 3],
      ]),
  ],
  [
    'pad with a value',
    'PadV2',
    () =>
      tf.pad(
        filled([2, 3, 4], 1),
        [
          [0, 0],
          [1, 0],
          [0, 1],
        ],
        7,
      ),
  ],
  [
    'pad with nothing',
    'PadV2',
    () =>
      tf.pad(filled([2, 3], 1), [
        [0, 0],
        [0, 0],
      ]),
  ],
  ['tile of rows', 'Tile', () => tf.tile(filled([2, 3], 1), [4, 1])],
  ['tile of everything', 'Tile', () => tf.tile(filled([2, 3, 4], 1), [2, 3, 2])],
  ['tile of a column', 'Tile', () => tf.tile(filled([5, 1], 1), [1, 40])],
  ['tile of a row', 'Tile', () => tf.tile(filled([1, 17], 1), [9, 1])],
  ['tile by nothing', 'Tile', () => tf.tile(filled([2, 3], 1), [1, 1])],
  ['reverse of rows', 'Reverse', () => tf.reverse(filled([4, 3], 1), 0)],
  ['reverse of columns', 'Reverse', () => tf.reverse(filled([4, 3], 1), 1)],
  ['reverse of two axes', 'Reverse', () => tf.reverse(filled([4, 3, 5], 1), [0, 2])],
  ['one-hot', 'OneHot', () => tf.oneHot(tf.tensor1d([0, 2, 5, -1], 'int32'), 4, 0.9, 0.1, 'float32')],
  ['one-hot integers', 'OneHot', () => tf.oneHot(tf.tensor2d([0, 2, 1, 1], [2, 2], 'int32'), 3)],
  ['zeros like', 'ZerosLike', () => tf.zerosLike(filled([3, 4], 1))],
  ['ones like', 'OnesLike', () => tf.onesLike(filled([3, 4], 1))],
  ['fill', 'Fill', () => tf.fill([3, 4], 2.5)],
  ['integers', 'Transpose', () => tf.transpose(tf.reshape(tf.range(0, 12, 1, 'int32'), [3, 4]))],
  ['booleans', 'Concat', () => tf.concat([tf.greater(filled([3, 4], 1), 0), tf.less(filled([3, 2], 1), 0)], 1)],
]

const shapesOf = (result: tf.Tensor | tf.Tensor[]) => [result].flat().map(({ shape, dtype }) => ({ shape, dtype }))

describeNative('copies', () => {
  it('transpose, pad and reverse, worked by hand', async () => {
    const x = () => tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3])
    const results = await onBackend('native', () => [
      tf.transpose(x()),
      tf.pad(
        x(),
        [
          [1, 0],
          [0, 1],
        ],
        9,
      ),
      tf.reverse(x(), [0, 1]),
      tf.tile(x(), [1, 2]),
    ])
    expect(results).toEqual([
      [1, 4, 2, 5, 3, 6],
      [9, 9, 9, 9, 1, 2, 3, 9, 4, 5, 6, 9],
      [6, 5, 4, 3, 2, 1],
      [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6],
    ])
  })

  it.each(cases)('%s agrees with the reference', async (_, kernel, run) => {
    const { reference, native } = await expectNativeCalls([kernel], () => onBoth(run))
    expect(native).toEqual(reference)
    await tf.setBackend('cpu')
    const wanted = shapesOf(run())
    await tf.setBackend('native')
    expect(shapesOf(run())).toEqual(wanted)
  })

  it.each<[string, (x: tf.Tensor) => tf.Tensor | tf.Tensor[]]>([
    ['transpose', (x) => tf.transpose(x, [2, 0, 1])],
    ['slice', (x) => tf.slice(x, [0, 1, 0], [2, 1, 3])],
    ['concat', (x) => tf.concat([x, tf.square(x), x], 1)],
    ['stack', (x) => tf.stack([x, tf.square(x)], 1)],
    ['unstack', (x) => tf.unstack(x, 1)],
    ['split', (x) => tf.split(x, [1, 2], 2)],
    [
      'pad',
      (x) =>
        tf.pad(x, [
          [0, 1],
          [1, 0],
          [2, 0],
        ]),
    ],
    ['tile', (x) => tf.tile(x, [2, 1, 2])],
    ['reverse', (x) => tf.reverse(x, 2)],
  ])('%s has the gradient of finite differences', async (_, f) => {
    await tf.setBackend('native')
    expectGradients(f, [filled([2, 2, 3], 1)])
  })

  it('copies own their memory: what they were made from may go', async () => {
    await tf.setBackend('native')
    const x = tf.add(filled([6, 5], 1), 0)
    const [head, tail] = tf.split(x, 2, 0)
    const rows = tf.unstack(x, 0)
    const [same] = [tf.transpose(tf.reshape(x, [6, 1, 5]), [1, 0, 2])]
    const wanted = [head, tail, ...rows, same].map((tensor) => Array.from(tensor?.clone().dataSync() ?? []))
    x.dispose()
    tf.dispose([6 * 5, 3 * 5, 5].map((size) => tf.fill([size], 99)))
    ;[head, tail, ...rows, same].forEach((tensor, i) => expectClose(tensor?.dataSync() ?? [], wanted[i] ?? []))
  })

  it('gives the same bits with 1 and 2 threads', async () => {
    const run = (threads: number) =>
      withThreads(threads, () =>
        onBackend('native', () => [
          tf.transpose(filled([301, 203], 1)),
          tf.transpose(filled([40, 50, 60], 1), [1, 0, 2]),
          tf.reverse(filled([300, 201], 1), 1),
        ]),
      )
    expect(await run(2)).toEqual(await run(1))
  })
})
