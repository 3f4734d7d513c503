/**
 * Callbacks that write a run's figures to files: metrics.jsonl, a CSV, TensorBoard's event files. Each appends figures as they come.
 * When a run begins it rewrites its file from the history, so that a run which was killed in the middle of a line and resumed from an
 * earlier checkpoint has every line once.
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf, UserError } from '../errors.js'
import { writeFileAtomic } from '../files.js'
import type { Callback, EpochLog, Run, ValidationLog } from './callbacks.js'
import { encodeEvent, eventFileHeader } from './event-file.js'

function append(path: string, data: string | Uint8Array): void {
  try {
    appendFileSync(path, data)
  } catch (error) {
    throw new UserError(`writing ${path}: ${reasonOf(error)}`)
  }
}

/** Writes each epoch's log as a line of JSON; NaN becomes null. */
export class JsonLinesLogger implements Callback {
  readonly name = 'jsonLinesLogger'
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  onTrainBegin(run: Run): void {
    writeFileAtomic(this.#path, run.history.epochs.map(jsonLine).join(''))
  }

  onEpochEnd(log: EpochLog): void {
    append(this.#path, jsonLine(log))
  }
}

const jsonLine = (log: EpochLog) => `${JSON.stringify(log)}\n`

/** Writes one row per epoch; the columns are those of the first epoch's log. */
export class CsvLogger implements Callback {
  readonly name = 'csvLogger'
  readonly #path: string
  #columns: string[] = []

  constructor(path: string) {
    this.#path = path
  }

  onTrainBegin(run: Run): void {
    this.#columns = []
    writeFileAtomic(this.#path, run.history.epochs.map((log) => this.#row(log)).join(''))
  }

  onEpochEnd(log: EpochLog): void {
    append(this.#path, this.#row(log))
  }

  #row(log: EpochLog): string {
    const first = this.#columns.length === 0
    if (first) this.#columns = Object.keys(log)
    const row = `${this.#columns.map((column) => log[column] ?? '').join(',')}\n`
    return first ? `${this.#columns.join(',')}\n${row}` : row
  }
}

const NOT_CURVES = new Set(['epoch', 'steps', 'time'])

/**
 * Writes TensorBoard event files to `<dir>/train` and `<dir>/validation`, so that both curves of a figure share a plot; the horizontal
 * axis is the number of updates.
 */
export class TensorBoardLogger implements Callback {
  readonly name = 'tensorBoardLogger'
  readonly #files: { train: string; validation: string }

  constructor(dir: string) {
    const file = (part: string) => join(dir, part, 'events.out.tfevents.weft')
    this.#files = { train: file('train'), validation: file('validation') }
  }

  onTrainBegin(run: Run): void {
    const { epochs, validations } = run.history
    const started = epochs[0] ? epochs[0].time - epochs[0].seconds : Date.now() / 1000
    const logs: (EpochLog | ValidationLog)[] = [...epochs, ...validations].sort((a, b) => a.steps - b.steps)
    for (const part of ['train', 'validation'] as const)
      writeFileAtomic(
        this.#files[part],
        Buffer.concat([eventFileHeader(started), ...logs.map((log) => event(log, part))]),
      )
  }

  onValidation(log: ValidationLog): void {
    append(this.#files.validation, event(log, 'validation'))
  }

  onEpochEnd(log: EpochLog): void {
    append(this.#files.train, event(log, 'train'))
    append(this.#files.validation, event(log, 'validation'))
  }
}

/** The record of a log's figures of one part; empty when there are none. */
function event(log: EpochLog | ValidationLog, part: 'train' | 'validation'): Buffer {
  const figures = Object.entries(log).filter(
    ([key]) => !NOT_CURVES.has(key) && key.startsWith('val_') === (part === 'validation'),
  )
  if (figures.length === 0) return Buffer.alloc(0)
  const scalars = Object.fromEntries(figures.map(([key, value]) => [key.replace(/^val_/, ''), value]))
  return encodeEvent({ timeSeconds: log.time, step: log.steps, scalars })
}
