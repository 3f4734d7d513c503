import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { ACCUMULATED, expectAllClose, expectClose, expectGradients, filled, GOLDEN } from '../testing/close.js'
import { describeNative, expectNativeCalls, onBackend, onBoth, withThreads } from '../testing/native.js'
import { conv1d, type Conv1dOptions, conv2d, type Conv2dOptions } from './conv2d.js'
import golden from './golden/conv2d.json' with { type: 'json' }

/** [B, H, W, C], [K, L, C, F] */
interface Case {
  x: [number, number, number, number]
  filter: [number, number, number, number]
  options?: Conv2dOptions
}

// One and odd, around the tiles of 6 and 14 pixels and the vectors of 4, 8 and 16 filters; bands cut in rows and in columns.
const cases: Case[] = [
  { x: [1, 1, 1, 1], filter: [1, 1, 1, 1] },
  { x: [2, 5, 4, 3], filter: [1, 1, 3, 7] },
  { x: [3, 4, 5, 2], filter: [3, 3, 2, 3], options: { pad: 'same' } },
  { x: [2, 7, 15, 1], filter: [3, 3, 1, 32], options: { pad: 'same', activation: 'relu' } },
  { x: [1, 6, 29, 5], filter: [3, 2, 5, 33], options: { activation: 'tanh' } },
  { x: [2, 9, 8, 4], filter: [3, 3, 4, 17], options: { strides: 2, pad: 'same', activation: 'sigmoid' } },
  { x: [1, 9, 10, 3], filter: [2, 4, 3, 15], options: { strides: [3, 2] } },
  { x: [2, 8, 7, 3], filter: [1, 1, 3, 9], options: { strides: 2 } },
  { x: [2, 9, 11, 2], filter: [3, 3, 2, 5], options: { dilations: [2, 3], pad: 'same', activation: 'relu6' } },
  { x: [1, 10, 9, 4], filter: [3, 3, 4, 16], options: { dilations: 2 } },
  { x: [1, 5, 6, 2], filter: [3, 3, 2, 4], options: { pad: 2 } },
  { x: [1, 5, 6, 2], filter: [3, 3, 2, 4], options: { pad: [[0, 0], [1, 0], [0, 3], [0, 0]], strides: 2 } }, // prettier-ignore
  { x: [2, 1, 300, 6], filter: [1, 5, 6, 31], options: { pad: 'same' } },
  { x: [1, 1, 4000, 9], filter: [1, 3, 9, 2], options: { pad: 'same', strides: [1, 2] } },
  { x: [1, 4, 60, 200], filter: [3, 3, 200, 3], options: { pad: 'same' } },
  { x: [1, 3, 3, 2], filter: [5, 5, 2, 3], options: { pad: 'same' } },
  // Few outputs of many channels: runs of taps that end within a vector, after one, and after several.
  { x: [2, 9, 19, 32], filter: [3, 3, 32, 1], options: { pad: 'same' } },
  { x: [2, 7, 18, 17], filter: [3, 2, 17, 1], options: { strides: 2, activation: 'tanh' } },
  { x: [1, 9, 8, 21], filter: [3, 3, 21, 4], options: { dilations: 2, pad: 'same', activation: 'relu' } },
  { x: [2, 5, 3, 40], filter: [1, 1, 40, 2] },
]
const title = ({ x, filter, options }: Case) => `[${x}] * [${filter}] ${JSON.stringify(options ?? {})}`

const inputsOf = ({ x, filter }: Case): [tf.Tensor, tf.Tensor, tf.Tensor] => [
  filled(x, 1),
  filled(filter, 2),
  filled([filter[3]], 3),
]

function withGradients({ options }: Case, x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor): tf.Tensor[] {
  const f = (...at: tf.Tensor[]) => conv2d(at[0] ?? x, at[1] ?? filter, at[2] ?? bias, options)
  const y = f()
  const dy = filled(y.shape, 4)
  return [y, ...tf.grads(f)([x, filter, bias], dy as tf.Tensor4D)]
}

function timeWithGradients(x: number[], filter: number[], options: Conv1dOptions): tf.Tensor[] {
  const at = [filled(x, 1), filled(filter, 2), filled([filter[2] ?? 0], 3)]
  const f = (...to: tf.Tensor[]) => conv1d(to[0] ?? tf.scalar(0), to[1] ?? tf.scalar(0), to[2] ?? null, options)
  const y = f(...at)
  return [y, ...tf.grads(f)(at, filled(y.shape, 4) as tf.Tensor3D)]
}

