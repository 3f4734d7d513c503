/**
 * A training run that kills its own process with SIGKILL at a chosen moment; `resume.test.ts` starts it. It uses the build, as users
 * do, and everything that a checkpoint must hold: moving averages, a random layer, accumulation, a schedule, early stopping.
 *
 * usage: node killed-run.mjs FOLDER [MOMENT [COUNT]]
 * MOMENT: `batch` (after the COUNT-th batch), `half-write` (in the middle of the COUNT-th checkpoint's file), `written` (the file is
 * in place, nothing after it happened), `logged` (the COUNT-th epoch's line is in metrics.jsonl, half of another too, and no
 * checkpoint yet). Without one the run ends, and prints a digest of the final weights.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import {
  EarlyStopping,
  JsonLinesLogger,
  nextLayerSeed,
  Random,
  ReduceLearningRateOnPlateau,
  TensorBoardLogger,
  Trainer,
  writeFileAtomic,
} from '@weft/core'

const [dir, moment, count = '1'] = process.argv.slice(2)
let left = Number(count)

function die() {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

/** Dies at the COUNT-th call for its moment. */
function reach(name) {
  if (name === moment && --left === 0) die()
}

class Noise extends tfl.layers.Layer {
  static className = 'Noise'
  call(inputs, { training }) {
    const [x] = Array.isArray(inputs) ? inputs : [inputs]
    if (!training) return tf.clone(x)
    const random = new Random(nextLayerSeed())
    return tf.add(
      x,
      tf.tensor(
        Float32Array.from({ length: x.size }, () => random.normal() / 4),
        x.shape,
      ),
    )
  }
}

const source = (items, seed) => ({
  items,
  batchesPerEpoch: Math.ceil(items / 4),
  async *epoch(epoch, fromBatch = 0) {
    const order = new Random(seed, epoch).permutation(items)
    for (let b = fromBatch; b < this.batchesPerEpoch; b++) {
      const rows = [...order.slice(4 * b, 4 * b + 4)].map((item) => {
        const random = new Random(seed, 'item', item)
        return [random.normal(), random.normal(), random.normal()]
      })
      yield { x: tf.tensor2d(rows), y: tf.tensor2d(rows.map(([a, b, c]) => [a * b + c])) }
    }
  },
})

await tf.setBackend('cpu')
const model = tfl.sequential({
  layers: [
    tfl.layers.dense({ units: 5, inputShape: [3], activation: 'tanh' }),
    new Noise({}),
    tfl.layers.batchNormalization({}),
    tfl.layers.dense({ units: 1 }),
  ],
})
const random = new Random(1)
model.setWeights(
  model.getWeights().map((w) =>
    w.rank > 1
      ? tf.tensor(
          Float32Array.from({ length: w.size }, () => random.normal() / 2),
          w.shape,
        )
      : w,
  ),
)

const trainer = new Trainer(model, {
  loss: 'meanSquaredError',
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
