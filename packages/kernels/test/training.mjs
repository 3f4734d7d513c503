/**
 * A little network of convolution, normalisation, pooling and an LSTM, trained for some steps and then asked for its outputs, on the
 * build, as users have it. `robustness.test.ts` runs it in processes and in worker threads.
 *
 * usage: node training.mjs THREADS, which prints a digest of all weights and the outputs
 */
import { createHash } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-layers'
import {
  batchNormTraining,
  conv2d,
  lstm,
  registerNativeBackend,
  setNativeThreads,
  softmaxCrossEntropy,
} from '@weft/kernels'

const [BATCH, HEIGHT, WIDTH, FILTERS, UNITS, CLASSES] = [8, 24, 20, 16, 48, 5]
const STEPS = 12

/** Numbers in [-scale, scale), the same for the same seed. */
function numbers(shape, seed, scale) {
  const values = new Float32Array(tf.util.sizeFromShape(shape))
  let state = seed * 7919 + 1
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = scale * (state / 2 ** 31 - 1)
  }
  return tf.tensor(values, shape)
}

function logits(x, [filter, bias, gamma, beta, kernel, recurrentKernel, gateBias, head]) {
  const y = conv2d(x, filter, bias, { pad: 'same', activation: 'relu' })
  const { output } = batchNormTraining(y, gamma, beta, 1e-3)
  const pooled = tf.maxPool(output, 2, 2, 'valid')
  const rows = tf.reshape(pooled, [BATCH, HEIGHT / 2, (WIDTH / 2) * FILTERS])
  return tf.matMul(lstm(rows, kernel, recurrentKernel, gateBias).output, head)
}

function makeWeights() {
  const features = (WIDTH / 2) * FILTERS
  const shapes = [[3, 3, 1, FILTERS], [FILTERS], [FILTERS], [FILTERS], [features, 4 * UNITS], [UNITS, 4 * UNITS], [4 * UNITS], [UNITS, CLASSES]] // prettier-ignore
  return shapes.map((shape, i) => tf.variable(numbers(shape, 10 + i, shape.length === 1 ? 1 : 0.2)))
}

/** Registers the backend with that many threads. */
export async function start(threads) {
  registerNativeBackend()
  setNativeThreads(threads)
  await tf.setBackend('native')
}

const valuesOf = (tensors) => tensors.map((tensor) => tensor.dataSync().slice())

/** The weights after training. */
export function train(steps = STEPS) {
  const weights = makeWeights()
  const x = numbers([BATCH, HEIGHT, WIDTH, 1], 1, 1)
  const y = tf.oneHot(tf.tensor1d(Array.from({ length: BATCH }, (_, i) => i % CLASSES), 'int32'), CLASSES) // prettier-ignore
  const optimizer = tf.train.sgd(0.05)
  for (let step = 0; step < steps; step++) optimizer.minimize(() => tf.mean(softmaxCrossEntropy(y, logits(x, weights))))
  return valuesOf(weights)
}

/** The outputs of the network as it begins, for as many inputs. */
export function predict(count = 4 * STEPS) {
  const weights = makeWeights()
  return Array.from({ length: count }, (_, i) => tf.tidy(() => valuesOf([logits(numbers([BATCH, HEIGHT, WIDTH, 1], i, 1), weights)])[0])) // prettier-ignore
}

/** Equal only for equal bits. */
export function digest(arrays) {
  const hash = createHash('sha256')
  for (const array of arrays) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  return hash.digest('hex')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await start(Number(process.argv[2]))
  const weights = train()
  const outputs = predict()
  process.stdout.write(`${JSON.stringify({ digest: digest([...weights, ...outputs]), weights: weights.map((array) => [...array]) })}\n`) // prettier-ignore
}
