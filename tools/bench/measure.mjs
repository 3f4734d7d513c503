#!/usr/bin/env node
// @ts-check
// Times one case on one backend, in a process of its own so that the memory is that case's alone, and prints one line of JSON. On
// `native` that is a step of the Trainer and its predict; `cpu` and `wasm` are TensorFlow.js with its own layers. bench.mjs starts it.
// usage: node tools/bench/measure.mjs CASE BACKEND SECONDS
import * as tf from '@tensorflow/tfjs-core'
import { setupRuntime, Trainer } from '@weft/core'
import { caseFacts, checkParams, countParams, streamingCase, trainingCase } from './cases.mjs'
import { medianMs } from './timing.mjs'

/**
 * @typedef {object} Measurement
 * @property {string} case
 * @property {number} [train_ms] Median of a training step: forward, loss, backward, Adam.
 * @property {number} [infer_ms] Median of a prediction.
 * @property {number} params Trainable ones.
 * @property {number} base_rss_mb The process's memory with everything imported and no model built.
 * @property {number} peak_rss_mb
 * @property {number} [loss_first]
 * @property {number} [loss_last]
 * @property {string} engine
 * @property {number} threads
 * @property {string} [train_missing] Why there is no training step.
 */

/** A step of TensorFlow.js's own takes seconds: few repetitions, and only one once this has passed. */
const FEW = { seconds: 0, warmUps: 1, least: 3, mostSeconds: 20 }

/** @param {string} name @param {number} seconds */
function measureWeft(name, seconds) {
  const given = trainingCase(name)
  if (!given) {
    const { model, step } = streamingCase()
    checkParams(name, model)
    return { params: countParams(model), infer_ms: medianMs(step, { seconds }) }
  }
  const { model, x, y, loss } = given
  const trainer = new Trainer(model, { loss, learningRate: 1e-3 })
  const loss_first = trainer.step({ x, y })
  const train_ms = medianMs(() => trainer.step({ x, y }), { seconds })
  const loss_last = trainer.step({ x, y })
  const predict = () => {
    const output = trainer.predict(x)
    output.dataSync()
    output.dispose()
  }
  return { params: countParams(model), train_ms, infer_ms: medianMs(predict, { seconds }), loss_first, loss_last }
}

/** @param {string} name */
async function measureTensorflowjs(name) {
  const { stockCase } = await import('./tensorflowjs-cases.mjs')
  const { model, train, predict } = stockCase(name)
  const infer_ms = medianMs(predict, FEW)
  const params = countParams(model)
  if (!train) return { params, infer_ms, train_missing: 'TensorFlow.js has no loss for it' }
  try {
    /** @type {number[]} */
    const losses = []
    const train_ms = medianMs(() => losses.push(train()), FEW)
    return { params, infer_ms, train_ms, loss_first: losses[0], loss_last: losses.at(-1) }
  } catch (error) {
    // Its wasm backend lacks the kernels of some gradients, and says so.
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n')
    return { params, infer_ms, train_missing: line }
  }
}

/** @param {string} backend */
async function setUp(backend) {
  if (backend === 'native') {
    const { threads, isa } = await setupRuntime({ device: 'native', purpose: 'train' })
    return { engine: `weft native ${isa}, ${threads} threads`, threads }
  }
  // Not setupRuntime, which would put Weft's layers under the names of TensorFlow.js's.
  if (backend === 'cpu') await import('@tensorflow/tfjs-backend-cpu')
  else await import('@tensorflow/tfjs-backend-wasm')
  tf.enableProdMode()
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js cannot start its ${backend} backend`)
  return { engine: `TensorFlow.js ${tf.version_core} ${backend}`, threads: 1 }
}

const [name = '', backend = 'native', seconds = '3'] = process.argv.slice(2)
if (!Object.hasOwn(caseFacts, name)) throw new Error(`measuring: there is no case ${name}`)
const { engine, threads } = await setUp(backend)
const base_rss_mb = process.memoryUsage().rss / 2 ** 20
const figures = backend === 'native' ? measureWeft(name, Number(seconds)) : await measureTensorflowjs(name)
/** @type {Measurement} */
const measurement = {
  case: name,
  ...figures,
  base_rss_mb,
  peak_rss_mb: process.resourceUsage().maxRSS / 1024,
  engine,
  threads,
}
process.stdout.write(`${JSON.stringify(measurement)}\n`)
