/**
 * The networks of networks.ts on a stream: each takes a row and answers with the expected row and its error. The forecaster carries the state of
 * its LSTM from row to row for ever and costs microseconds; the autoencoder reconstructs the window that the row ends. A missing value is
 * replaced by what was expected of it, and no error is made of it.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { type StatefulStep, statefulStep } from '@weft/core/models'
import { expand } from './spread-scaling.js'

/** Of one row; errors in spreads, means over the columns that are there, NaN when none is. */
export interface RowJudgement {
  /** What the row should have been, compressed, [D]. */
  readonly expected: Float32Array
  readonly error: number
  /** The same over recent rows. */
  readonly recentError: number
}

/** What is carried from row to row. */
export interface RowModelState {
  readonly carried: readonly (readonly number[])[]
  readonly recentError: number
}

export interface RowModel {
  /** Of the next row, compressed, [D], where the model can. */
  readonly forecast: Float32Array | undefined
  /** Takes the next row, compressed, [D]. */
  update(row: Float32Array): RowJudgement
  state(): RowModelState
  restore(state: RowModelState): void
}

/** The mean error of recent rows moves by this share of the newest. */
const RECENT = 0.05

/** Mean of |row - wanted| in spreads, over the columns that are there. */
function meanError(row: Float32Array, wanted: Float32Array): number {
  let [sum, count] = [0, 0]
  row.forEach((value, c) => {
    if (!Number.isFinite(value)) return
    sum += Math.abs(expand(value) - expand(wanted[c] ?? 0))
    count++
  })
  return sum / count
}

const filled = (row: Float32Array, by: Float32Array) =>
  row.map((value, c) => (Number.isFinite(value) ? value : (by[c] ?? 0)))

/** The LSTM of `buildNextRowLstm`, stepping. */
export class NextRowModel implements RowModel {
  readonly #step: StatefulStep
  #forecast: Float32Array | undefined
  #recentError = 0

  constructor(model: tfl.LayersModel) {
    this.#step = statefulStep(model)
  }

  get forecast(): Float32Array | undefined {
    return this.#forecast
  }

  update(row: Float32Array): RowJudgement {
    // There is no forecast for the first row, so it scores no error.
    const wanted = this.#forecast ?? filled(row, new Float32Array(row.length))
    const error = meanError(row, wanted)
    if (!Number.isNaN(error)) this.#recentError += RECENT * (error - this.#recentError)
    const input = filled(row, wanted)
    const change = this.#step.step(input)
    this.#forecast = input.map((value, c) => value + (change[c] ?? 0))
    return { expected: wanted, error, recentError: Number.isNaN(error) ? error : this.#recentError }
  }

  state(): RowModelState {
    const carried = [this.#forecast ?? [], ...this.#step.save()]
    return { carried: carried.map((values) => Array.from(values)), recentError: this.#recentError }
  }

  restore({ carried: [forecast = [], ...states], recentError }: RowModelState): void {
    this.#forecast = forecast.length > 0 ? Float32Array.from(forecast) : undefined
    this.#step.restore(states.map((values) => Float32Array.from(values)))
    this.#recentError = recentError
  }
}

/** The autoencoder of `buildLstmAutoencoder` on the newest window; there is no error before the first window is full. */
export class ReconstructionModel implements RowModel {
  readonly forecast = undefined
  readonly #model: tfl.LayersModel
  readonly #window: number
  #rows: Float32Array[] = []

  constructor(model: tfl.LayersModel) {
    this.#model = model
    this.#window = model.inputs[0]?.shape[1] ?? 0
  }

  update(row: Float32Array): RowJudgement {
    const isThere = row.some((value) => Number.isFinite(value))
    this.#rows.push(filled(row, this.#rows.at(-1) ?? new Float32Array(row.length)))
    if (this.#rows.length > this.#window) this.#rows.shift()
    if (this.#rows.length < this.#window || !isThere)
      return { expected: this.#rows.at(-1) ?? row, error: Number.NaN, recentError: Number.NaN }
    const back = this.#reconstruct(row.length)
    const errors = this.#rows.map((own, t) => meanError(own, back.subarray(t * row.length, (t + 1) * row.length)))
    const recentError = errors.reduce((sum, value) => sum + value, 0) / errors.length
    const wanted = back.slice(-row.length)
    return { expected: wanted, error: meanError(row, wanted), recentError }
  }

  state(): RowModelState {
    return { carried: this.#rows.map((row) => Array.from(row)), recentError: 0 }
  }

  restore({ carried }: RowModelState): void {
    this.#rows = carried.map((row) => Float32Array.from(row))
  }

  /** The reconstruction of the newest window, flat [L, D]. */
  #reconstruct(columns: number): Float32Array {
    const window = new Float32Array(this.#window * columns)
    this.#rows.forEach((row, t) => window.set(row, t * columns))
    return tf.tidy(() => {
      const output = this.#model.predict(tf.tensor3d(window, [1, this.#window, columns]))
      return Float32Array.from((Array.isArray(output) ? output[0] : output)?.dataSync() ?? [])
    })
  }
}
