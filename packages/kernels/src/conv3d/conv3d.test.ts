import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { ACCUMULATED, expectAllClose, expectGradients, filled, GOLDEN } from '../testing/close.js'
import { describeNative, expectNativeCalls, onBackend, onBoth, withThreads } from '../testing/native.js'
import { conv3d, type Conv3dOptions } from './conv3d.js'
import golden from './golden/conv3d.json' with { type: 'json' }

/** [B, T, H, W, C], [K, L, M, C, F] */
interface Case {
  x: number[]
  filter: number[]
  options?: Conv3dOptions
}

// One and odd, around the tiles of 6 and 14 pixels and the vectors of 4, 8 and 16 filters; planes alone and many in a band.
const cases: Case[] = [
  { x: [1, 1, 1, 1, 1], filter: [1, 1, 1, 1, 1] },
  { x: [2, 3, 5, 4, 3], filter: [1, 1, 1, 3, 7] },
  { x: [2, 4, 4, 5, 2], filter: [3, 3, 3, 2, 3], options: { pad: 'same' } },
  { x: [1, 5, 6, 15, 3], filter: [3, 3, 3, 3, 32], options: { pad: 'same', activation: 'relu' } },
  { x: [2, 1, 6, 5, 2], filter: [3, 3, 3, 2, 4], options: { pad: 'same', activation: 'tanh' } },
  { x: [1, 7, 5, 9, 5], filter: [2, 3, 2, 5, 33], options: { activation: 'sigmoid' } },
  { x: [2, 6, 7, 8, 4], filter: [3, 3, 3, 4, 17], options: { strides: 2, pad: 'same' } },
  { x: [1, 9, 7, 10, 3], filter: [2, 2, 4, 3, 15], options: { strides: [3, 1, 2] } },
  { x: [1, 4, 8, 7, 3], filter: [1, 1, 1, 3, 9], options: { strides: 2 } },
  { x: [1, 7, 8, 9, 2], filter: [3, 3, 2, 2, 5], options: { dilations: [3, 2, 2], pad: 'same', activation: 'relu6' } },
  { x: [1, 9, 6, 7, 3], filter: [3, 2, 3, 3, 16], options: { dilations: 2 } },
  { x: [1, 2, 3, 3, 2], filter: [5, 5, 5, 2, 3], options: { pad: 'same' } },
  { x: [1, 3, 24, 40, 30], filter: [3, 3, 3, 30, 2], options: { pad: 'same' } },
]

const withGradients = ({ x, filter, options }: Case): tf.Tensor[] => {
  const f = (...at: tf.Tensor[]) => conv3d(at[0] ?? tf.zeros(x), at[1] ?? tf.zeros(filter), at[2] ?? null, options)
  const at = [filled(x, 1), filled(filter, 2), filled([filter[4] ?? 0], 3)]
  const y = f(...at)
  return [y, ...tf.grads(f)(at, filled(y.shape, 4) as tf.Tensor5D)]
}

describe('conv3d', () => {
  beforeAll(() => tf.setBackend('cpu'))

  it('by hand: the sum of two planes, its bias and its rectifier', async () => {
    const run = () =>
      conv3d(tf.tensor([1, 2, 3, 4, 5, 6], [1, 3, 1, 2, 1]), tf.tensor([1, -2], [2, 1, 1, 1, 1]), tf.tensor([6]), {
        activation: 'relu',
      })
    // 1 - 6 + 6 = 1, 2 - 8 + 6 = 0, 3 - 10 + 6 = -1, 4 - 12 + 6 = -2
    expect(await onBackend('cpu', run)).toEqual([[1, 0, 0, 0]])
  })

  it('names the argument that does not fit', () => {
    const x = filled([1, 3, 4, 4, 3], 1)
    expect(() => conv3d(filled([3, 4, 4, 3], 1), filled([1, 3, 3, 3, 2], 2), null)).toThrow(
      'conv3d: expected shape [B, T, H, W, C] for x, received [3, 4, 4, 3]',
    )
    expect(() => conv3d(x, filled([3, 3, 3, 2, 2], 2), null)).toThrow(
      'conv3d: expected shape [K, L, M, 3, F] for filter, received [3, 3, 3, 2, 2]',
    )
    expect(() => conv3d(x, filled([3, 3, 3, 3, 2], 2), filled([3], 3))).toThrow(
      'conv3d: expected shape [2] for bias, received [3]',
    )
  })

  it('of no volumes is no volumes', () => {
    expect(conv3d(tf.zeros([0, 3, 4, 4, 3]), filled([3, 3, 3, 3, 2], 2), null).shape).toEqual([0, 1, 2, 2, 2])
  })

  it('differentiates a dilated convolution on cpu', () => {
    const at = [filled([1, 5, 5, 4, 2], 1), filled([3, 2, 2, 2, 2], 2)]
    expectGradients((x, filter) => conv3d(x, filter, null, { dilations: [2, 3, 2] }), at)
    const stock = (x: tf.Tensor, filter: tf.Tensor) =>
      tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, 1, 'valid', 'NDHWC', [2, 3, 2])
    expectAllClose(
      [stock(...pairOf(at)).dataSync()],
      [conv3d(...pairOf(at), null, { dilations: [2, 3, 2] }).dataSync()],
    )
  })
})

