import '@tensorflow/tfjs-backend-cpu'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Batch, BatchSource } from '../data/batches.js'
import { UserError } from '../errors.js'
import { Random } from '../runtime/random.js'
import { EarlyStopping, ModelCheckpoint, ReduceLearningRateOnPlateau, type Callback } from './callbacks.js'
import type { Outputs } from './evaluate.js'
import { CsvLogger, JsonLinesLogger, TensorBoardLogger } from './loggers.js'
import type { FitOptions, FitResult, Progress } from './fit.js'
import { Trainer, type TrainerOptions } from './trainer.js'
import { restoreSnapshot, snapshot } from './weights.js'

const BATCH = 8

/** Points in the plane, labelled by which side of a line they are on; the order is a function of the epoch. */
function pointSource(items: number, seed: number): BatchSource {
  const batchesPerEpoch = Math.ceil(items / BATCH)
  return {
    items,
    batchesPerEpoch,
    async *epoch(epoch, fromBatch = 0) {
      const order = new Random(seed, epoch).permutation(items)
      for (let b = fromBatch; b < batchesPerEpoch; b++) {
        const points = [...order.slice(b * BATCH, (b + 1) * BATCH)].map((item) => {
          const random = new Random(seed, 'item', item)
          return [random.normal(), random.normal()]
        })
        const labels = points.map(([x = 0, y = 0]) => (x + 2 * y > 0 ? [0, 1] : [1, 0]))
        const batch: Batch = { x: tf.tensor2d(points), y: tf.tensor2d(labels) }
        yield batch
      }
    },
  }
}

function pointModel(): tfl.Sequential {
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 4, inputShape: [2], activation: 'tanh' }),
      tfl.layers.batchNormalization({ momentum: 0.9 }),
      tfl.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  })
  const random = new Random(3)
  const initial = snapshot(model).map((values) =>
    values.length === 8 ? values.map(() => random.normal() / 2) : values,
  )
  restoreSnapshot(model, initial)
  return model
}

const accuracy = (outputs: Outputs) => {
  const { yTrue, yPred, items } = outputs
  let right = 0
  for (let i = 0; i < items; i++) if ((yPred[2 * i] ?? 0) > 0.5 === (yTrue[2 * i] ?? 0) > 0.5) right++
  return { accuracy: right / items }
}

const base: TrainerOptions = { loss: 'categoricalCrossentropy', learningRate: 0.02, metrics: accuracy }
const train = pointSource(60, 1)
const validation = pointSource(20, 2)
const flat = (model: tfl.LayersModel) => snapshot(model).flatMap((values) => [...values])

/** A metric that takes scripted values, one an evaluation. */
const scripted = (values: number[]) => {
  let at = 0
  return () => ({ score: values[at++] ?? 0 })
}

let dir = ''
beforeAll(async () => {
  await tf.setBackend('cpu')
})
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weft-trainer-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

