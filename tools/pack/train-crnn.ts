/**
 * What someone else's program looks like: trains a CRNN to tell rising from falling tones in made-up spectrograms, saves it, loads it
 * and predicts. Compiled and run by check-pack.mjs against the packed packages, outside this repository.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { buildCrnn, loadModel, Random, saveModel, setupRuntime, Trainer } from '@weft/core'
import type { Batch, BatchSource } from '@weft/core'

const [STEPS, BANDS, ROWS] = [24, 16, 16]

function makeBatch(random: Random): Batch {
  const labels = Array.from({ length: ROWS }, () => random.int(2))
  const values = labels.flatMap((label) =>
    Array.from({ length: STEPS * BANDS }, (_, i) => {
      const [step, band] = [Math.floor(i / BANDS), i % BANDS]
      const tone = Math.round(((label === 0 ? step : STEPS - 1 - step) * (BANDS - 1)) / (STEPS - 1))
      return (band === tone ? 2 : 0) + 0.5 * random.normal()
    }),
  )
  return {
    x: tf.tensor4d(values, [ROWS, STEPS, BANDS, 1]),
    y: tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 2), 'float32'),
  }
}

const source = (batches: number, seed: number): BatchSource => ({
  items: batches * ROWS,
  batchesPerEpoch: batches,
  async *epoch(epoch, fromBatch = 0) {
    for (let batch = fromBatch; batch < batches; batch++) yield makeBatch(new Random(seed, epoch, batch))
  },
})

const runtime = await setupRuntime()
if (runtime.notice) process.stdout.write(`${runtime.notice}\n`)
const model = buildCrnn({
  inputShape: [STEPS, BANDS, 1],
  convolutions: [{ filters: 8, pool: [2, 2] }],
  recurrent: { units: 16 },
  head: { units: 2 },
})
const trainer = new Trainer(model, { loss: 'categoricalCrossentropy', learningRate: 0.01 })
const { history } = await trainer.fit(source(20, 1), { epochs: 3, validation: source(4, 2) })
const losses = history.epochs.map(({ loss }) => loss)

const folder = join(mkdtempSync(join(tmpdir(), 'weft-model-')), 'model')
await saveModel(model, folder, { labels: ['rising', 'falling'] })
const loaded = await loadModel(folder)
const { x, y } = makeBatch(new Random(3))
const output = loaded.model.predict(x as tf.Tensor) as tf.Tensor
const right = tf.mean(tf.cast(tf.equal(tf.argMax(output, 1), tf.argMax(y, 1)), 'float32')).dataSync()[0] ?? 0

process.stdout.write(
  `device ${runtime.device}, losses ${losses.map((loss) => loss.toFixed(3)).join(', ')}, accuracy ${right}\n`,
)
if (!(losses[2]! < losses[0]! / 2 && right > 0.9)) process.exitCode = 1
