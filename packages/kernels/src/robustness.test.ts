/**
 * What must never happen to a process: a crash from inputs that make no sense, other bits for the same seed and threads, or one thread
 * of Node's disturbing another. Runs the build in processes and worker threads of its own.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { expect, it } from 'vitest'
import { adamUpdate } from './optimizers/adam.js'
import { batchNormTraining } from './batch-norm/batch-norm.js'
import { conv2d } from './conv2d/conv2d.js'
import { lstm } from './lstm/lstm.js'
import { softmaxCrossEntropy } from './softmax/softmax.js'
import { expectAllClose, filled } from './testing/close.js'
import { describeNative, onBackend } from './testing/native.js'

const run = promisify(execFile)
const script = (name: string) => fileURLToPath(new URL(`../test/${name}.mjs`, import.meta.url))
/** Processes that a busy machine keeps waiting. */
const SLOW = { timeout: 300_000 }
const LARGE = { maxBuffer: 64 * 2 ** 20 }

interface Trained {
  digest: string
  weights: number[][]
}

async function trainedIn(threads: number): Promise<Trained> {
  const { stdout } = await run(process.execPath, [script('training'), String(threads)], LARGE)
  return JSON.parse(stdout) as Trained
}

interface Job {
  job: 'train' | 'predict'
  threads: number
  times: number
}

/** The digests that a worker thread reports. */
function inWorker(workerData: Job): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script('worker'), { workerData, execArgv: [] })
    const digests: string[] = []
    worker.on('message', (message: string) => digests.push(message))
    worker.on('error', reject)
    worker.on('exit', (code) => (code === 0 ? resolve(digests) : reject(new Error(`the worker ended with ${code}`))))
  })
}

const ints = (shape: number[]) => tf.zeros(shape, 'int32')
const nothing = (...shape: number[]) => tf.zeros(shape)
const variable = (shape: number[]) => tf.variable(tf.zeros(shape))

const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, step: 1 }

const senseless: [string, () => unknown][] = [
  ['an LSTM of integers', () => lstm(ints([2, 3, 4]), ints([4, 8]), ints([2, 8]), ints([8]))],
  ['an LSTM with kernels of integers', () => lstm(filled([2, 3, 4], 1), ints([4, 8]), ints([2, 8]), null)],
  ['an LSTM whose kernel does not fit', () => lstm(filled([2, 3, 4], 1), filled([5, 8], 1), filled([2, 8], 1), null)],
  ['an LSTM of nothing', () => lstm(nothing(0, 0, 0), nothing(0, 0), nothing(0, 0), null)],
  ['an LSTM of no units', () => lstm(nothing(2, 3, 4), nothing(4, 0), nothing(0, 0), nothing(0))],
  ['a convolution of integers', () => conv2d(ints([1, 4, 4, 1]), ints([3, 3, 1, 2]), null)],
  ['a filter larger than its image', () => conv2d(filled([1, 2, 2, 1], 1), filled([3, 3, 1, 2], 1), null)],
  ['a convolution of nothing', () => conv2d(nothing(0, 4, 4, 1), filled([3, 3, 1, 2], 1), null)],
  ['a convolution with no filters', () => conv2d(filled([1, 4, 4, 1], 1), nothing(3, 3, 1, 0), null)],
  ['normalisation of nothing', () => batchNormTraining(nothing(0, 3), null, null, 1e-3)],
  ['normalisation of no channels', () => batchNormTraining(nothing(3, 0), null, null, 1e-3)],
  ['cross-entropy of nothing', () => softmaxCrossEntropy(nothing(0, 3), nothing(0, 3))],
  ['cross-entropy of no classes', () => softmaxCrossEntropy(nothing(3, 0), nothing(3, 0))],
  ['rows that are not there', () => tf.gather(filled([3, 2], 1), tf.tensor1d([-1, 3], 'int32'))],
  ['rows of an empty table', () => tf.gather(nothing(0, 2), tf.tensor1d([0], 'int32'))],
  ['segments that are not there', () => tf.unsortedSegmentSum(filled([2, 2], 1), tf.tensor1d([-5, 9], 'int32'), 3)],
  ['matrices that do not fit', () => tf.matMul(filled([2, 3], 1), filled([4, 5], 1))],
  ['a product of no depth', () => tf.matMul(nothing(2, 0), nothing(0, 3))],
  ['an update of nothing', () => adamUpdate([variable([0])], [nothing(0)], [variable([0])], [variable([0])], ADAM)],
  ['an update that does not fit', () => adamUpdate([variable([2])], [nothing(3)], [variable([2])], [variable([2])], ADAM)], // prettier-ignore
  ['a tensor that is gone', () => tf.relu(tf.tidy(() => ({ gone: disposed() })).gone)],
]
function disposed(): tf.Tensor {
  const tensor = filled([4], 1)
  tensor.dispose()
  return tensor
}

describeNative('a process', () => {
  it('survives every kernel called with empty tensors and zeros', SLOW, async () => {
    const { stdout } = await run(process.execPath, [script('empty-calls')], LARGE)
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('done')
  })

  it.each(senseless)('survives %s', async (_, body) => {
    await tf.setBackend('native')
    tf.engine().startScope()
    try {
      body()
    } catch (error) {
      expect(error).toBeInstanceOf(Error)
      expect(error instanceof Error && error.message.length).toBeGreaterThan(10)
    } finally {
      tf.engine().endScope()
    }
  })

  it('hands NaN through a network, and computes what is finite afterwards', async () => {
    const network = (x: tf.Tensor) => {
      const images = conv2d(x, filled([3, 3, 1, 8], 2), null, { pad: 'same' })
      const rows = tf.reshape(images, [2, 4, 32])
      return lstm(rows, filled([32, 24], 3), filled([6, 24], 4), null).output
    }
    const [before] = await onBackend('native', () => network(filled([2, 4, 4, 1], 1)))
    const [bad] = await onBackend('native', () => network(tf.fill([2, 4, 4, 1], NaN)))
    const [after] = await onBackend('native', () => network(filled([2, 4, 4, 1], 1)))
    expect(bad?.every(Number.isNaN)).toBe(true)
    expect(after).toEqual(before)
  })
})

describeNative('training', () => {
  it('gives the same bits in two processes, and the same within rounding with other threads', SLOW, async () => {
    const [first, second] = [await trainedIn(2), await trainedIn(2)]
    expect(second.digest).toBe(first.digest)
    for (const threads of [1, 3]) {
      const { weights } = await trainedIn(threads)
      expectAllClose(weights, first.weights, { absolute: 1e-4, relative: 1e-4 }, `weights with ${threads} threads`)
    }
  })

  it('in worker threads alone leaves the addon where it is when they end', SLOW, async () => {
    const { stdout } = await run(process.execPath, [script('workers-alone')], LARGE)
    // The number that the first worker chose: the library and its threads are still there.
    expect(stdout).toBe('found 3 threads\ndone\n')
  })

  it('in one worker thread while another predicts gives what each gives alone', SLOW, async () => {
    const job = (kind: Job['job'], times: number) => inWorker({ job: kind, threads: 2, times })
    const alone = [...new Set([...(await job('train', 1)), ...(await job('predict', 1))])]
    const [trained, predicted] = await Promise.all([job('train', 3), job('predict', 6)])
    expect([...new Set(trained), ...new Set(predicted)]).toEqual(alone)
  })
})
