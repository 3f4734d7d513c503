import { readFileSync } from 'node:fs'
import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { ShapeError } from '../shape-error.js'
import { expectAllClose, expectClose, expectGradients, filled, GOLDEN } from '../testing/close.js'
import {
  describeNative,
  expectNativeCalls,
  nativeAvailable,
  onBackend,
  onBoth,
  withThreads,
} from '../testing/native.js'
import { logSoftmax, softmaxCrossEntropy } from './softmax.js'

// exp to 2e-7, then a sum of up to a thousand terms.
const TOLERANCE = { absolute: 2e-6, relative: 2e-6 }
const backends = nativeAvailable() ? ['cpu', 'native'] : ['cpu']
const shapes = [[1], [3], [1, 1], [2, 3], [4, 8], [3, 9], [5, 16], [2, 17], [2, 3, 33], [300, 10], [7, 1000], [0, 3]]

const targets = (shape: number[], seed: number) => tf.softmax(filled(shape, seed, -2, 2))

describe.each(backends)('softmax on %s', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it('of log 1, log 2, log 5, worked by hand', () => {
    const x = tf.tensor2d([[Math.log(1), Math.log(2), Math.log(5)]])
    expectClose(tf.softmax(x).dataSync(), [0.125, 0.25, 0.625], TOLERANCE)
    expectClose(logSoftmax(x).dataSync(), [0.125, 0.25, 0.625].map(Math.log), TOLERANCE)
    expectClose(softmaxCrossEntropy(tf.tensor2d([[0, 0, 1]]), x).dataSync(), [-Math.log(0.625)], TOLERANCE)
    const even = tf.fill([1, 3], 1 / 3)
    expectClose(softmaxCrossEntropy(even, x).dataSync(), [-Math.log(0.125 * 0.25 * 0.625) / 3], TOLERANCE)
  })

  it('does not overflow, and adds nothing where a label is 0', () => {
    const x = tf.tensor2d([[1000, 999, -Infinity]])
    const [p, q] = [1 / (1 + Math.exp(-1)), 1 / (1 + Math.E)]
    expectClose(tf.softmax(x).dataSync(), [p, q, 0], TOLERANCE)
    expectClose(softmaxCrossEntropy(tf.tensor2d([[0, 1, 0]]), x).dataSync(), [-Math.log(q)], {
      absolute: 1e-4,
      relative: 0,
    })
  })

  it('has the gradients of finite differences', () => {
    expectGradients((x) => tf.softmax(x), [filled([2, 5], 1, -2, 2)])
    expectGradients(logSoftmax, [filled([2, 5], 1, -2, 2)])
    expectGradients(softmaxCrossEntropy, [targets([3, 4], 2), filled([3, 4], 3, -2, 2)])
  })

  it('is PyTorch, with gradients', async () => {
    const { rows, cols } = golden
    const dy = tf.tensor(golden.dy, [rows, cols])
    const x = tf.tensor(golden.x, [rows, cols])
    const weighted = (f: (x: tf.Tensor) => tf.Tensor) => tf.grad((at: tf.Tensor) => tf.sum(tf.mul(f(at), dy)))(x)
    expectClose(tf.softmax(x).dataSync(), golden.softmax.y, GOLDEN)
    expectClose(weighted((at) => tf.softmax(at)).dataSync(), golden.softmax.gradient, GOLDEN)
    expectClose(logSoftmax(x).dataSync(), golden.logSoftmax.y, GOLDEN)
    expectClose(weighted(logSoftmax).dataSync(), golden.logSoftmax.gradient, GOLDEN)
    const labels = tf.tensor(golden.labels, [rows, cols])
    expectClose(softmaxCrossEntropy(labels, x).dataSync(), golden.crossEntropy.y, GOLDEN)
    const [labelsGradient, gradient] = tf.grads((y: tf.Tensor, at: tf.Tensor) =>
      tf.sum(tf.mul(softmaxCrossEntropy(y, at), tf.tensor1d(golden.rowWeights))),
    )([labels, x])
    expectClose(gradient?.dataSync() ?? [], golden.crossEntropy.gradient, GOLDEN)
    expectClose(labelsGradient?.dataSync() ?? [], golden.crossEntropy.labelsGradient, GOLDEN)
  })

  it('names what does not fit', () => {
    expect(() => softmaxCrossEntropy(filled([2, 3], 1), filled([2, 4], 1))).toThrow(ShapeError)
    expect(() => softmaxCrossEntropy(filled([2, 3], 1), filled([2, 4], 1))).toThrow(
      'softmaxCrossEntropy: expected shape [2, 4] for labels, received [2, 3]',
    )
    expect(() => softmaxCrossEntropy(tf.scalar(1), tf.scalar(1))).toThrow(
      'expected shape [..., K] for logits, received []',
    )
  })

  it('leaves no tensor behind', () => {
    const [labels, x] = [filled([2, 3], 1, 0, 1), filled([2, 3], 1)]
    const before = tf.memory().numTensors
    const loss = softmaxCrossEntropy(labels, x)
    expect(tf.memory().numTensors).toBe(before + 1)
    tf.dispose([loss, labels, x])
  })
})

describeNative('softmax, reference and native', () => {
  it('agree on all shapes, with gradients', async () => {
    const all = () =>
      shapes.flatMap((shape) => {
        const [x, labels, dy] = [filled(shape, 1, -5, 5), filled(shape, 2, 0, 1), filled(shape, 3)]
        const gradient = (f: (x: tf.Tensor) => tf.Tensor) => tf.grad((at: tf.Tensor) => tf.sum(tf.mul(f(at), dy)))(x)
        return [
          tf.softmax(x),
          logSoftmax(x),
          softmaxCrossEntropy(labels, x),
          gradient((at) => tf.softmax(at)),
          gradient(logSoftmax),
          tf.grad((at: tf.Tensor) => tf.sum(tf.mul(softmaxCrossEntropy(labels, at), filled(shape.slice(0, -1), 4))))(x),
        ]
      })
    const kernels = ['Softmax', 'LogSoftmax', 'SoftmaxGrad', 'SoftmaxCrossEntropy', 'SoftmaxCrossEntropyGrad']
    const { reference, native } = await expectNativeCalls(kernels, () => onBoth(all))
    expectAllClose(native, reference, { absolute: 2e-4, relative: 2e-5 })
  })

  // Elsewhere, and of softmax itself, TensorFlow.js gives none: it takes what a kernel saves of its outputs for constants.
  it('the cross-entropy has the gradient of its gradient', async () => {
    await tf.setBackend('native')
    const labels = targets([2, 3], 2)
    expectGradients(
      tf.grad((x: tf.Tensor) => tf.sum(tf.square(softmaxCrossEntropy(labels, x)))),
      [filled([2, 3], 1)],
    )
  })

  it('give the same bits with 1 and 2 threads', async () => {
    const run = (threads: number) =>
      withThreads(threads, () => onBackend('native', () => tf.softmax(filled([4000, 17], 1, -5, 5))))
    expect(await run(2)).toEqual(await run(1))
  })
})

interface WithGradient {
  y: number[]
  gradient: number[]
}
const golden = JSON.parse(readFileSync(new URL('./golden/softmax.json', import.meta.url), 'utf8')) as {
  rows: number
  cols: number
  x: number[]
  dy: number[]
  labels: number[]
  rowWeights: number[]
  softmax: WithGradient
  logSoftmax: WithGradient
  crossEntropy: WithGradient & { labelsGradient: number[] }
}
