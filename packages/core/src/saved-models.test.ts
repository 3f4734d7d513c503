/** What version 0.1 saved is opened (tools/saved/write.mjs): a model of each layer, and a run of a Trainer that was stopped. */
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as tf from '@weft/kernels/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type BatchSource,
  loadModel,
  type RuntimeReport,
  saveModel,
  setupRuntime,
  Trainer,
  type TrainerOptions,
} from './index.js'

/** Instruction sets sum in another order; outputs are of the order of 1, sums of some tens of terms. */
const TOLERANCE = 1e-5
/** Relative difference of the last loss where a run goes on with another instruction set than it began with. */
const LOSS_TOLERANCE = 0.01

interface Numbers {
  readonly shape: number[]
  /** null stands for minus infinity, which JSON has no word for. */
  readonly values: (number | null)[]
}
interface SavedLayer {
  readonly model: object
  /** weights.bin in base64. */
  readonly weights: string
  readonly extras: object
  readonly inputs: readonly Numbers[]
  readonly output: Numbers
}
interface SavedRun {
  readonly writtenBy: { readonly device: string; readonly isa?: string }
  readonly trainer: TrainerOptions
  readonly epochs: number
  readonly batch: number
  readonly x: { readonly shape: [number, number, number]; readonly values: readonly number[] }
  readonly y: readonly number[]
  readonly loss: number
  /** SHA-256 of weights.bin at the end. */
  readonly weights: string
}

const saved = fileURLToPath(new URL('./fixtures/saved-0.1/', import.meta.url))
const read = (name: string): string => readFileSync(join(saved, name), 'utf8')
const { layers }: { layers: Record<string, SavedLayer> } = JSON.parse(read('layers.json'))

let folder = ''
let runtime: RuntimeReport
beforeAll(async () => {
  runtime = await setupRuntime({ threads: 1 })
  folder = mkdtempSync(join(tmpdir(), 'weft-saved-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const numbers = (values: Iterable<number | null>) => Array.from(values, (x) => x ?? -Infinity)

describe('a model that an earlier version saved', () => {
  it.each(Object.entries(layers))(
    'with the layer %s says what it said',
    async (name, { model, weights, extras, inputs, output }) => {
      const dir = join(folder, name)
      cpSync(join(saved, 'network'), dir, { recursive: true })
      writeFileSync(join(dir, 'model.json'), JSON.stringify(model))
      writeFileSync(join(dir, 'weights.bin'), Buffer.from(weights, 'base64'))
      writeFileSync(join(dir, 'weft.json'), JSON.stringify(extras))
      const opened = await loadModel(dir)
      expect(opened.extras).toEqual({ className: name })
      const x = inputs.map(({ shape, values }) => tf.tensor(numbers(values), shape))
      const [y] = [opened.model.predict(x)].flat()
      expect(y?.shape).toEqual(output.shape)
      const wanted = numbers(output.values)
      numbers(y?.dataSync() ?? []).forEach((value, i) => {
        if (value === wanted[i]) return // infinities
        expect(Math.abs(value - (wanted[i] ?? NaN))).toBeLessThan(TOLERANCE)
      })
    },
  )
})

describe('a run that was stopped in an earlier version', () => {
  it('goes on to the same end', async () => {
    const run: SavedRun = JSON.parse(read('run.json'))
    const dir = join(folder, 'checkpoint')
    cpSync(join(saved, 'checkpoint'), dir, { recursive: true })
    const { model } = await loadModel(join(saved, 'network'))
    const trainer = new Trainer(model, run.trainer)
    const messages: string[] = []
    const { history, stopped, steps } = await trainer.fit(batchesOf(run), {
      epochs: run.epochs,
      checkpoint: { dir },
      resume: true,
      onMessage: (message) => messages.push(message),
    })
    expect(messages).toHaveLength(1)
    expect(stopped).toBe(false)
    expect(steps).toBe((run.epochs * run.y.length) / run.batch)
    expect(history.epochs).toHaveLength(run.epochs)
    expect(Math.abs((history.epochs.at(-1)?.loss ?? NaN) / run.loss - 1)).toBeLessThan(LOSS_TOLERANCE)
    if (runtime.device !== run.writtenBy.device || runtime.isa !== run.writtenBy.isa) return
    await saveModel(model, join(folder, 'end'))
    expect(
      createHash('sha256')
        .update(readFileSync(join(folder, 'end', 'weights.bin')))
        .digest('hex'),
    ).toBe(run.weights)
  })
})

/** The run's batches in the order of its items. */
function batchesOf({ x, y, batch }: SavedRun): BatchSource {
  const [items, steps, channels] = x.shape
  return {
    items,
    batchesPerEpoch: items / batch,
    async *epoch(_: number, first = 0) {
      for (let at = first * batch; at < items; at += batch) {
        const values = x.values.slice(at * steps * channels, (at + batch) * steps * channels)
        yield { x: tf.tensor(values, [batch, steps, channels]), y: tf.tensor(y.slice(at, at + batch), [batch, 1]) }
      }
    },
  }
}
