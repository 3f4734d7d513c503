import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Conv2dOptions } from '../conv2d/conv2d.js'
import { ACCUMULATED, expectAllClose, expectGradients, filled, GOLDEN } from '../testing/close.js'
import { describeNative, expectNativeCalls, onBackend, onBoth, withThreads } from '../testing/native.js'
import { depthwiseConv2d } from './depthwise.js'
import golden from './golden/depthwise.json' with { type: 'json' }

/** [B, H, W, C], [K, L, C, M] */
interface Case {
  x: number[]
  filter: number[]
  options?: Conv2dOptions
}

// Channels and filters a channel around the vectors of 4, 8 and 16, columns around the tiles of 8; bands cut in rows and in columns.
const cases: Case[] = [
  { x: [1, 1, 1, 1], filter: [1, 1, 1, 1] },
  { x: [2, 5, 4, 3], filter: [3, 3, 3, 1], options: { pad: 'same' } },
  { x: [2, 6, 9, 16], filter: [3, 3, 16, 1], options: { pad: 'same', activation: 'relu' } },
  { x: [1, 7, 19, 17], filter: [3, 2, 17, 1], options: { activation: 'tanh' } },
  { x: [2, 9, 8, 5], filter: [3, 3, 5, 3], options: { strides: 2, pad: 'same', activation: 'sigmoid' } },
  { x: [1, 9, 10, 3], filter: [2, 4, 3, 2], options: { strides: [3, 2] } },
  { x: [2, 9, 11, 8], filter: [3, 3, 8, 1], options: { dilations: [2, 3], pad: 'same', activation: 'relu6' } },
  { x: [1, 10, 9, 4], filter: [3, 5, 4, 2], options: { dilations: 2 } },
  { x: [1, 5, 6, 2], filter: [3, 3, 2, 1], options: { pad: 2 } },
  { x: [2, 1, 300, 6], filter: [1, 5, 6, 1], options: { pad: 'same' } },
  { x: [1, 1, 4000, 9], filter: [1, 3, 9, 1], options: { pad: 'same', strides: [1, 2] } },
  { x: [3, 40, 30, 33], filter: [3, 3, 33, 1], options: { pad: 'same' } },
]

const withGradients = ({ x, filter, options }: Case): tf.Tensor[] => {
  const zero = tf.scalar(0)
  const f = (...at: tf.Tensor[]) => depthwiseConv2d(at[0] ?? zero, at[1] ?? zero, at[2] ?? null, options)
  const at = [filled(x, 1), filled(filter, 2), filled([(filter[2] ?? 0) * (filter[3] ?? 0)], 3)]
  const y = f(...at)
  return [y, ...tf.grads(f)(at, filled(y.shape, 4) as tf.Tensor4D)]
}

describe('depthwiseConv2d', () => {
  beforeAll(() => tf.setBackend('cpu'))

  it('by hand: two channels, two filters each', async () => {
    const run = () =>
      depthwiseConv2d(
        tf.tensor([1, 10, 2, 20], [1, 1, 2, 2]),
        tf.tensor([1, 2, 3, 4, 0, 1, 0, 1], [1, 2, 2, 2]),
        tf.tensor([0, 0, -40, 0]),
        { activation: 'relu' },
      )
    // 1·1 + 2·0 = 1, 1·2 + 2·1 = 4, 10·3 + 20·0 - 40 = -10, 10·4 + 20·1 = 60
    expect(await onBackend('cpu', run)).toEqual([[1, 4, 0, 60]])
  })

  it('names the argument that does not fit', () => {
    const x = filled([1, 4, 4, 3], 1)
    expect(() => depthwiseConv2d(filled([4, 4, 3], 1), filled([3, 3, 3, 2], 2), null)).toThrow(
      'depthwiseConv2d: expected shape [B, H, W, C] for x, received [4, 4, 3]',
    )
    expect(() => depthwiseConv2d(x, filled([3, 3, 2, 2], 2), null)).toThrow(
      'depthwiseConv2d: expected shape [K, L, 3, M] for filter, received [3, 3, 2, 2]',
    )
    expect(() => depthwiseConv2d(x, filled([3, 3, 3, 2], 2), filled([3], 3))).toThrow(
      'depthwiseConv2d: expected shape [6] for bias, received [3]',
    )
  })

  it('of no images is no images', () => {
    expect(depthwiseConv2d(tf.zeros([0, 4, 4, 3]), filled([3, 3, 3, 2], 2), null).shape).toEqual([0, 2, 2, 6])
  })

  it('differentiates a dilated convolution on cpu', () => {
    expectGradients((x, filter) => depthwiseConv2d(x, filter, null, { dilations: 2 }), [filled([1, 6, 5, 2], 1), filled([3, 2, 2, 2], 2)]) // prettier-ignore
  })
})

