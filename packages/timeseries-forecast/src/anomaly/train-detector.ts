/**
 * Training a detector on the probation part of a series, and detecting in a whole series, which is the same as row by row. The
 * threshold is learnt there too, without labels: how large an error must be is what the tail of the errors says of a risk that is given.
 */
import { expected } from '@weft/core/errors'
import { nabProbation } from '../metrics/nab.js'
import type { Series } from '../series/series.js'
import { type Detector, type DetectorKind, NetworkDetector } from './detector.js'
import { dailySeason } from './level-evidence.js'
import { buildLstmAutoencoder, buildNextRowLstm, trainOnRows } from './networks.js'
import { compress, spreadOf, toSpreads } from './spread-scaling.js'

export interface DetectorOptions {
  /** Default `combined`. */
  kind?: DetectorKind
  /** A row raises an alarm when evidence as strong as its own has at most this probability. Default 0.005. */
  risk?: number
  seed?: number
  /** Passes over the probation part. Default 30. */
  epochs?: number
  signal?: AbortSignal
}

const DOING = 'training a detector'

/** Rows below which nothing usual can be learnt. */
export const LEAST_ROWS = 60

/** Rows of a window and units of a network; a window is at most a quarter of the probation part. */
const SIZES = {
  combined: { window: 48, units: 16 },
  forecast: { window: 48, units: 16 },
  autoencoder: { window: 24, units: 8 },
} as const satisfies Record<DetectorKind, { window: number; units: number }>

/** Rows of a series: when, and what, column by column; NaN where missing. */
export interface Rows {
  /** [T] */
  readonly times: ArrayLike<number>
  /** D columns, each [T]. */
  readonly columns: readonly ArrayLike<number>[]
}

/** A series as rows of some of its columns, all unless named. */
export function rowsOf({ times, columns }: Series, names = [...columns.keys()]): Rows {
  return {
    times,
    columns: names.map((name) => {
      const column = columns.get(name)
      if (!column)
        throw expected({
          doing: 'detecting anomalies',
          want: `one of ${[...columns.keys()].join(', ')}`,
          of: 'a column',
          got: name,
        })
      return column
    }),
  }
}

const rowAt = (rows: Rows, row: number) => Float64Array.from(rows.columns, (column) => column[row] ?? Number.NaN)

/**
 * Trains a detector on the probation part of a series, and replays that part through it, so that it knows how large errors are: what
 * comes after that part can be given to it at once.
 *
 * @throws UserError for too few rows, or a risk that is no probability.
 */
export async function trainDetector(probation: Rows, options: DetectorOptions = {}): Promise<NetworkDetector> {
  return (await train(probation, options)).detector
}

async function train(
  probation: Rows,
  options: DetectorOptions,
): Promise<{ detector: NetworkDetector; onProbation: RowScores }> {
  const { kind = 'combined', risk = 0.005, seed = 1, epochs = 30, signal } = options
  const rows = probation.times.length
  if (rows < LEAST_ROWS)
    throw expected({ doing: DOING, want: `at least ${LEAST_ROWS} rows`, of: 'the probation part', got: rows })
  if (!(risk > 0 && risk < 1)) throw expected({ doing: DOING, want: 'a number between 0 and 1', of: 'risk', got: risk })
  const spreads = probation.columns.map((column) => spreadOf(column))
  const columns = spreads.map((spread, c) =>
    Float64Array.from(probation.columns[c] ?? [], (value) => toSpreads(value, spread)),
  )
  const { window: longest, units } = SIZES[kind]
  const sizes = { columns: spreads.length, window: Math.min(longest, Math.floor(rows / 4)), units, seed }
  const model = kind === 'autoencoder' ? buildLstmAutoencoder(sizes) : buildNextRowLstm(sizes)
  const target = kind === 'autoencoder' ? 'itself' : 'change'
  await trainOnRows(model, networkRows(rows, columns), target, { ...sizes, epochs, signal })
  signal?.throwIfAborted()
  const seasonLength = dailySeason(probation.times, columns)
  const detector = new NetworkDetector({ kind, spreads, silence: Math.floor(rows / 2), seasonLength }, model)
  detector.threshold = 1 - risk
  const onProbation = detectRows(detector, probation)
  return { detector, onProbation }
}

/** What a network learns from, [T, D]: a missing value is the one before it, or the median before the first. */
function networkRows(length: number, columns: readonly Float64Array[]): Float32Array {
  const rows = new Float32Array(length * columns.length)
  columns.forEach((column, c) => {
    let last = 0
    column.forEach((spreads, row) => {
      if (Number.isFinite(spreads)) last = compress(spreads)
      rows[row * columns.length + c] = last
    })
  })
  return rows
}

/** The scores of rows, and what a detector expected of them. */
export interface RowScores {
  /** [T] */
  readonly scores: Float64Array
  /** What each row should have been, D columns of [T]; NaN from detectors that have no idea of it. */
  readonly expected: readonly Float64Array[]
  /** Rows that raised an alarm, ascending. */
  readonly alarms: readonly number[]
}

/** Gives rows to a detector one by one, from where it is. */
export function detectRows(detector: Detector, rows: Rows): RowScores {
  const length = rows.times.length
  const scores = new Float64Array(length)
  const wanted = rows.columns.map(() => new Float64Array(length).fill(Number.NaN))
  const alarms: number[] = []
  for (let row = 0; row < length; row++) {
    const detection = detector.update(rows.times[row] ?? Number.NaN, rowAt(rows, row))
    scores[row] = detection.score
    wanted.forEach((column, c) => {
      column[row] = detection.expected?.[c] ?? Number.NaN
    })
    if (detection.alarm) alarms.push(row)
  }
  return { scores, expected: wanted, alarms }
}

export interface SeriesDetection extends RowScores {
  /** Rows at the beginning that the detector was trained on; alarms there say what it learnt from, not what it found. */
  readonly probation: number
  readonly threshold: number
  /** Where it is after the last row, to go on from. */
  readonly detector: NetworkDetector
}

/**
 * Detects anomalies in a whole series: trains on its probation part, then takes the rest row by row.
 *
 * @param options `probation`: rows of that part, by default the benchmark's 15 %, at most 750, and at least 60.
 * @throws UserError for too short a series.
 */
export async function detectSeries(
  rows: Rows,
  options: DetectorOptions & { probation?: number } = {},
): Promise<SeriesDetection> {
  const { length } = rows.times
  const probation = Math.min(length, options.probation ?? Math.max(LEAST_ROWS, nabProbation(length)))
  const { detector, onProbation } = await train(cut(rows, 0, probation), options)
  const rest = detectRows(detector, cut(rows, probation, rows.times.length))
  return {
    scores: concatenate(onProbation.scores, rest.scores),
    expected: onProbation.expected.map((column, c) => concatenate(column, rest.expected[c] ?? new Float64Array(0))),
    alarms: rest.alarms.map((row) => probation + row),
    ...{ probation, threshold: detector.threshold, detector },
  }
}

function cut({ times, columns }: Rows, from: number, to: number): Rows {
  const part = (values: ArrayLike<number>) =>
    Float64Array.from({ length: to - from }, (_, i) => values[from + i] ?? Number.NaN)
  return { times: part(times), columns: columns.map(part) }
}

function concatenate(first: Float64Array, second: Float64Array): Float64Array {
  const both = new Float64Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