describe('fit', () => {
  it('learns, and keeps the figures of each epoch', async () => {
    const trainer = new Trainer(pointModel(), { ...base, schedule: { type: 'cosine', warmupEpochs: 1 } })
    const { history, stopped, steps } = await trainer.fit(train, { epochs: 10, validation })
    expect(stopped).toBe(false)
    expect(steps).toBe(80)
    expect(history.epochs.map((log) => log.epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    const [first, last] = [history.epochs[0], history.epochs[9]]
    expect(last?.loss).toBeLessThan((first?.loss ?? 0) / 2)
    expect(last?.['val_loss']).toBeLessThan(first?.['val_loss'] ?? 0)
    expect(last?.['val_accuracy']).toBeGreaterThanOrEqual(0.9)
    expect(last?.steps).toBe(80)
    expect(first?.learningRate).toBeCloseTo(0.02, 12)
    expect(last?.learningRate).toBeCloseTo(0.01 * (1 + Math.cos((Math.PI * 71) / 72)), 12)
  })

  it('evaluates over all items, short last batches included', async () => {
    const trainer = new Trainer(pointModel(), base)
    const { loss, items, metrics, outputs } = await trainer.evaluate(validation)
    expect(items).toBe(20)
    expect(outputs.batches.map((batch) => batch.predShape)).toEqual([
      [8, 2],
      [8, 2],
      [4, 2],
    ])
    const { yTrue, yPred } = outputs
    const byHand = yTrue.reduce((sum, y, i) => sum - y * Math.log(yPred[i] ?? 1), 0) / 20
    expect(loss).toBeCloseTo(byHand, 5)
    expect(metrics).toEqual(accuracy(outputs))
  })

  it('leaves no tensor behind in 240 steps, with validation, average and checkpoints', async () => {
    const model = pointModel()
    const before = tf.memory().numTensors
    const trainer = new Trainer(model, { ...base, emaDecay: 0.9, accumulate: 3, clipNorm: 1 })
    const counts: number[] = []
    const watch: Callback = { name: 'watch', onEpochEnd: () => void counts.push(tf.memory().numTensors) }
    const options: FitOptions = { epochs: 30, validation, callbacks: [watch, new EarlyStopping({ patience: 99 })] }
    await trainer.fit(train, { ...options, checkpoint: { dir, everySteps: 2 } })
    expect(new Set(counts).size).toBe(1)
    trainer.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('validates within epochs, and reports progress', async () => {
    const phases: string[] = []
    const trainer = new Trainer(pointModel(), base)
    const { history } = await trainer.fit(train, {
      epochs: 2,
      validation,
      validateEverySteps: 3,
      onProgress: ({ phase, epoch, batch, batches }) => phases.push(`${phase} ${epoch} ${batch}/${batches}`),
    })
    expect(history.validations.map(({ epoch, steps }) => [epoch, steps])).toEqual([
      [1, 3],
      [1, 6],
      [2, 9],
      [2, 12],
      [2, 15],
    ])
    expect(phases.slice(0, 6)).toEqual([
      'train 1 1/8',
      'train 1 2/8',
      'train 1 3/8',
      'validation 1 1/3',
      'validation 1 2/3',
      'validation 1 3/3',
    ])
    expect(phases.at(-1)).toBe('validation 2 3/3')
  })

  it('evaluates and ends with the average of the weights, when that is on', async () => {
    const model = pointModel()
    const trainer = new Trainer(model, { ...base, emaDecay: 0.95 })
    const during: number[][] = []
    const watch: Callback = { name: 'watch', onEpochEnd: (_, run) => void during.push(flat(run.model)) }
    await trainer.fit(train, { epochs: 2, validation, callbacks: [watch] })
    expect(flat(model)).toEqual(during[1])
    const plain = pointModel()
    await new Trainer(plain, base).fit(train, { epochs: 2 })
    expect(flat(plain)).not.toEqual(flat(model))
    const final = flat(model)
    await trainer.evaluate(validation)
    expect(flat(model)).toEqual(final)
  })

  it('is a run once only', async () => {
    const trainer = new Trainer(pointModel(), base)
    await trainer.fit(train, { epochs: 1 })
    await expect(trainer.fit(train, { epochs: 1 })).rejects.toThrow('a Trainer makes one run')
  })
})

describe('callbacks', () => {
  it('EarlyStopping restores the best weights, ModelCheckpoint saves each best', async () => {
    const model = pointModel()
    const seen: number[][] = []
    const saved: number[] = []
    const watch: Callback = { name: 'watch', onEpochEnd: (_, run) => void seen.push(flat(run.model)) }
    const stopping = new EarlyStopping({ monitor: 'val_score', mode: 'max', patience: 2 })
    const best = new ModelCheckpoint({
      monitor: 'val_score',
      mode: 'max',
      save: (_, { epoch }) => void saved.push(epoch),
    })
    const trainer = new Trainer(model, { ...base, metrics: scripted([0.1, 0.5, 0.3, 0.7, 0.7, 0.2, 0.9]) })
    const result = await trainer.fit(train, { epochs: 20, validation, callbacks: [watch, stopping, best] })
    expect(result.history.epochs).toHaveLength(6)
    expect(result.stopReason).toBe('val_score has not improved for 2 epochs; its best was in epoch 4')
    expect(stopping.bestEpoch).toBe(4)
    expect(saved).toEqual([1, 2, 4])
    expect(flat(model)).toEqual(seen[3])
    expect(flat(model)).not.toEqual(seen[5])
  })

  it('ReduceLearningRateOnPlateau waits, reduces, cools down', async () => {
    const trainer = new Trainer(pointModel(), {
      ...base,
      learningRate: 0.1,
      metrics: scripted([5, 5, 5, 5, 5, 5, 4, 4]),
    })
    const options = { monitor: 'val_score', patience: 2, factor: 0.5, cooldown: 1, minFactor: 0.3 }
    const callbacks = [new ReduceLearningRateOnPlateau(options)]
    const { history } = await trainer.fit(train, { epochs: 8, validation, callbacks })
    expect(history.epochs.map((log) => log.learningRate)).toEqual([0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.03, 0.03])
  })

  it('say which figures there are when the watched one is missing', async () => {
    const trainer = new Trainer(pointModel(), base)
    const running = trainer.fit(train, { epochs: 1, callbacks: [new EarlyStopping()] })
    await expect(running).rejects.toThrow(
      'watching the training: expected one of epoch, steps, seconds, time, learningRate, loss for monitor, received "val_loss"',
    )
  })
})

describe('an abort', () => {
  it('stops the run between two updates, with the weights that are trained, not their average', async () => {
    const model = pointModel()
    const abort = new AbortController()
    const onProgress = ({ phase, batch }: Progress) => {
      if (phase === 'validation' && batch === 1) abort.abort()
    }
    const trainer = new Trainer(model, { ...base, emaDecay: 0.9 })
    const { stopped, history } = await trainer.fit(train, { epochs: 2, validation, signal: abort.signal, onProgress })
    expect(stopped).toBe(true)
    expect(history.epochs).toEqual([])
    const plain = pointModel()
    await new Trainer(plain, base).fit(train, { epochs: 1 })
    expect(flat(model)).toEqual(flat(plain))
  })

  it('that a callback reports as an error is not taken for one of the run', async () => {
    const abort = new AbortController()
    const cancelled = new Error('cancelled')
    const saving: Callback = {
      name: 'saving',
      onEpochEnd: () => {
        abort.abort(cancelled)
        abort.signal.throwIfAborted()
      },
    }
    const running = new Trainer(pointModel(), base).fit(train, {
      epochs: 2,
      callbacks: [saving],
      checkpoint: { dir },
      signal: abort.signal,
    })
    await expect(running).rejects.toBe(cancelled)
    expect(readdirSync(dir)).toEqual([])
  })
})

describe('a loss that is no number', () => {
  it('ends the run, says where, and leaves the weights', async () => {
    const model = pointModel()
    const poisoned: BatchSource = {
      ...train,
      async *epoch(epoch, fromBatch = 0) {
        let index = fromBatch
        for await (const batch of train.epoch(epoch, fromBatch)) {
          const bad = epoch === 1 && index++ === 2
          yield bad ? { ...batch, x: tf.mul(tf.tensor2d([[1, 2]]), Number.NaN), y: tf.tensor2d([[0, 1]]) } : batch
        }
      },
    }
    const running = new Trainer(model, base).fit(poisoned, { epochs: 3, checkpoint: { dir } })
    await expect(running).rejects.toThrow(UserError)
    await expect(running).rejects.toThrow(
      'training: expected a finite loss and gradient in epoch 2, batch 3 (step 11, learning rate 0.02), received NaN',
    )
    await expect(running).rejects.toMatchObject({ hint: expect.stringContaining('checkpoint-0000000008.weft') })
    expect(flat(model).slice(0, 8).every(Number.isFinite)).toBe(true)
  })
})

describe('resuming', () => {
  const options: TrainerOptions = { ...base, schedule: 'cosine', emaDecay: 0.9, accumulate: 2 }
  const callbacks = (into: string) => [
    new EarlyStopping({ patience: 9 }),
    new ReduceLearningRateOnPlateau({ patience: 1, factor: 0.5, minDelta: 1 }),
    new JsonLinesLogger(join(into, 'metrics.jsonl')),
    new CsvLogger(join(into, 'metrics.csv')),
    new TensorBoardLogger(join(into, 'events')),
  ]
  const fitOptions = (into: string, extra: Partial<FitOptions> = {}): FitOptions => ({
    epochs: 4,
    validation,
    validateEverySteps: 3,
    callbacks: callbacks(into),
    checkpoint: { dir: join(into, 'checkpoint'), everySteps: 1 },
    ...extra,
  })
  const untimed = (path: string) => readFileSync(path, 'utf8').replaceAll(/"(seconds|time)":[\d.e-]+/g, '"$1":0')

  // The run that nothing interrupted.
  let straightDir = ''
  let straight: { weights: number[]; result: FitResult }
  beforeAll(async () => {
    straightDir = mkdtempSync(join(tmpdir(), 'weft-straight-'))
    const model = pointModel()
    const result = await new Trainer(model, options).fit(train, fitOptions(straightDir))
    straight = { weights: flat(model), result }
  })
  afterAll(() => {
    rmSync(straightDir, { recursive: true, force: true })
  })

  // 8 batches and 3 validation batches an epoch, and 3 more for each validation within one.
  it.each([1, 2, 5, 8, 9, 10, 17, 33, 48])(
    'after an abort at report %i ends as if nothing had happened',
    async (report) => {
      const into = join(dir, 'aborted')
      const abort = new AbortController()
      let reports = 0
      const onProgress = () => {
        if (++reports === report) abort.abort()
      }
      const first = await new Trainer(pointModel(), options).fit(
        train,
        fitOptions(into, { signal: abort.signal, onProgress }),
      )
      expect(first.stopped).toBe(true)
      expect(first.checkpoint).toBeDefined()
      // What a kill in the middle of a line would leave.
      writeFileSync(join(into, 'metrics.jsonl'), `${readFileSync(join(into, 'metrics.jsonl'), 'utf8')}{"epo`)
      const model = pointModel()
      const messages: string[] = []
      const onMessage = (message: string) => void messages.push(message)
      const second = await new Trainer(model, options).fit(train, fitOptions(into, { resume: true, onMessage }))
      expect(messages.join()).toMatch(/^going on from .*epoch \d, batch \d/)
      expect(second.stopped).toBe(false)
      expect(flat(model)).toEqual(straight.weights)
      const figures = ({ epochs, validations }: typeof second.history) =>
        [...epochs, ...validations].map((log) => ({ ...log, seconds: 0, time: 0 }))
      expect(figures(second.history)).toEqual(figures(straight.result.history))
      expect(untimed(join(into, 'metrics.jsonl'))).toBe(untimed(join(straightDir, 'metrics.jsonl')))
      const lines = (root: string) => readFileSync(join(root, 'metrics.csv'), 'utf8').split('\n').length
      expect(lines(into)).toBe(1 + 4 + 1)
      expect(lines(into)).toBe(lines(straightDir))
      for (const part of ['train', 'validation']) {
        const size = (root: string) => readFileSync(join(root, 'events', part, 'events.out.tfevents.weft')).length
        expect(size(into)).toBe(size(straightDir))
      }
    },
  )

  it('a run that is over changes nothing and gives its model', async () => {
    const model = pointModel()
    await new Trainer(model, options).fit(train, fitOptions(dir))
    const again = pointModel()
    const { history, steps } = await new Trainer(again, options).fit(train, fitOptions(dir, { resume: true }))
    expect(history.epochs).toHaveLength(4)
    expect(steps).toBe(16)
    expect(flat(again)).toEqual(flat(model))
  })

  it('passes over a checkpoint that was cut in half, says so, and ends alike', async () => {
    const into = join(dir, 'cut')
    const abort = new AbortController()
    let reports = 0
    const onProgress = () => {
      if (++reports === 20) abort.abort()
    }
    const { checkpoint = '' } = await new Trainer(pointModel(), options).fit(
      train,
      fitOptions(into, { signal: abort.signal, onProgress }),
    )
    const whole = readFileSync(checkpoint)
    writeFileSync(checkpoint, whole.subarray(0, whole.length / 2))
    const model = pointModel()
    const messages: string[] = []
    const onMessage = (message: string) => void messages.push(message)
    await new Trainer(model, options).fit(train, fitOptions(into, { resume: true, onMessage }))
    expect(messages[0]).toMatch(/reading checkpoint .*: expected a whole file, .*; using the checkpoint before it/)
    expect(flat(model)).toEqual(straight.weights)
  })

  it('completes the epoch in which a callback stopped the run before the abort', async () => {
    const stopping: Callback = {
      name: 'stopping',
      onValidation: ({ steps }, run) => {
        if (steps === 6) run.stop('enough')
      },
    }
    const into = join(dir, 'stopping')
    const abort = new AbortController()
    const fit = async (root: string, extra: Partial<FitOptions>) => {
      const model = pointModel()
      const result = await new Trainer(model, options).fit(train, fitOptions(root, { callbacks: [stopping], ...extra }))
      return { ...result, weights: flat(model) }
    }
    const uninterrupted = await fit(join(dir, 'uninterrupted'), {})
    expect(uninterrupted).toMatchObject({ stopped: false, stopReason: 'enough', steps: 8 })
    const onProgress = ({ phase, epoch, batch }: Progress) => {
      if (phase === 'train' && epoch === 2 && batch === 6) abort.abort()
    }
    expect(await fit(into, { signal: abort.signal, onProgress })).toMatchObject({ stopped: true, steps: 7 })
    const resumed = await fit(into, { resume: true })
    expect(resumed).toMatchObject({ stopped: false, stopReason: 'enough', steps: 8 })
    expect(resumed.weights).toEqual(uninterrupted.weights)
  })

  it('of a run whose signal was aborted from the start trains all of it', async () => {
    const signal = AbortSignal.abort()
    const first = await new Trainer(pointModel(), options).fit(train, fitOptions(dir, { signal }))
    expect(first).toMatchObject({ stopped: true, steps: 0 })
    const model = pointModel()
    await new Trainer(model, options).fit(train, fitOptions(dir, { resume: true }))
    expect(flat(model)).toEqual(straight.weights)
  })

  it('begins when there is no checkpoint yet, and says so', async () => {
    const messages: string[] = []
    const onMessage = (message: string) => void messages.push(message)
    await new Trainer(pointModel(), options).fit(train, fitOptions(dir, { epochs: 1, resume: true, onMessage }))
    expect(messages[0]).toMatch(/^no checkpoint in .* yet/)
  })

  it('refuses to write over a run, and to go on with other options', async () => {
    await new Trainer(pointModel(), options).fit(train, fitOptions(dir, { epochs: 1 }))
    const anew = new Trainer(pointModel(), options).fit(train, fitOptions(dir))
    await expect(anew).rejects.toThrow(/training: expected no checkpoints in .*, received .*checkpoint-\d+.weft/)
    const other = new Trainer(pointModel(), { ...options, seed: 9 }).fit(train, fitOptions(dir, { resume: true }))
    await expect(other).rejects.toThrow(/expected 1 for seed, as in the run that is to go on, received 9/)
    const data = new Trainer(pointModel(), options).fit(pointSource(61, 1), fitOptions(dir, { resume: true }))
    await expect(data).rejects.toThrow(/expected 60 for items/)
  })
})
