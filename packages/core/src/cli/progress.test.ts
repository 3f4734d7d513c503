import { Writable } from 'node:stream'
import { sequential } from '@weft/core/tfjs-layers'
import { describe, expect, it } from 'vitest'
import { createProgress } from './progress.js'
import { TrainingProgress } from './training-progress.js'

class Memory extends Writable {
  text = ''
  isTTY = false
  columns = 120
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

describe('progress where nobody watches', () => {
  it('is a line every few seconds, with the time left', () => {
    const stream = new Memory()
    let ms = 0
    const progress = createProgress({ stream, now: () => ms, lineEverySeconds: 5 })
    const bar = progress.start('features', 200, 'files')
    for (let done = 1; done <= 200; done++) {
      ms += 100
      bar.update(done, { skipped: 0 })
    }
    bar.end('200 files')
    expect(stream.text.split('\n')).toEqual([
      'features 50/200 files  (25 %)  skipped 0  eta 15.0 s',
      'features 100/200 files  (50 %)  skipped 0  eta 10.0 s',
      'features 150/200 files  (75 %)  skipped 0  eta 5.0 s',
      'features 200/200 files  (100 %)  skipped 0  eta 0 s',
      '200 files',
      '',
    ])
  })

  it('is nothing when silent', () => {
    const stream = new Memory()
    const progress = createProgress({ stream, mode: 'silent' })
    progress.start('x', 3).end('done')
    progress.line('line')
    expect(stream.text).toBe('')
  })
})

describe('a training run', () => {
  const log = { steps: 30, time: 0, seconds: 5, learningRate: 1e-3, loss: 0.5, val_loss: 0.4, val_accuracy: 0.75 }

  it('shows a line an epoch, and how long all epochs take from where it was resumed', () => {
    const stream = new Memory()
    let ms = 0
    const now = () => ms
    const progress = createProgress({ stream, now, lineEverySeconds: 1 })
    const training = new TrainingProgress(progress, { now })
    for (let batch = 1; batch <= 10; batch++) {
      ms += 500
      training.batch({ phase: 'train', epoch: 3, epochs: 4, batch, batches: 10, loss: 0.5, learningRate: 1e-3 })
    }
    training.batch({ phase: 'validation', epoch: 3, epochs: 4, batch: 1, batches: 2, loss: 0.5, learningRate: 1e-3 })
    training.epoch({ ...log, epoch: 3 }, { epochs: 4, best: true })
    training.end('done')
    const lines = stream.text.trim().split('\n')
    expect(lines.at(0)).toContain('epoch 3/4 3/10 batches')
    expect(lines.at(-3)).toContain('eta 5.5 s')
    expect(lines.at(-2)).toBe('epoch 3/4  loss 0.5000  val_loss 0.4000  val_accuracy 0.7500  lr 0.001  5.0 s  best')
    expect(lines.at(-1)).toBe('done')
  })

  it('marks the epochs that are the best so far by the figure that is watched', () => {
    const best = (values: number[], mode: 'min' | 'max') => {
      const stream = new Memory()
      const training = new TrainingProgress(createProgress({ stream }), { monitor: 'val_accuracy', mode })
      const epochs = values.map((value, at) => ({ ...log, epoch: at + 1, val_accuracy: value }))
      epochs.forEach((epoch, at) => {
        const history = { epochs: epochs.slice(0, at + 1), validations: [] }
        training.onEpochEnd(epoch, { model: sequential(), history, learningRateFactor: 1, stop: () => {} })
      })
      return stream.text
        .trim()
        .split('\n')
        .map((line) => line.endsWith('best'))
    }
    expect(best([0.5, 0.7, 0.6, 0.7, 0.8], 'max')).toEqual([true, true, false, false, true])
    expect(best([0.5, 0.7, NaN, 0.4], 'min')).toEqual([true, false, false, true])
  })
})

describe('progress on a terminal', () => {
  it('draws a bar, clears it for lines and leaves only the summary', () => {
    const stream = new Memory()
    stream.isTTY = true
    const progress = createProgress({ stream })
    const bar = progress.start('epoch {1}/2', 4, 'batches')
    bar.update(2, { loss: 0.25 })
    progress.line('a line')
    bar.end('summary')
    expect(progress.mode).toBe('bar')
    expect(stream.text).toContain('a line\n')
    expect(stream.text).toContain('summary\n')
    expect(stream.text).toContain('epoch 1/2')
  })
})