describe('conv2d', () => {
  beforeAll(() => tf.setBackend('cpu'))

  it('by hand: a sum of four neighbours, its bias and its rectifier', async () => {
    const run = () =>
      conv2d(
        tf.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]),
        tf.tensor([1, 1, 1, -1], [2, 2, 1, 1]),
        tf.tensor([-4]),
        { activation: 'relu' },
      )
    // 1 + 2 + 4 - 5 - 4 = -2, 2 + 3 + 5 - 6 - 4 = 0, 4 + 5 + 7 - 8 - 4 = 4, 5 + 6 + 8 - 9 - 4 = 6
    expect(await onBackend('cpu', run)).toEqual([[0, 0, 4, 6]])
  })

  it('names the argument that does not fit', () => {
    const x = filled([1, 4, 4, 3], 1)
    expect(() => conv2d(filled([4, 4, 3], 1), filled([3, 3, 3, 2], 2), null)).toThrow(
      'conv2d: expected shape [B, H, W, C] for x, received [4, 4, 3]',
    )
    expect(() => conv2d(x, filled([3, 3, 2, 2], 2), null)).toThrow(
      'conv2d: expected shape [K, L, 3, F] for filter, received [3, 3, 2, 2]',
    )
    expect(() => conv2d(x, filled([3, 3, 3, 2], 2), filled([3], 3))).toThrow(
      'conv2d: expected shape [2] for bias, received [3]',
    )
    expect(() => conv1d(filled([1, 4, 3], 1), filled([3, 2, 2], 2), null)).toThrow(
      'conv1d: expected shape [K, 3, F] for filter, received [3, 2, 2]',
    )
  })

  it('of no images is no images', () => {
    expect(conv2d(tf.zeros([0, 4, 4, 3]), filled([3, 3, 3, 2], 2), null).shape).toEqual([0, 2, 2, 2])
  })

  it('differentiates a dilated convolution on cpu', () => {
    expectGradients((x, filter) => conv2d(x, filter, null, { dilations: 2 }), [filled([1, 6, 5, 2], 1), filled([3, 2, 2, 2], 2)]) // prettier-ignore
  })
})