const pairOf = ([a, b]: tf.Tensor[]): [tf.Tensor, tf.Tensor] => [a ?? tf.scalar(0), b ?? tf.scalar(0)]

describeNative('conv3d on native', () => {
  const kernels = ['Conv3DBiasActivation', 'Conv3DBiasActivationGrad', 'Conv3DBiasActivationInputGrad']

  it.each(cases)('$x * $filter $options agrees with cpu, with its gradients', async (which) => {
    const results = await expectNativeCalls(kernels, () => onBoth(() => withGradients(which)))
    expectAllClose(results.native, results.reference, { absolute: 1e-4, relative: 1e-4 })
  })

  it.each(cases)("serves TensorFlow.js's Conv3D for $x * $filter $options", async ({ x, filter, options = {} }) => {
    const { strides = 1, pad = 'valid', dilations = 1 } = options
    const names = ['Conv3D', 'Conv3DBackpropFilterV2', 'Conv3DBackpropInputV2']
    const results = await expectNativeCalls(names, () =>
      onBoth(() => {
        const f = (...at: tf.Tensor[]) =>
          tf.conv3d(at[0] as tf.Tensor5D, at[1] as tf.Tensor5D, strides, pad, 'NDHWC', dilations)
        const at = [filled(x, 1), filled(filter, 2)]
        const y = f(...at)
        return [y, ...tf.grads(f)(at, filled(y.shape, 4) as tf.Tensor5D)]
      }),
    )
    expectAllClose(results.native, results.reference, { absolute: 1e-4, relative: 1e-4 })
  })

  it.each([
    { strides: [2, 1, 2], pad: 'same', activation: 'tanh' },
    { dilations: [2, 1, 2], activation: 'sigmoid' },
  ] as Conv3dOptions[])('differs by its gradients: %o', async (options) => {
    await tf.setBackend('native')
    expectGradients(
      (x, filter, bias) => conv3d(x, filter, bias, options),
      [filled([2, 4, 3, 5, 2], 1), filled([2, 2, 2, 2, 3], 2), filled([3], 3)],
    )
  })

  it('gives the same bits at every run, with three threads the same within rounding, and leaves no tensor behind', async () => {
    const which: Case = { x: [3, 5, 12, 13, 6], filter: [3, 3, 3, 6, 20], options: { pad: 'same', activation: 'relu' } }
    const run = () => onBackend('native', () => withGradients(which))
    const first = await run()
    const before = tf.memory().numTensors
    expect(await run()).toEqual(first)
    expect(tf.memory().numTensors).toBe(before)
    const threaded = await withThreads(3, run)
    expect(threaded[0]).toEqual(first[0])
    expectAllClose(threaded, first, ACCUMULATED)
  })

  it.each(golden.cases)('golden: $name', async (recorded) => {
    const which = { x: recorded.x, filter: recorded.filter, options: recorded.options } as Case
    expectAllClose(await onBackend('native', () => withGradients(which)), recorded.results, GOLDEN, recorded.name)
    if (!which.options?.dilations) return
    expectAllClose(await onBackend('cpu', () => withGradients(which)), recorded.results, GOLDEN, recorded.name)
  })
})
