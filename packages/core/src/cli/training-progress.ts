/**
 * A training run as it is seen on a terminal: a bar for the epoch under way with loss, learning rate and the time left for the
 * whole run, and a line for each epoch that has ended, its best marked. Holds no numbers that anything else needs.
 */
import { formatDuration, formatNumber } from './format.js'
import type { Progress, ProgressBar } from './progress.js'

/** After a batch. `epoch` and `batch` count from 1. */
export interface BatchProgress {
  readonly epoch: number
  readonly epochs: number
  readonly batch: number
  readonly batches: number
  readonly loss: number
  readonly learningRate?: number
}

/** After an epoch. `metrics` in the order in which they are shown, such as `val_loss`, `val_accuracy`. */
export interface EpochProgress {
  readonly epoch: number
  readonly epochs: number
  readonly loss: number
  readonly metrics?: Readonly<Record<string, number>>
  readonly learningRate?: number
  readonly seconds?: number
  /** The best so far. */
  readonly best?: boolean
}

export class TrainingProgress {
  readonly #progress: Progress
  readonly #now: () => number
  #bar: ProgressBar | undefined
  #epoch = 0
  #started = 0
  #batchesBefore = 0
  #batchesSeen = 0

  constructor(progress: Progress, now: () => number = () => performance.now()) {
    this.#progress = progress
    this.#now = now
  }

  batch(at: BatchProgress): void {
    if (this.#bar === undefined || at.epoch !== this.#epoch) this.#begin(at)
    this.#batchesSeen = (at.epoch - 1) * at.batches + at.batch
    const values: Record<string, number | string> = { loss: formatNumber(at.loss, 4) }
    if (at.learningRate !== undefined) values['lr'] = shortNumber(at.learningRate)
    const left = this.#secondsLeft(at)
    values['eta'] = Number.isFinite(left) ? formatDuration(left) : '...'
    this.#bar?.update(at.batch, values)
  }

  epoch(at: EpochProgress): void {
    this.#bar?.end()
    this.#bar = undefined
    const width = String(at.epochs).length
    const parts = [`epoch ${String(at.epoch).padStart(width)}/${at.epochs}`, `loss ${formatNumber(at.loss, 4)}`]
    for (const [name, value] of Object.entries(at.metrics ?? {})) parts.push(`${name} ${formatNumber(value, 4)}`)
    if (at.learningRate !== undefined) parts.push(`lr ${shortNumber(at.learningRate)}`)
    if (at.seconds !== undefined) parts.push(formatDuration(at.seconds))
    if (at.best === true) parts.push('best')
    this.#progress.line(parts.join('  '))
  }

  /** Removes the bar, with `summary` as a last line. */
  end(summary?: string): void {
    this.#bar?.end()
    this.#bar = undefined
    if (summary !== undefined) this.#progress.line(summary)
  }

  #begin(at: BatchProgress): void {
    this.#bar?.end()
    if (this.#epoch === 0) {
      this.#started = this.#now()
      this.#batchesBefore = (at.epoch - 1) * at.batches + at.batch
    }
    this.#epoch = at.epoch
    this.#bar = this.#progress.start(`epoch ${at.epoch}/${at.epochs}`, at.batches, 'batches')
  }

  /** For the whole run from the second batch seen on, validation included, from the pace since it began (or was resumed). */
  #secondsLeft(at: BatchProgress): number {
    const seen = this.#batchesSeen - this.#batchesBefore
    const seconds = (this.#now() - this.#started) / 1000
    return (seconds / seen) * (at.epochs * at.batches - this.#batchesSeen)
  }
}

/** `0.001`, `3.2e-7`. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)))
}
