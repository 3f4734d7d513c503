#!/usr/bin/env node
// @ts-check
// Trains a little CRNN for thousands of steps, with validation and checkpoints, and watches memory: prints steps, tensors, their bytes
// and the process's memory ten times. Exits with 1 when the tensors are not the same at each of these, when memory goes on growing
// or each step faults in fresh pages after the first fifth, or when a tensor is left over at the end.
// usage: npm run -s soak [-- --steps 10000 --device auto --json]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { parseArgs } from 'node:util'
import { runInNewContext } from 'node:vm'
import * as tf from '@tensorflow/tfjs-core'
import { buildCrnn, Random, setupRuntime, Trainer } from '@weft/core'

const ROWS = 8
const SHAPE = /** @type {const} */ ([24, 16, 1])
const CLASSES = 4
const SAMPLES = 10
/** Growth of the process's memory that is noise: the allocator's, not ours. A leak of 1 kB a step would be 8 MB over 8,000 steps. */
const NOISE_MB = 6
/** Page faults of a step once memory is settled: those of the JavaScript heap and of a checkpoint now and then, none of a tensor's. */
const MOST_FAULTS = 40

setFlagsFromString('--expose-gc')
/** @type {() => void} */
const collectGarbage = runInNewContext('gc')

/** Noise, louder in the bands of its class. @param {number} batches @param {number} seed @returns {import('@weft/core').BatchSource} */
const source = (batches, seed) => ({
  items: batches * ROWS,
  batchesPerEpoch: batches,
  async *epoch(epoch, fromBatch = 0) {
    const [steps, bands] = SHAPE
    for (let batch = fromBatch; batch < batches; batch++) {
      const random = new Random(seed, epoch, batch)
      const labels = Array.from({ length: ROWS }, () => random.int(CLASSES))
      const values = Float32Array.from({ length: ROWS * steps * bands }, (_, i) => {
        const label = labels[Math.floor(i / (steps * bands))]
        return random.normal() + (Math.floor(((i % bands) * CLASSES) / bands) === label ? 1 : 0)
      })
      const rows = labels.map((label) => Array.from({ length: CLASSES }, (_, c) => (c === label ? 1 : 0)))
      yield { x: tf.tensor4d(values, [ROWS, ...SHAPE]), y: tf.tensor2d(rows) }
    }
  },
})

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '10000' },
    device: { type: 'string', default: 'auto' },
    json: { type: 'boolean', default: false },
  },
})
const steps = Number(values.steps)
const epochs = 2 * SAMPLES
if (!Number.isInteger(steps / epochs) || steps < epochs) {
  process.stderr.write(`soaking: expected a multiple of ${epochs} for --steps, received ${values.steps}\n`)
  process.exit(2)
}

const runtime = await setupRuntime({ device: /** @type {'auto'} */ (values.device) })
const before = tf.memory().numTensors
const dir = mkdtempSync(join(tmpdir(), 'weft-soak-'))
const model = buildCrnn({
  inputShape: [...SHAPE],
  convolutions: [{ filters: 8, pool: [2, 2], dropout: 0.1 }],
  recurrent: { units: 16, dropout: 0.1, recurrentDropout: 0.1 },
  pooling: 'mean',
  head: { units: CLASSES, dropout: 0.1 },
  l2: 1e-5,
})
const trainer = new Trainer(model, { loss: 'categoricalCrossentropy', optimizer: 'adamW', clipNorm: 1, emaDecay: 0.99 })

/** @type {{ step: number, tensors: number, bytes: number, rssMb: number, heapMb: number, faults: number, loss: number }[]} */
const samples = []
const started = performance.now()
await trainer.fit(source(steps / epochs, 1), {
  epochs,
  validation: source(4, 2),
  checkpoint: { dir: join(dir, 'checkpoint') },
  callbacks: [
    {
      name: 'memory',
      onEpochEnd({ epoch, loss }) {
        if (epoch % (epochs / SAMPLES) !== 0) return
        collectGarbage()
        const { numTensors, numBytes } = tf.memory()
        const { rss, heapUsed } = process.memoryUsage()
        const sample = {
          step: trainer.steps,
          tensors: numTensors,
          bytes: numBytes,
          rssMb: rss / 2 ** 20,
          heapMb: heapUsed / 2 ** 20,
          faults: process.resourceUsage().minorPageFault,
          loss,
        }
        samples.push(sample)
        if (!values.json)
          process.stdout.write(
            `step ${String(sample.step).padStart(6)}  ${numTensors} tensors, ${numBytes} bytes  process ${sample.rssMb.toFixed(1)} MB, heap ${sample.heapMb.toFixed(1)} MB  loss ${loss.toFixed(4)}\n`,
          )
      },
    },
  ],
})
trainer.dispose()
model.dispose()
rmSync(dir, { recursive: true, force: true })

const left = tf.memory().numTensors - before
const settled = samples[SAMPLES / 5 - 1]
const last = samples.at(-1)
const faultsPerStep = settled && last ? (last.faults - settled.faults) / (last.step - settled.step) : 0
const problems = [
  ...(new Set(samples.map(({ tensors, bytes }) => `${tensors} tensors, ${bytes} bytes`)).size > 1
    ? ['the number or size of tensors changed on the way']
    : []),
  ...(settled && last && last.rssMb > settled.rssMb + NOISE_MB
    ? [`the process grew by ${(last.rssMb - settled.rssMb).toFixed(1)} MB after step ${settled.step}`]
    : []),
  ...(faultsPerStep > MOST_FAULTS ? [`${faultsPerStep.toFixed(1)} page faults a step`] : []),
  ...(left === 0 ? [] : [`${left} tensors are left over`]),
]
const seconds = (performance.now() - started) / 1000
process.stdout.write(
  values.json
    ? `${JSON.stringify({ steps: last?.step, seconds, device: runtime.device, left, faultsPerStep, samples, problems })}\n`
    : `${last?.step} steps in ${seconds.toFixed(0)} s on ${runtime.device}, ${left} tensors left over, ${faultsPerStep.toFixed(1)} page faults a step: ${problems.join('; ') || 'memory is flat'}\n`,
)
if (problems.length > 0) process.exitCode = 1
