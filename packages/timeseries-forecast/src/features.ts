/**
 * What a network sees of a series: its columns scaled, side by side, targets first. Derived columns and those of the calendar come as
 * columns like all others; gaps stay open until windows are cut (windows/), so that none is filled with what was not known yet.
 */
import { expected } from '@weft/core/errors'
import { requirePositive } from './columns/feature-columns.js'
import type { Scaler } from './series/scaling.js'
import type { Series } from './series/series.js'
import { countGaps, type GapFilling } from './windows/fill-gaps.js'
import type { PreparedSeries, RowRange } from './windows/prepared-series.js'

/** What is done about missing values: filled on a line, with the last value, or on a line and told to the network. */
export type MissingPolicy = 'interpolate' | 'carry' | 'mask'

/** What is forecast: the target, or its natural logarithm. */
export type TargetTransform = 'none' | 'log'

/** Which columns a network gets, by name; the same for all series of a model. */
export interface Layout {
  /** What is forecast, C columns. */
  readonly targets: readonly string[]
  /** What is known up to the origin, besides the targets. */
  readonly past: readonly string[]
  /** What is known in advance, for the horizon too. */
  readonly knownAhead: readonly string[]
  readonly missing: MissingPolicy
  /** The columns whose gaps are inputs themselves, by `gappyColumns` of the training part. */
  readonly masked?: readonly string[] | undefined
  /** Whether the look-back shows no other columns: the cells of a grid. What is known in advance is then seen of the horizon alone. */
  readonly targetsOnly?: boolean | undefined
  /** Default `none`. */
  readonly transform?: TargetTransform | undefined
}

/** How windows fill gaps under a policy. */
export function fillingOf(missing: MissingPolicy): GapFilling {
  return missing === 'carry' ? 'carry' : 'interpolate'
}

/**
 * The columns of a layout that have gaps in the training rows of a series. What is missing before the first value is no gap: a derived
 * column is not defined there yet. With `mask`, these of all series are `masked`.
 */
export function gappyColumns({ columns }: Series, { targets, past, knownAhead }: Layout, rows: RowRange): string[] {
  const gappy = (name: string) => {
    const values = columns.get(name)?.subarray(rows.from, rows.to) ?? new Float64Array(0)
    const first = values.findIndex((value) => !Number.isNaN(value))
    return first !== -1 && values.subarray(first).some(Number.isNaN)
  }
  return [...new Set([...targets, ...past, ...knownAhead])].filter(gappy)
}

/**
 * The columns with targets transformed, in which a scaler is fitted.
 *
 * @throws UserError that names the row of a target that is not above 0 and has no logarithm.
 */
export function transformTargets(series: Series, { targets, transform = 'none' }: Layout): Series['columns'] {
  if (transform === 'none') return series.columns
  const logarithms = targets.map((name): [string, Float64Array] => {
    const values = columnOf(series, series.columns, name)
    requirePositive(series, values, name)
    return [name, values.map(Math.log)]
  })
  return new Map([...series.columns, ...logarithms])
}

/**
 * A series as windows are cut from it. `past` holds targets, past columns, known columns (unless `targetsOnly`) and, for each of
 * `masked`, 1 where it was missing; `future` the known columns.
 *
 * @param scaler Fitted on the training rows of `transformTargets`; columns it does not name stay as they are.
 * @param ahead Known columns that go on after the last row, each [T + extra], in place of the series' own.
 * @throws UserError for a column that is missing, or known ones of different lengths.
 */
export function prepareSeries(
  series: Series,
  layout: Layout,
  scaler: Scaler,
  ahead: ReadonlyMap<string, Float64Array> = new Map(),
): PreparedSeries {
  const { targets, past, knownAhead, masked = [], targetsOnly = false } = layout
  const length = series.times.length
  const columns = new Map([...transformTargets(series, layout), ...ahead])
  const names = [...targets, ...past, ...(targetsOnly ? [] : knownAhead)]
  const pastColumns = [...names, ...masked.map((name) => `missing(${name})`)]
  const rows = new Float32Array(length * pastColumns.length)
  names.forEach((name, at) => {
    write(rows, at, pastColumns.length, columnOf(series, columns, name).subarray(0, length), scaler.scaleOf(name))
  })
  masked.forEach((name, at) => {
    const gaps = columnOf(series, columns, name).subarray(0, length)
    write(
      rows,
      names.length + at,
      pastColumns.length,
      gaps.map((value) => (Number.isNaN(value) ? 1 : 0)),
    )
  })
  const futureRows = rowsAhead(series, columns, knownAhead)
  const future = new Float32Array(futureRows * knownAhead.length)
  knownAhead.forEach((name, at) => {
    write(future, at, knownAhead.length, columnOf(series, columns, name), scaler.scaleOf(name))
  })
  const { key, times } = series
  const gaps = countGaps(rows, pastColumns.length)
  return {
    key,
    times,
    length,
    past: rows,
    gaps,
    pastColumns,
    targets: targets.length,
    future,
    futureColumns: knownAhead,
  }
}

/** How many rows the known columns have, T at least. */
function rowsAhead(series: Series, columns: Series['columns'], knownAhead: readonly string[]): number {
  const [first = series.times.length, ...others] = knownAhead.map((name) => columnOf(series, columns, name).length)
  const wrong = [first, ...others].find((rows) => rows !== first || rows < series.times.length)
  if (wrong === undefined) return first
  const what = `the same number of rows (${series.times.length} or more)`
  throw expected({
    doing: 'preparing a series',
    want: what,
    of: `the columns known in advance (${knownAhead.join(', ')})`,
    got: wrong,
  })
}

/**
 * Makes a forecast of one target, in the scale of the network with its offset added, one in the units of the table: scaled back, and the
 * logarithm undone. With `log` the mean of a forecast becomes a median, and quantiles stay quantiles.
 */
export function restorerOf(target: string, layout: Layout, scaler: Scaler): (value: number) => number {
  const { centre, scale } = scaler.scaleOf(target)
  return layout.transform === 'log' ? (value) => Math.exp(value * scale + centre) : (value) => value * scale + centre
}

function columnOf({ key }: Series, columns: Series['columns'], name: string): Float64Array {
  const values = columns.get(name)
  if (values !== undefined) return values
  throw expected({
    doing: 'preparing a series',
    want: `the column ${name}`,
    of: key === '' ? 'the series' : `series ${key}`,
    got: [...columns.keys()],
  })
}

/** Writes a column of a matrix with `stride` columns, scaled. */
function write(
  out: Float32Array,
  column: number,
  stride: number,
  values: Float64Array,
  { centre, scale } = { centre: 0, scale: 1 },
): void {
  for (let t = 0, at = column; t < values.length; t++, at += stride) out[at] = ((values[t] ?? NaN) - centre) / scale
}
