/** A noisy wave of twelve rows, five minutes apart, with what goes wrong in it; for tests. */
import { Random } from '@weft/core/runtime'
import type { Rows } from '../train-detector.js'

const START = Date.UTC(2024, 0, 1)
const STEP = 300_000

export interface WaveFaults {
  /** A row that is 10 higher. */
  spikeAt?: number
  /** From this row on all are 6 higher. */
  shiftAt?: number
}

export function wave(rows: number, { spikeAt, shiftAt = Infinity }: WaveFaults = {}): Rows {
  const random = new Random(9, 'wave')
  const values = Float64Array.from({ length: rows }, (_, row) => {
    const usual = Math.sin((2 * Math.PI * row) / 12) + 0.1 * random.normal()
    return 20 + usual + (row === spikeAt ? 10 : 0) + (row >= shiftAt ? 6 : 0)
  })
  return { times: Float64Array.from(values, (_, row) => START + row * STEP), columns: [values] }
}

/** Rows [from, to). */
export function cut({ times, columns }: Rows, from: number, to: number): Rows {
  const part = (values: ArrayLike<number>) => Float64Array.from({ length: to - from }, (_, i) => values[from + i] ?? 0)
  return { times: part(times), columns: columns.map(part) }
}
