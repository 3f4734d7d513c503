// @ts-check
// The steps of a stream one by one: how long the middle one takes and how long the slowest of a hundred, and whether memory grows.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as tf from '@tensorflow/tfjs-core'
import { setupRuntime } from '@weft/core'
import { formatCount } from '@weft/core/cli'
import { checkParams, streamingCase } from './cases.mjs'

const WARM_UPS = 1000
/** Steps between two looks at the progress. */
const ROUND = 5000

setFlagsFromString('--expose-gc')
/** @type {() => void} */
const collectGarbage = runInNewContext('gc')

/** @param {number} steps @param {import('@weft/core/cli').CommandContext} context */
export async function streamSteps(steps, context) {
  const { isa, threads } = await setupRuntime({ device: 'native', purpose: 'predict' })
  const { model, step } = streamingCase()
  checkParams('lstm-stream', model)
  const microseconds = new Float64Array(steps)
  for (let i = 0; i < WARM_UPS; i++) step()
  const progress = context.progress.start('streaming', steps, 'steps')
  const before = memory()
  for (let i = 0; i < steps; i++) {
    const start = performance.now()
    step()
    microseconds[i] = 1000 * (performance.now() - start)
    if (i % ROUND === 0) {
      progress.update(i)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const after = memory()
  progress.end()
  microseconds.sort()
  const at = (/** @type {number} */ share) => microseconds[Math.min(steps - 1, Math.floor(share * steps))] ?? Number.NaN
  const data = { steps, medianUs: at(0.5), p99Us: at(0.99), worstUs: at(1), before, after }
  const text = [
    `${formatCount(steps)} steps of LSTM(128) on 40 features: median ${data.medianUs.toFixed(1)} µs, 99th percentile ${data.p99Us.toFixed(1)} µs, slowest ${data.worstUs.toFixed(0)} µs`,
    `memory ${before.rssMb.toFixed(1)} MB before, ${after.rssMb.toFixed(1)} MB after; tensors ${before.tensors} and ${after.tensors} (${isa}, ${threads} threads)`,
  ]
  return { data, text: text.join('\n') }
}

function memory() {
  collectGarbage()
  return { rssMb: process.memoryUsage().rss / 2 ** 20, tensors: tf.memory().numTensors }
}
