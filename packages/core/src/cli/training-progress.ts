/**
 * A training run as it is seen on a terminal: a bar for the epoch under way with loss, learning rate and the time left for the
 * whole run, and a line for each epoch that has ended, the best so far marked. Fits the Trainer as it is: `onProgress` goes to
 * `batch`, and the object itself is a callback. Holds no numbers that anything else needs.
 */
import type { Callback, EpochLog, Run } from '../training/callbacks.js'
import { formatDuration, formatNumber } from './format.js'
import type { Progress, ProgressBar } from './progress.js'

/** After a batch. `epoch` and `batch` count from 1. */
export interface BatchProgress {
  readonly phase?: 'train' | 'validation'
  readonly epoch: number
  readonly epochs: number
  readonly batch: number
  readonly batches: number
  readonly loss: number
  readonly learningRate?: number
}

export interface TrainingProgressOptions {
  /** The figure by which an epoch is the best. Default `val_loss`. */
  readonly monitor?: string
  /** Whether less or more of it is better. Default `min`. */
  readonly mode?: 'min' | 'max'
  /** Milliseconds, for tests. */
  readonly now?: () => number
}

/** Figures of an epoch that its line does not show. */
const UNSHOWN = new Set(['epoch', 'steps', 'seconds', 'time', 'learningRate', 'loss'])

export class TrainingProgress implements Callback {
  readonly name = 'progress'
  readonly #progress: Progress
  readonly #options: TrainingProgressOptions
  #bar: ProgressBar | undefined
  #label = ''
  #epochs = 0
  /** When the second batch began, and how many were done then: the first one warms up. */
  #started: { readonly ms: number; readonly batches: number } | undefined

  constructor(progress: Progress, options: TrainingProgressOptions = {}) {
    this.#progress = progress
    this.#options = options
  }

  batch(at: BatchProgress): void {
    this.#epochs = at.epochs
    const validating = at.phase === 'validation'
    const label = `${validating ? 'validating' : 'epoch'} ${at.epoch}/${at.epochs}`
    if (this.#bar === undefined || label !== this.#label) {
      this.#bar?.end()
      this.#bar = this.#progress.start(label, at.batches, 'batches')
      this.#label = label
    }
    if (validating) {
      this.#bar.update(at.batch)
      return
    }
    const values: Record<string, number | string> = { loss: formatNumber(at.loss, 4) }
    if (at.learningRate !== undefined) values['lr'] = shortNumber(at.learningRate)
    const left = this.#secondsLeft(at)
    values['eta'] = left === undefined ? '...' : formatDuration(left)
    this.#bar.update(at.batch, values)
  }

  onEpochEnd(log: EpochLog, run: Run): void {
    const { monitor = 'val_loss', mode = 'min' } = this.#options
    const sign = mode === 'min' ? 1 : -1
    const value = sign * (log[monitor] ?? NaN)
    const before = run.history.epochs
      .filter(({ epoch }) => epoch < log.epoch)
      .map((earlier) => sign * (earlier[monitor] ?? NaN))
    this.epoch(log, {
      epochs: this.#epochs,
      best: Number.isFinite(value) && before.every((other) => !(other <= value)),
    })
  }

  /** The line of an epoch: loss, then every other figure of the log. */
  epoch(log: Readonly<EpochLog>, of: { readonly epochs: number; readonly best?: boolean }): void {
    this.#bar?.end()
    this.#bar = undefined
    const total = String(of.epochs)
    const parts = [`epoch ${String(log.epoch).padStart(total.length)}/${total}`, `loss ${formatNumber(log.loss, 4)}`]
    for (const [name, value] of Object.entries(log))
      if (!UNSHOWN.has(name)) parts.push(`${name} ${formatNumber(value, 4)}`)
    parts.push(`lr ${shortNumber(log.learningRate)}`, formatDuration(log.seconds))
    if (of.best === true) parts.push('best')
    this.#progress.line(parts.join('  '))
  }

  /** Removes the bar, with `summary` as a last line. */
  end(summary?: string): void {
    this.#bar?.end()
    this.#bar = undefined
    if (summary !== undefined) this.#progress.line(summary)
  }

  /** For the whole run, validation included, from the pace since it began (or was resumed). */
  #secondsLeft(at: BatchProgress): number | undefined {
    const done = (at.epoch - 1) * at.batches + at.batch
    const ms = this.#options.now?.() ?? performance.now()
    this.#started ??= { ms, batches: done }
    const { ms: startMs, batches } = this.#started
    return done <= batches ? undefined : ((ms - startMs) / 1000 / (done - batches)) * (at.epochs * at.batches - done)
  }
}

/** `0.001`, `3.2e-7`. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)))
}