describeNative('conv2d on native', () => {
  const kernels = ['Conv2DBiasActivation', 'Conv2DBiasActivationGrad', 'Conv2DBiasActivationInputGrad']

  it.each(cases)('$x * $filter $options agrees with cpu, with its gradients', async (which) => {
    const results = await expectNativeCalls(kernels, () => onBoth(() => withGradients(which, ...inputsOf(which))))
    results.reference.forEach((expected, i) =>
      expectClose(results.native[i] ?? [], expected, { absolute: 1e-4, relative: 1e-4 }, `${title(which)} ${i}`),
    )
  })

  it.each(cases)("serves TensorFlow.js's Conv2D for $x * $filter $options", async ({ x, filter, options = {} }) => {
    const { strides = 1, pad = 'valid', dilations = 1 } = options
    const dilated = dilations !== 1
    const names = ['Conv2D', 'Conv2DBackpropFilter', 'Conv2DBackpropInput']
    const results = await expectNativeCalls(names, () =>
      onBoth(() => {
        const f = (...at: tf.Tensor[]) =>
          tf.conv2d(at[0] as tf.Tensor4D, at[1] as tf.Tensor4D, strides, pad, 'NHWC', dilations)
        const at = [filled(x, 1), filled(filter, 2)]
        const y = f(...at)
        return [y, ...tf.grads(f)(at, filled(y.shape, 4) as tf.Tensor4D)]
      }),
    )
    expect(dilated || results.reference.length === 3).toBe(true)
    results.reference.forEach((expected, i) =>
      expectClose(results.native[i] ?? [], expected, { absolute: 1e-4, relative: 1e-4 }),
    )
  })

  it.each(['linear', 'relu', 'sigmoid', 'tanh', 'relu6'] as const)(
    'fuses %s into tf.fused.conv2d',
    async (activation) => {
      const run = () =>
        tf.fused.conv2d({
          x: filled([2, 5, 5, 3], 1) as tf.Tensor4D,
          filter: filled([3, 3, 3, 19], 2, -2, 2) as tf.Tensor4D,
          bias: filled([19], 3),
          strides: 1,
          pad: 'same',
          activation: activation as 'linear',
        })
      if (activation === 'tanh') {
        await tf.setBackend('native')
        const unfused = tf.tanh(tf.add(tf.conv2d(filled([2, 5, 5, 3], 1) as tf.Tensor4D, filled([3, 3, 3, 19], 2, -2, 2) as tf.Tensor4D, 1, 'same'), filled([19], 3))) // prettier-ignore
        expectClose(await run().data(), await unfused.data(), ACCUMULATED)
        return
      }
      const { native, reference } = await expectNativeCalls(['FusedConv2D'], () => onBoth(run))
      expectClose(native[0] ?? [], reference[0] ?? [], ACCUMULATED)
    },
  )

  it.each([
    { strides: 2, pad: 'same', activation: 'tanh' },
    { dilations: 2, activation: 'sigmoid' },
    { pad: 1 },
  ] as Conv2dOptions[])('differs by its gradients: %o', async (options) => {
    await tf.setBackend('native')
    expectGradients(
      (x, filter, bias) => conv2d(x, filter, bias, options),
      [filled([2, 6, 5, 2], 1), filled([3, 2, 2, 3], 2), filled([3], 3)],
    )
  })

  it('gives the same bits at every run, and with three threads the same within rounding', async () => {
    const which: Case = { x: [5, 12, 13, 6], filter: [3, 3, 6, 20], options: { pad: 'same', activation: 'relu' } }
    const run = () => onBackend('native', () => withGradients(which, ...inputsOf(which)))
    const first = await run()
    expect(await run()).toEqual(first)
    const threaded = await withThreads(3, run)
    first.forEach((expected, i) => expectClose(threaded[i] ?? [], expected, ACCUMULATED))
  })

  it('leaves channels first and integers to the reference', async () => {
    await tf.setBackend('native')
    const x = filled([1, 2, 5, 5], 1) as tf.Tensor4D
    const y = tf.conv2d(x, filled([3, 3, 2, 4], 2) as tf.Tensor4D, 1, 'same', 'NCHW')
    const last = tf.conv2d(tf.transpose(x, [0, 2, 3, 1]), filled([3, 3, 2, 4], 2) as tf.Tensor4D, 1, 'same')
    expectClose(await y.data(), await tf.transpose(last, [0, 3, 1, 2]).data(), ACCUMULATED)
  })

  it.each(golden.cases.filter(({ x }) => x.length === 3))('golden of conv1d: $name', async (recorded) => {
    const { strides, dilations, activation } = recorded.options
    const options = { stride: strides, dilation: dilations, activation } as Conv1dOptions
    const run = () => timeWithGradients(recorded.x, recorded.filter, options)
    const { native, reference } = await expectNativeCalls(kernels, () => onBoth(run))
    expectAllClose(native, recorded.results, GOLDEN, recorded.name)
    expectAllClose(reference, recorded.results, GOLDEN, recorded.name)
  })

  it.each<[number[], number[], Conv1dOptions]>([
    [[2, 1, 1], [1, 1, 1], {}],
    [[2, 9, 3], [3, 3, 17], { pad: 'causal', dilation: 2 }],
    [[3, 300, 5], [5, 5, 8], { pad: 'same', dilation: 3, activation: 'relu' }],
    [[1, 33, 2], [4, 2, 5], { stride: 2, pad: 'causal', activation: 'tanh' }],
  ])('conv1d of [%s] * [%s] %o agrees with cpu', async (x, filter, options) => {
    const run = () => timeWithGradients(x, filter, options)
    const { native, reference } = await expectNativeCalls(kernels, () => onBoth(run))
    expectAllClose(native, reference, { absolute: 1e-4, relative: 1e-4 })
  })

  it("differentiates TensorFlow.js's dilated conv1d", async () => {
    const at = [filled([2, 9, 3], 1), filled([3, 3, 4], 2)]
    const stock = (...[x, filter]: tf.Tensor[]) =>
      tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 1, 'same', 'NWC', 2)
    const run = () => tf.grads(stock)(at, filled([2, 9, 4], 3) as tf.Tensor3D)
    const { native, reference } = await expectNativeCalls(['Conv2DBackpropFilter', 'Conv2DBackpropInput'], () => onBoth(run)) // prettier-ignore
    expectAllClose(native, reference, ACCUMULATED)
  })

  it.each(golden.cases.filter(({ x }) => x.length === 4))('golden: $name', async (recorded) => {
    const which = { x: recorded.x, filter: recorded.filter, options: recorded.options } as Case
    const { native } = await onBoth(() => withGradients(which, ...inputsOf(which)))
    recorded.results.forEach((expected, i) => expectClose(native[i] ?? [], expected, GOLDEN, `${recorded.name} ${i}`))
  })
})
