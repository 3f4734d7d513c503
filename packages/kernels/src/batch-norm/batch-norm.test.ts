import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { describe, expect, it } from 'vitest'
import { ACCUMULATED, expectClose, expectGradients, filled, GOLDEN } from '../testing/close.js'
import { describeNative, expectNativeCalls, onBackend, onBoth, withThreads } from '../testing/native.js'
import { batchNormTraining, type BatchNormOptions } from './batch-norm.js'
import golden from './golden/batch-norm.json' with { type: 'json' }

const EPSILON = 1e-3

// Channels around the vectors of 4, 8 and 16, rows that leave a rest, and enough for two threads.
const shapes = [[1, 1], [2, 3], [7, 4], [3, 5, 8], [2, 3, 5, 15], [4, 3, 2, 16], [2, 3, 3, 17], [3, 2, 96], [5, 4000, 3], [2, 30, 20, 64], [70000, 1]] // prettier-ignore

function withGradients(shape: number[], options: BatchNormOptions): tf.Tensor[] {
  const channels = shape.at(-1) ?? 0
  const inputs = [filled(shape, 1, -1, 3), filled([channels], 2, 0.5, 2), filled([channels], 3)]
  const f = (...[x, gamma, beta]: tf.Tensor[]) => {
    if (!x || !gamma || !beta) throw new Error('three inputs')
    return batchNormTraining(x, gamma, beta, EPSILON, options)
  }
  const { output, mean, variance } = f(...inputs)
  const gradients = tf.grads((...at: tf.Tensor[]) => f(...at).output)(inputs, filled(shape, 4))
  return [output, mean, variance, ...gradients]
}

describe('batchNormTraining', () => {
  it('by hand: mean 3, variance 4', async () => {
    const run = () => {
      const { output, mean, variance } = batchNormTraining(tf.tensor([1, 5], [2, 1]), tf.tensor([2]), tf.tensor([1]), 0)
      return [output, mean, variance]
    }
    expect(await onBackend('cpu', run)).toEqual([[-1, 3], [3], [4]])
  })

  it('names the argument that does not fit', () => {
    const x = filled([2, 3], 1)
    expect(() => batchNormTraining(x, filled([2], 1), null, EPSILON)).toThrow(
      'batchNormTraining: expected shape [3] for gamma, received [2]',
    )
    expect(() => batchNormTraining(tf.scalar(1), null, null, EPSILON)).toThrow('for x, received []')
  })
})

describeNative('batch normalisation on native', () => {
  const kernels = ['BatchNormTraining', 'BatchNormTrainingGrad']

  it.each(shapes)('of shape %o, %o, %o, %o agrees with cpu, with its gradients', async (...shape) => {
    for (const activation of ['linear', 'relu'] as const) {
      const { native, reference } = await expectNativeCalls(kernels, () => onBoth(() => withGradients(shape, { activation }))) // prettier-ignore
      // Sums of up to 70,000 terms, which cpu adds up in float32.
      const tolerance = { absolute: 2e-4 * Math.max(1, tf.util.sizeFromShape(shape) / 3000), relative: 1e-3 }
      reference.forEach((expected, i) => expectClose(native[i] ?? [], expected, tolerance, `${activation} ${i}`))
    }
  })

  it.each(['linear', 'relu'] as const)('differentiates, %s', async (activation) => {
    await tf.setBackend('native')
    expectGradients(
      (...[x, gamma, beta]) =>
        batchNormTraining(x ?? tf.scalar(0), gamma ?? null, beta ?? null, 0.1, { activation }).output,
      [filled([4, 3, 2], 11), filled([2], 2, 0.5, 2), filled([2], 3)],
    )
  })

  it('keeps the variance of values far from zero', async () => {
    const far = () => tf.add(filled([4096, 2], 1), 1000)
    const near = () => batchNormTraining(filled([4096, 2], 1), null, null, 0).variance
    const [[exact = []] = [], [received = []] = []] = [await onBackend('cpu', near), await onBackend('native', () => batchNormTraining(far(), null, null, 0).variance)] // prettier-ignore
    // The values themselves are rounded to 6e-5.
    expectClose(received, exact, { absolute: 1e-5, relative: 1e-4 })
  })

  it('gives the same bits at every run, and with three threads the same within rounding', async () => {
    const run = () => onBackend('native', () => withGradients([8, 50, 40, 5], { activation: 'relu' }))
    const first = await run()
    expect(await run()).toEqual(first)
    const threaded = await withThreads(3, run)
    first.forEach((expected, i) => expectClose(threaded[i] ?? [], expected, { absolute: 1e-3, relative: 1e-4 }))
  })

  it.each([3, 16, 33])('serves FusedBatchNorm with %i channels', async (channels) => {
    const of = (seed: number, from = -1) => filled([channels], seed, from, 2) as tf.Tensor1D
    const run = () => [
      tf.batchNorm(filled([2, 5, 3, channels], 1) as tf.Tensor4D, of(2), of(3, 0.1), of(4), of(5), EPSILON),
      tf.batchNorm(filled([2, 5, 3, channels], 1) as tf.Tensor4D, of(2), of(3, 0.1)),
    ]
    const { native, reference } = await expectNativeCalls(['FusedBatchNorm'], () => onBoth(run))
    reference.forEach((expected, i) => expectClose(native[i] ?? [], expected, ACCUMULATED))
  })

  it.each(golden.cases)('golden: $name', async ({ x, activation, results }) => {
    const options: BatchNormOptions = { activation: activation === 'relu' ? 'relu' : 'linear' }
    const native = await onBackend('native', () => withGradients(x, options))
    results.forEach((expected, i) => expectClose(native[i] ?? [], expected, GOLDEN, `${i}`))
  })
})
