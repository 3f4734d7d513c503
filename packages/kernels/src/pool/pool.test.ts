import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-layers'
import { expect, it } from 'vitest'
import { expectClose, expectGradients, filled, GOLDEN, ROUNDING } from '../testing/close.js'
import { describeNative, expectNativeCalls, onBackend, onBoth, withThreads } from '../testing/native.js'
import golden from './golden/pool.json' with { type: 'json' }

interface Case {
  x: number[]
  size: [number, number]
  strides: [number, number]
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
]

const pair = ([rows = 1, cols = 1]: number[]): [number, number] => [rows, cols]

const pools = {
  max: (x: tf.Tensor, { size, strides, pad }: Case) => tf.maxPool(x as tf.Tensor4D, size, strides, pad),
  average: (x: tf.Tensor, { size, strides, pad }: Case) => tf.avgPool(x as tf.Tensor4D, size, strides, pad),
}

function withGradient(kind: 'max' | 'average', x: tf.Tensor, which: Case): tf.Tensor[] {
  const y = pools[kind](x, which)
  return [y, tf.grad((at: tf.Tensor) => pools[kind](at, which))(x, filled(y.shape, 2) as tf.Tensor4D)]
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
    const run = () => withGradient('max', tf.floor(filled(which.x, 1, -3, 3)), which)
    // A window of one pixel is the image itself: TensorFlow.js then copies nothing, and neither do we.
    const { native, reference } = await expectNativeCalls(['MaxPool', 'MaxPoolGrad'], () => onBoth(run))
    reference.forEach((expected, i) => expectClose(native[i] ?? [], expected, ROUNDING))
  })

  it.each(cases)('average $x by $size each $strides, $pad', async (which) => {
    const run = () => withGradient('average', filled(which.x, 1), which)
    const { native, reference } = await expectNativeCalls(['AvgPool', 'AvgPoolGrad'], () => onBoth(run))
    expectClose(native[0] ?? [], reference[0] ?? [], { absolute: 1e-6, relative: 1e-6 })
    // TensorFlow.js divides by the whole window where part of it is padding, too.
    if (which.pad === 'valid') expectClose(native[1] ?? [], reference[1] ?? [], ROUNDING)
  })

  it.each(cases.filter(({ x }) => tf.util.sizeFromShape(x) < 300))(
    'differentiates the mean of $x by $size',
    async (which) => {
      await tf.setBackend('native')
      expectGradients((x) => pools.average(x, which), [filled(which.x, 1)])
    },
  )

  it('differentiates the maximum', async () => {
    await tf.setBackend('native')
    const order = tf.tensor(
      Array.from({ length: 70 }, (_, i) => ((i * 37) % 70) / 10),
      [1, 5, 7, 2],
    )
    const which: Case = { x: [1, 5, 7, 2], size: [3, 2], strides: [2, 1], pad: 'same' }
    expectGradients((x) => pools.max(x, which), [order])
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
    const which: Case = { x, size: pair(size), strides: pair(strides), pad }
    const kind = recorded.kind === 'max' ? 'max' : 'average'
    const native = await onBackend('native', () => withGradient(kind, filled(which.x, 1), which))
    recorded.results.forEach((expected, i) => expectClose(native[i] ?? [], expected, GOLDEN))
  })
})