describeNative('depthwiseConv2d on native', () => {
  const op = 'DepthwiseConv2DBiasActivation'

  it.each(cases)('$x * $filter $options agrees with cpu, with its gradients', async (which) => {
    const results = await expectNativeCalls([op, `${op}Grad`, `${op}InputGrad`], () =>
      onBoth(() => withGradients(which)),
    )
    expectAllClose(results.native, results.reference, { absolute: 1e-4, relative: 1e-4 })
  })

  it.each(cases)("serves TensorFlow.js's kernels for $x * $filter $options", async ({ x, filter, options = {} }) => {
    const { strides = 1, pad = 'valid', dilations = 1 } = options
    const stock = 'DepthwiseConv2dNative'
    const results = await expectNativeCalls([stock, `${stock}BackpropFilter`, `${stock}BackpropInput`], () =>
      onBoth(() => {
        const f = (...at: tf.Tensor[]) =>
          tf.depthwiseConv2d(at[0] as tf.Tensor4D, at[1] as tf.Tensor4D, strides, pad, 'NHWC', dilations)
        const at = [filled(x, 1), filled(filter, 2)]
        const y = f(...at)
        return [y, ...tf.grads(f)(at, filled(y.shape, 4) as tf.Tensor4D)]
      }),
    )
    expectAllClose(results.native, results.reference, { absolute: 1e-4, relative: 1e-4 })
  })

  it('fuses bias and activation into tf.fused.depthwiseConv2d', async () => {
    const run = () =>
      tf.fused.depthwiseConv2d({
        x: filled([2, 5, 5, 3], 1) as tf.Tensor4D,
        filter: filled([3, 3, 3, 2], 2) as tf.Tensor4D,
        bias: filled([6], 3),
        strides: 1,
        pad: 'same',
        activation: 'relu6',
      })
    const { native, reference } = await expectNativeCalls(['FusedDepthwiseConv2D'], () => onBoth(run))
    expectAllClose(native, reference, ACCUMULATED)
  })

  it.each([
    { strides: 2, pad: 'same', activation: 'tanh' },
    { dilations: 2, activation: 'sigmoid' },
  ] as Conv2dOptions[])('differs by its gradients: %o', async (options) => {
    await tf.setBackend('native')
    expectGradients(
      (x, filter, bias) => depthwiseConv2d(x, filter, bias, options),
      [filled([2, 6, 5, 2], 1), filled([3, 2, 2, 2], 2), filled([4], 3)],
    )
  })

  it('gives the same bits at every run, with three threads the same within rounding, and leaves no tensor behind', async () => {
    const which: Case = { x: [5, 22, 13, 20], filter: [3, 3, 20, 1], options: { pad: 'same', activation: 'relu' } }
    const run = () => onBackend('native', () => withGradients(which))
    const first = await run()
    const before = tf.memory().numTensors
    expect(await run()).toEqual(first)
    expect(tf.memory().numTensors).toBe(before)
    const threaded = await withThreads(3, run)
    expect(threaded.slice(0, 2)).toEqual(first.slice(0, 2))
    expectAllClose(threaded, first, ACCUMULATED)
  })

  it.each(golden.cases)('golden: $name', async (recorded) => {
    const which = { x: recorded.x, filter: recorded.filter, options: recorded.options } as Case
    const { native, reference } = await onBoth(() => withGradients(which))
    expectAllClose(native, recorded.results, GOLDEN, recorded.name)
    expectAllClose(reference, recorded.results, GOLDEN, recorded.name)
  })
})
