import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { expect, it } from 'vitest'
import { expectClose, expectGradients, filled, GOLDEN, ROUNDING } from '../testing/close.js'
import { describeNative, expectNativeCalls, onBackend, onBoth, withThreads } from '../testing/native.js'
import golden from './golden/pool.json' with { type: 'json' }

/** Over images where `x` has four axes, over volumes where it has five. */
interface Case {
  x: number[]
  size: number[]
  strides: number[]
  pad: 'same' | 'valid' | number
}
const cases: Case[] = [
  { x: [1, 1, 1, 1], size: [1, 1], strides: [1, 1], pad: 'valid' },
  { x: [2, 4, 6, 16], size: [2, 2], strides: [2, 2], pad: 'valid' },
  { x: [2, 5, 7, 33], size: [2, 2], strides: [2, 2], pad: 'valid' },
  { x: [2, 5, 7, 15], size: [2, 2], strides: [2, 2], pad: 'same' },
  { x: [3, 6, 5, 3], size: [3, 2], strides: [1, 1], pad: 'same' },
  { x: [1, 9, 8, 17], size: [3, 3], strides: [2, 2], pad: 'same' },
  { x: [1, 9, 8, 40], size: [2, 1], strides: [3, 2], pad: 'valid' },
  { x: [2, 6, 6, 4], size: [3, 3], strides: [3, 3], pad: 1 },
  { x: [2, 1, 30, 8], size: [1, 4], strides: [1, 4], pad: 'same' },
  { x: [4, 40, 30, 8], size: [2, 2], strides: [2, 2], pad: 'valid' },
  { x: [1, 50, 30, 20], size: [3, 3], strides: [1, 1], pad: 'same' },
  { x: [1, 1, 1, 1, 1], size: [1, 1, 1], strides: [1, 1, 1], pad: 'valid' },
  { x: [2, 4, 6, 4, 16], size: [2, 2, 2], strides: [2, 2, 2], pad: 'valid' },
  { x: [2, 5, 5, 7, 33], size: [2, 2, 2], strides: [2, 2, 2], pad: 'valid' },
  { x: [1, 5, 5, 3, 15], size: [2, 2, 2], strides: [2, 2, 2], pad: 'same' },
  { x: [2, 4, 3, 5, 3], size: [3, 2, 3], strides: [1, 2, 1], pad: 'same' },
  { x: [1, 6, 7, 6, 17], size: [2, 3, 1], strides: [3, 2, 2], pad: 'valid' },
]
const sizeOf = ({ x }: Case) => tf.util.sizeFromShape(x)
const names = ({ x }: Case, kind: 'Max' | 'Avg') =>
  x.length === 4 ? [`${kind}Pool`, `${kind}PoolGrad`] : [`${kind}Pool3D`, `${kind}Pool3DGrad`]

const pair = ([rows = 1, cols = 1]: number[]): [number, number] => [rows, cols]
const triple = ([planes = 1, rows = 1, cols = 1]: number[]): [number, number, number] => [planes, rows, cols]

const pools = {
  max: (x: tf.Tensor, { size, strides, pad }: Case): tf.Tensor =>
    x.rank === 4
      ? tf.maxPool(x as tf.Tensor4D, pair(size), pair(strides), pad)
      : tf.maxPool3d(x as tf.Tensor5D, triple(size), triple(strides), pad),
  average: (x: tf.Tensor, { size, strides, pad }: Case): tf.Tensor =>
    x.rank === 4
      ? tf.avgPool(x as tf.Tensor4D, pair(size), pair(strides), pad)
      : tf.avgPool3d(x as tf.Tensor5D, triple(size), triple(strides), pad),
}

function withGradient(kind: 'max' | 'average', x: tf.Tensor, which: Case): tf.Tensor[] {
  const y = pools[kind](x, which)
  return [y, tf.grad((at: tf.Tensor) => pools[kind](at, which))(x, filled(y.shape, 2))]
}

it('by hand: the largest and the mean of each window, padding left out', async () => {
  const x = () => tf.tensor([1, 5, 3, 4, 2, 6, 7, 8, 9], [1, 3, 3, 1])
  const which: Case = { x: [1, 3, 3, 1], size: [2, 2], strides: [2, 2], pad: 'same' }
  const both = () => [pools.max(x(), which), pools.average(x(), which)]
  const expected = [
    [5, 6, 8, 9],
    [3, 4.5, 7.5, 9],
  ]
  expect(await onBackend('cpu', both)).toEqual(expected)
})

