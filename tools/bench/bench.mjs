#!/usr/bin/env node
// @ts-check
// Times the benchmark cases: one training step (forward, loss, backward, Adam) of the Trainer, and one prediction. Medians of at
// least 10 repetitions, or 3 seconds of them, after 3 warm-ups.
// usage: npm run -s bench -- [--case NAME ...] [--device native|cpu|wasm] [--json]
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import { setupRuntime, Trainer } from '@weft/core'
import { cases } from './cases.mjs'

const SECONDS = 3
const WARM_UPS = 3
const LEAST = 10

/** @param {() => void} action */
function medianMs(action) {
  for (let i = 0; i < WARM_UPS; i++) action()
  const times = []
  const end = performance.now() + 1000 * SECONDS
  while (times.length < LEAST || performance.now() < end) {
    const start = performance.now()
    action()
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  return times[Math.floor(times.length / 2)] ?? Number.NaN
}

const megabytes = (/** @type {number} */ bytes) => bytes / 2 ** 20

const { values } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    device: { type: 'string', default: 'auto' },
    json: { type: 'boolean', default: false },
  },
})
const names = values.case ?? Object.keys(cases)
for (const name of names) {
  if (!Object.hasOwn(cases, name)) {
    process.stderr.write(`benchmark: expected one of ${Object.keys(cases).join(', ')} for --case, received ${name}\n`)
    process.exit(2)
  }
}

const runtime = await setupRuntime({ device: /** @type {'auto'} */ (values.device), purpose: 'train' })
for (const name of names) {
  const build = cases[name]
  if (!build) continue
  const base = process.memoryUsage().rss
  const { model, x, y, loss } = build()
  const trainer = new Trainer(model, { loss, learningRate: 1e-3 })
  const first = trainer.step({ x, y })
  const train = medianMs(() => trainer.step({ x, y }))
  const last = trainer.step({ x, y })
  const infer = medianMs(() => {
    const output = trainer.predict(x)
    output.dataSync()
    output.dispose()
  })
  const result = {
    case: name,
    train_ms: train,
    infer_ms: infer,
    params: model.trainableWeights.reduce(
      (count, weight) => count + tf.util.sizeFromShape(weight.shape.map(Number)),
      0,
    ),
    base_rss_mb: megabytes(base),
    peak_rss_mb: process.resourceUsage().maxRSS / 1024,
    loss_first: first,
    loss_last: last,
    engine: `weft ${runtime.device}${runtime.isa ? ` ${runtime.isa}` : ''}, ${runtime.threads} threads`,
  }
  process.stdout.write(
    values.json
      ? `${JSON.stringify(result)}\n`
      : `${name.padEnd(14)} train ${train.toFixed(2)} ms, predict ${infer.toFixed(2)} ms, loss ${first.toFixed(3)} -> ${last.toFixed(3)}, ${result.engine}\n`,
  )
  trainer.dispose()
  tf.dispose([x, y])
}
