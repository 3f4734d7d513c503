import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { ShapeError } from '../shape-error.js'
import { ACCUMULATED, expectAllClose, expectClose, expectGradients, filled, GOLDEN } from '../testing/close.js'
import {
  describeNative,
  expectNativeCalls,
  nativeAvailable,
  onBackend,
  onBoth,
  withThreads,
} from '../testing/native.js'
import golden from './golden/layer-norm.json' with { type: 'json' }
import { layerNorm, type LayerNormOptions } from './layer-norm.js'

const backends = nativeAvailable() ? ['cpu', 'native'] : ['cpu']

/** One or two axes of sizes around the vectors of 4, 8 and 16; few rows and more than there are chunks. */
const cases: { shape: number[]; axis?: number[] }[] = [
  ...[[1, 1], [2, 3], [7, 4], [3, 5, 8], [2, 3, 9], [4, 16], [5, 17], [300, 33], [40, 1000], [1, 20000]].map((shape) => ({ shape })), // prettier-ignore
  { shape: [2, 3, 5], axis: [1, 2] },
  { shape: [19, 3, 5, 2], axis: [-2, -1] },
  { shape: [3, 7], axis: [0, 1] },
  { shape: [0, 5] },
]

function outputAndGradients(shape: number[], options: LayerNormOptions = {}): tf.Tensor[] {
  const axes = Array.isArray(options.axis) ? options.axis.length : 1
  const inputs = [filled(shape, 1, -1, 3), filled(shape.slice(-axes), 2, 0.5, 2), filled(shape.slice(-axes), 3)]
  const f = (...[x, gamma, beta]: tf.Tensor[]) => layerNorm(x ?? tf.scalar(0), gamma ?? null, beta ?? null, options)
  return [f(...inputs), ...tf.grads(f)(inputs, filled(shape, 4))]
}

describe.each(backends)('layerNorm on %s', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it('by hand: mean 3, variance 4', () => {
    const x = tf.tensor2d([[1, 5]])
    expectClose(layerNorm(x, null, null, { epsilon: 0 }).dataSync(), [-1, 1])
    const y = layerNorm(x, tf.tensor1d([2, 3]), tf.tensor1d([0, 10]), { epsilon: 0 })
    expectClose(y.dataSync(), [-2, 13])
    expectClose(layerNorm(x, null, null, { epsilon: 12 }).dataSync(), [-0.5, 0.5])
  })

  it('keeps the variance of values far from zero', () => {
    // The values themselves are rounded to 6e-5.
    const far = layerNorm(tf.add(filled([3, 100], 1), 1000), null, null)
    expectClose(far.dataSync(), layerNorm(filled([3, 100], 1), null, null).dataSync(), { absolute: 3e-4, relative: 0 })
  })

  it.each([{ axis: -1 }, { axis: [1, 2] }])('has the gradients of finite differences: %j', (options) => {
    const axes = Array.isArray(options.axis) ? 2 : 1
    const shape = [2, 3, 4]
    expectGradients(
      (...[x, gamma, beta]) => layerNorm(x ?? tf.scalar(0), gamma ?? null, beta ?? null, { ...options, epsilon: 0.1 }),
      [filled(shape, 11), filled(shape.slice(-axes), 2, 0.5, 2), filled(shape.slice(-axes), 3)],
    )
  })

  it.each(golden.cases)('is PyTorch, with gradients: $name', async ({ shape, axes, inputs, ...expected }) => {
    const results = await onBackend(backend, () => {
      const tensors = inputs.map((values, i) => tf.tensor(values, i === 0 ? shape : shape.slice(-axes)))
      const options = { axis: axes === 1 ? -1 : [-2, -1], epsilon: golden.epsilon }
      const f = (...[x, gamma, beta]: tf.Tensor[]) => layerNorm(x ?? tf.scalar(0), gamma ?? null, beta ?? null, options)
      return [f(...tensors), ...tf.grads(f)(tensors, tf.tensor(expected.lossWeights, shape))]
    })
    expectAllClose(results, [expected.output, ...expected.gradients], GOLDEN)
  })

  it('leaves no tensor behind', () => {
    const x = filled([2, 3], 1)
    const before = tf.memory().numTensors
    tf.dispose([layerNorm(x, null, null), tf.grad((at) => layerNorm(at, null, null))(x)])
    expect(tf.memory().numTensors).toBe(before)
  })

  it.each<[string, () => unknown]>([
    ['expected shape [3] for gamma, received [2]', () => layerNorm(filled([2, 3], 1), filled([2], 1), null)],
    [
      'expected shape [2, 3] for beta, received [3]',
      () => layerNorm(filled([2, 3], 1), null, filled([3], 1), { axis: [0, 1] }),
    ],
    [
      'expected last axes of x in their order for axis, received 0 with x of shape [2, 3]',
      () => layerNorm(filled([2, 3], 1), null, null, { axis: 0 }),
    ],
    ['for axis, received [1,0] with', () => layerNorm(filled([2, 3], 1), null, null, { axis: [1, 0] })],
    ['for axis, received [] with', () => layerNorm(filled([2, 3], 1), null, null, { axis: [] })],
  ])('names what does not fit: %s', (message, run) => {
    expect(run).toThrow(ShapeError)
    expect(run).toThrow(`layerNorm: expected`)
    expect(run).toThrow(message)
  })
})

describeNative('layerNorm, reference and native', () => {
  it.each(cases)('agree, with gradients: $shape over $axis', async ({ shape, axis }) => {
    const kernels = ['LayerNorm', 'LayerNormGrad']
    const { reference, native } = await expectNativeCalls(kernels, () =>
      onBoth(() => outputAndGradients(shape, { axis })),
    )
    // Sums of up to 20,000 terms, which cpu adds up in float32.
    const tolerance = { absolute: 1e-4 * Math.max(1, tf.util.sizeFromShape(shape) / 5000), relative: 1e-3 }
    expectAllClose(native, reference, tolerance)
  })

  it('give the same bits with 1, 2 and 3 threads', async () => {
    const run = (threads: number) =>
      withThreads(threads, () => onBackend('native', () => outputAndGradients([201, 67])))
    const first = await run(1)
    expect(await run(2)).toEqual(first)
    expect(await run(3)).toEqual(first)
  })

  // TensorFlow.js's own ops cannot differentiate this.
  it('take rows without columns', async () => {
    expect(await onBackend('native', () => outputAndGradients([5, 0]))).toEqual([[], [], [], []])
  })

  it('take integers, and turn a NaN into a row of them', async () => {
    const { reference, native } = await onBoth(() => [
      layerNorm(tf.tensor2d([[1, 2, 6]], [1, 3], 'int32'), null, null),
      layerNorm(tf.tensor2d([NaN, 2, 6, 1, 2, 6], [2, 3]), null, null),
    ])
    expectAllClose(native, reference, ACCUMULATED)
  })
})