describeNative('pooling on native', () => {
  it.each(cases)('max $x by $size each $strides, $pad', async (which) => {
    // Coarse values, so that there are ties: the first of the largest gets the gradient.
    // In volumes TensorFlow.js's cpu gives it to the last, so there they are kept fine.
    const x = () => filled(which.x, 1, -3, 3)
    const run = () => withGradient('max', which.x.length === 4 ? tf.floor(x()) : x(), which)
    // A window of one pixel is the image itself: TensorFlow.js then copies nothing, and neither do we.
    const { native, reference } = await expectNativeCalls(names(which, 'Max'), () => onBoth(run))
    expectClose(native[0] ?? [], reference[0] ?? [], ROUNDING)
    // TensorFlow.js's cpu numbers the places in a window over volumes as if it were as wide as high.
    if (which.x.length === 4 || which.size.every((size) => size === which.size[0]))
      expectClose(native[1] ?? [], reference[1] ?? [], ROUNDING)
  })

  it.each(cases)('average $x by $size each $strides, $pad', async (which) => {
    const run = () => withGradient('average', filled(which.x, 1), which)
    const { native, reference } = await expectNativeCalls(names(which, 'Avg'), () => onBoth(run))
    expectClose(native[0] ?? [], reference[0] ?? [], { absolute: 1e-6, relative: 1e-6 })
    // TensorFlow.js divides by the whole window where part of it is padding, too.
    if (which.pad === 'valid') expectClose(native[1] ?? [], reference[1] ?? [], ROUNDING)
  })

  it.each(cases.filter((which) => sizeOf(which) < 400))('differentiates the mean of $x by $size', async (which) => {
    await tf.setBackend('native')
    expectGradients((x) => pools.average(x, which), [filled(which.x, 1)])
  })

  it('differentiates the maximum', async () => {
    await tf.setBackend('native')
    const order = tf.tensor(
      Array.from({ length: 70 }, (_, i) => ((i * 37) % 70) / 10),
      [1, 5, 7, 2],
    )
    const which: Case = { x: [1, 5, 7, 2], size: [3, 2], strides: [2, 1], pad: 'same' }
    expectGradients((x) => pools.max(x, which), [order])
    const volume: Case = { x: [1, 5, 7, 2, 1], size: [2, 3, 1], strides: [2, 1, 1], pad: 'same' }
    expectGradients((x) => pools.max(x, volume), [tf.reshape(order, volume.x)])
  })

  it('with three threads gives the same', async () => {
    const which: Case = { x: [2, 41, 30, 24], size: [3, 3], strides: [2, 2], pad: 'same' }
    const run = () => onBackend('native', () => withGradient('max', filled(which.x, 1), which))
    expect(await withThreads(3, run)).toEqual(await withThreads(1, run))
  })

  it('passes over NaN like cpu, and serves 1-D pooling and rounding up', async () => {
    const run = () => [
      tf.maxPool(tf.tensor([NaN, 1, 2, NaN], [1, 2, 2, 1]) as tf.Tensor4D, 2, 2, 'valid'),
      tf.maxPool(filled([1, 5, 5, 3], 1) as tf.Tensor4D, 2, 2, 0, 'ceil'),
      tf.pool(filled([2, 9, 1, 3], 1) as tf.Tensor4D, [3, 1], 'avg', 'same', [1, 1], [1, 1]),
    ]
    const { native, reference } = await onBoth(run)
    reference.forEach((expected, i) => expectClose(native[i] ?? [], expected, ROUNDING))
  })

  it.each(golden.cases)('golden: $name', async (recorded) => {
    const { x, size, strides, pad } = recorded
    const which: Case = { x, size, strides, pad }
    const kind = recorded.kind === 'max' ? 'max' : 'average'
    const native = await onBackend('native', () => withGradient(kind, filled(which.x, 1), which))
    recorded.results.forEach((expected, i) => expectClose(native[i] ?? [], expected, GOLDEN))
  })
})
