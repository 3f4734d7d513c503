/**
 * A training run that kills its own process with SIGKILL at a moment of one's choice; `resume.test.ts` starts it. It uses the build, as
 * users do, the fastest device there is, and everything that a checkpoint must contain: batch normalisation, dropout, accumulation, a
 * schedule, an average of the weights, early stopping.
 *
 * usage: node killed-run.mjs FOLDER [MOMENT [COUNT]]
 * MOMENT: `batch` (after the COUNT-th batch), `half-write` (in the middle of the COUNT-th checkpoint's file), `written` (right after
 * that file is in place), `logged` (the COUNT-th epoch's line is in metrics.jsonl, half of another too, and its checkpoint is not
 * written yet). Without MOMENT the run completes and prints a digest of the final weights.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import {
  buildCrnn,
  EarlyStopping,
  JsonLinesLogger,
  Random,
  ReduceLearningRateOnPlateau,
  setupRuntime,
  TensorBoardLogger,
  Trainer,
} from '@weft/core'
import { writeFileAtomic } from '@weft/core/files'

const [dir, moment, count = '1'] = process.argv.slice(2)
let left = Number(count)

function die() {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

/** Dies at the COUNT-th call with the command line's MOMENT. */
function reach(name) {
  if (name === moment && --left === 0) die()
}

/** Small images [8, 6, 1] of three classes, each class brightest in a different third of the width. */
const source = (items, seed) => ({
  items,
  batchesPerEpoch: Math.ceil(items / 4),
  async *epoch(epoch, fromBatch = 0) {
    const order = new Random(seed, epoch).permutation(items)
    for (let b = fromBatch; b < this.batchesPerEpoch; b++) {
      const batch = [...order.slice(4 * b, 4 * b + 4)]
      const images = batch.flatMap((item) => {
        const random = new Random(seed, 'item', item)
        return Array.from({ length: 48 }, (_, i) => random.normal() + (Math.floor((i % 6) / 2) === item % 3 ? 1 : 0))
      })
      const labels = batch.flatMap((item) => [0, 1, 2].map((label) => (item % 3 === label ? 1 : 0)))
      yield { x: tf.tensor4d(images, [batch.length, 8, 6, 1]), y: tf.tensor2d(labels, [batch.length, 3]) }
    }
  },
})

await setupRuntime()
const model = buildCrnn({
  inputShape: [8, 6, 1],
  convolutions: [{ filters: 4, pool: [2, 2], dropout: 0.2 }],
  recurrent: { units: 5, dropout: 0.2, recurrentDropout: 0.1 },
  head: { units: 3, activation: 'softmax', dropout: 0.2 },
  l2: 1e-4,
  seed: 3,
})
const trainer = new Trainer(model, {
  loss: 'categoricalCrossentropy',
  optimizer: 'adamW',
  learningRate: 0.01,
  schedule: 'cosine',
  accumulate: 2,
  emaDecay: 0.9,
  clipNorm: 1,
})
const metrics = join(dir, 'metrics.jsonl')
const { stopped, history } = await trainer.fit(source(30, 1), {
  epochs: 4,
  validation: source(10, 2),
  callbacks: [
    new EarlyStopping({ patience: 3 }),
    new ReduceLearningRateOnPlateau({ patience: 1, minDelta: 0.5 }),
    new JsonLinesLogger(metrics),
    new TensorBoardLogger(join(dir, 'events')),
    {
      name: 'killer',
      onEpochEnd() {
        if (moment === 'logged' && left === 1) appendFileSync(metrics, '{"epoch":')
        reach('logged')
      },
    },
  ],
  checkpoint: {
    dir: join(dir, 'checkpoint'),
    everySteps: 1,
    write(path, data) {
      mkdirSync(dirname(path), { recursive: true })
      if (moment === 'half-write' && left === 1)
        writeFileSync(`${path}.${process.pid}.tmp`, data.subarray(0, data.length / 2))
      reach('half-write')
      writeFileAtomic(path, data)
      reach('written')
    },
  },
  resume: true,
  onProgress: ({ phase }) => phase === 'train' && reach('batch'),
})
const digest = createHash('sha256')
for (const weight of model.getWeights()) digest.update(new Uint8Array(weight.dataSync().slice().buffer))
process.stdout.write(JSON.stringify({ stopped, epochs: history.epochs.length, weights: digest.digest('hex') }))
