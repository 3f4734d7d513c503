/**
 * The axis of time of one series: rows brought into order, duplicates merged, and laid on a regular grid whose gaps become rows of NaN.
 * It works on times alone, and returns for each point the row of the table that it comes from, -1 for a gap.
 */
import type { Step } from '../series/series.js'
import { RowProblem } from './row-problem.js'
import { describeStep, monthOf, offGrid, phaseOf, stepForward, TOLERANCE } from './step.js'
import { formatInstant, TimeZone } from './time-zone.js'

/** What becomes of rows at the same time of a series. */
export type Duplicates = 'error' | 'first' | 'last' | 'mean'
/** What becomes of rows that go back in time. */
export type Unsorted = 'error' | 'sort'

const HOUR = 3_600_000
const UTC = new TimeZone('UTC')
/** Filling gaps is refused where it would make more points than this for each row. */
const MOST_PER_ROW = 20

/** What is needed to say where and when something is wrong. */
export interface AxisContext {
  readonly timeColumn: string
  readonly zone: TimeZone
}

/** Points in time, and the row of the table that each comes from; without `rows`, point t comes from row t. */
export interface Axis {
  readonly times: Float64Array
  readonly rows: Int32Array | undefined
}

/** The values of these rows, NaN for row -1. A loop, because `Float64Array.from` would first put all of them into a list. */
export function takeRows(values: Float64Array, rows: Int32Array): Float64Array {
  const taken = new Float64Array(rows.length)
  for (let at = 0; at < rows.length; at++) taken[at] = values[rows[at] ?? -1] ?? NaN
  return taken
}

/** The row that a point comes from. */
function rowOf({ rows }: Axis, at: number): number {
  return rows === undefined ? at : (rows[at] ?? -1)
}

/**
 * Turns times as the clock showed them into instants.
 *
 * @throws RowProblem for a time that the clock never showed.
 */
export function toInstants(axis: Axis, { zone, timeColumn }: AxisContext): Axis {
  let previous = -Infinity
  const times = axis.times.map((local, at) => {
    const time = zone.toUtc(local, previous)
    if (time === undefined) {
      const hint = `The clock was put forward there. Name with --time-zone the zone in which the times were written, such as UTC.`
      throw new RowProblem(
        rowOf(axis, at),
        `a time that exists in ${zone.name}`,
        timeColumn,
        formatInstant(local, UTC),
        hint,
      )
    }
    previous = time
    return time
  })
  return { times, rows: axis.rows }
}

/**
 * Rows in ascending order of time.
 *
 * @returns the axis, and the number of rows that came after a later one.
 * @throws RowProblem at the first of these unless they are to be sorted.
 */
export function inOrder(
  axis: Axis,
  unsorted: Unsorted,
  { zone, timeColumn }: AxisContext,
): { axis: Axis; back: number } {
  const { times } = axis
  let back = 0
  for (let at = 1; at < times.length; at++) {
    const [time, before] = [times[at] ?? NaN, times[at - 1] ?? NaN]
    if (time >= before) continue
    back++
    if (unsorted === 'sort') continue
    const clock = before - time <= 2 * HOUR ? ' If the clock was put back there, name its zone with --time-zone.' : ''
    const received = `${formatInstant(time, zone)} after ${formatInstant(before, zone)}`
    const hint = `Sort them with --unsorted sort, or name with --key the column that tells several series apart (filename, when each file is one).${clock}`
    throw new RowProblem(rowOf(axis, at), 'times in ascending order', timeColumn, received, hint)
  }
  if (back === 0) return { axis, back }
  const order = new Int32Array(times.length)
    .map((_, at) => at)
    .sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b)
  return { axis: pick(axis, order), back }
}

function pick(axis: Axis, order: Int32Array): Axis {
  return {
    times: takeRows(axis.times, order),
    rows: order.map((at) => rowOf(axis, at)),
  }
}

/**
 * One row for each time. With `mean`, the numbers of the row that stays become the means of all, of those that are not missing.
 *
 * @param columns Whose numbers are averaged in place.
 * @returns the axis, and the number of rows that were removed.
 * @throws RowProblem at the first duplicate, with `error`.
 */
export function withoutDuplicates(
  axis: Axis,
  duplicates: Duplicates,
  columns: Iterable<Float64Array>,
  { zone, timeColumn }: AxisContext,
): { axis: Axis; merged: number } {
  const { times } = axis
  const groups: [from: number, to: number][] = []
  let merged = 0
  for (let at = 1; at < times.length; at++) {
    if (times[at] !== times[at - 1]) continue
    merged++
    if (duplicates === 'error' && !areAlike(axis, columns, at - 1, at)) {
      const received = `${formatInstant(times[at] ?? NaN, zone)} again`
      const hint =
        'Say with --duplicates first, last or mean which row counts, with --key which column tells series apart (filename, when each file is one), or with --time-zone where the clock was put back.'
      throw new RowProblem(rowOf(axis, at), 'each time once', timeColumn, received, hint)
    }
    const group = groups.at(-1)
    if (group !== undefined && group[1] === at) group[1] = at + 1
    else groups.push([at - 1, at + 1])
  }
  if (merged === 0) return { axis, merged }
  if (duplicates === 'mean')
    for (const column of columns) for (const [from, to] of groups) average(axis, column, from, to)
  const neighbour = duplicates === 'last' ? 1 : -1
  const order = new Int32Array(times.length).map((_, at) => at).filter((at) => times[at] !== times[at + neighbour])
  return { axis: pick(axis, order), merged }
}

/** Whether two rows hold the same values: then it does not matter which of them counts. */
function areAlike(axis: Axis, columns: Iterable<Float64Array>, one: number, other: number): boolean {
  return [...columns].every((column) => Object.is(column[rowOf(axis, one)], column[rowOf(axis, other)]))
}

/** Puts the mean of the rows `from` up to `to` into the first. */
function average(axis: Axis, column: Float64Array, from: number, to: number): void {
  let [sum, count] = [0, 0]
  for (let at = from; at < to; at++) {
    const value = column[rowOf(axis, at)] ?? NaN
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  column[rowOf(axis, from)] = sum / count
}

/** Rows missing between two, and where. */
export interface Gap {
  readonly rows: number
  /** The times before and after it. */
  readonly from: number
  readonly to: number
}

/** An axis without gaps, and what was done for it. */
export interface Grid {
  readonly axis: Axis
  readonly gaps: readonly Gap[]
  /** Rows that were moved onto the grid, and the farthest of them in ms. */
  readonly moved: number
  readonly farthest: number
}

/**
 * Lays an ascending axis without duplicates on the grid of its step; with step `row` it stays as it is.
 *
 * @throws RowProblem for a row off the grid, for two on one point, and where gaps would become far more rows than there are.
 */
export function onGrid(axis: Axis, step: Step, context: AxisContext): Grid {
  if (step.unit === 'row' || axis.times.length === 0) return { axis, gaps: [], moved: 0, farthest: 0 }
  const { points, moved, farthest, start } =
    step.unit === 'ms' ? onClock(axis, step.count, context) : onMonths(axis, step.count, context)
  const length = (points.at(-1) ?? 0) + 1
  const most = MOST_PER_ROW * Math.max(50, points.length)
  if (length > most) throw tooSparse(axis, points, step, length, context)
  const timeOf = (point: number) => stepForward(start, step, point)
  const gaps: Gap[] = []
  for (let at = 1; at < points.length; at++) {
    const [before, point] = [points[at - 1] ?? 0, points[at] ?? 0]
    if (point > before + 1) gaps.push({ rows: point - before - 1, from: timeOf(before), to: timeOf(point) })
  }
  if (gaps.length === 0 && moved === 0) return { axis, gaps, moved, farthest }
  const rows = new Int32Array(length).fill(-1)
  const times = new Float64Array(length)
  for (let point = 0; point < length; point++) times[point] = timeOf(point)
  points.forEach((point, at) => (rows[point] = rowOf(axis, at)))
  return { axis: { times, rows }, gaps, moved, farthest }
}

function tooSparse(
  { times, rows }: Axis,
  points: Int32Array,
  step: Step,
  length: number,
  { zone, timeColumn }: AxisContext,
): RowProblem {
  let at = 1
  for (let i = 1; i < points.length; i++) {
    if ((points[i] ?? 0) - (points[i - 1] ?? 0) > (points[at] ?? 0) - (points[at - 1] ?? 0)) at = i
  }
  const received = `${length} for ${times.length}; the longest gap is from ${formatInstant(times[at - 1] ?? NaN, zone)} to ${formatInstant(times[at] ?? NaN, zone)}`
  const hint = 'Say with --step how far apart rows are, or --step rows when only their order counts.'
  return new RowProblem(
    rowOf({ times, rows }, at),
    `about as many rows ${describeStep(step)} as there are`,
    timeColumn,
    received,
    hint,
  )
}

/** The points of a grid on which rows lie, numbered from 0. */
interface Points {
  readonly points: Int32Array
  readonly moved: number
  readonly farthest: number
  /** The time of point 0. */
  readonly start: number
}

function onClock(axis: Axis, count: number, context: AxisContext): Points {
  const { times } = axis
  const phase = phaseOf(times, count)
  const first = times[0] ?? 0
  const start = first - offGrid(first, phase, count)
  let [moved, farthest] = [0, 0]
  const points = new Int32Array(times.length)
  for (let at = 0; at < times.length; at++) {
    const time = times[at] ?? NaN
    const off = Math.abs(offGrid(time, phase, count))
    if (off > TOLERANCE * count) throw offTheGrid(axis, at, { unit: 'ms', count }, context)
    if (off > 0) moved++
    farthest = Math.max(farthest, off)
    points[at] = Math.round((time - start) / count)
    if (at > 0 && points[at] === points[at - 1]) throw samePoint(axis, at, { unit: 'ms', count }, context)
  }
  return { points, moved, farthest, start }
}

function onMonths(axis: Axis, count: number, context: AxisContext): Points {
  const step: Step = { unit: 'month', count }
  const start = axis.times[0] ?? 0
  let [moved, farthest] = [0, 0]
  const points = Int32Array.from(axis.times, (time, at) => {
    const point = (monthOf(time) - monthOf(start)) / count
    if (!Number.isInteger(point)) throw offTheGrid(axis, at, step, context)
    if (at > 0 && monthOf(time) === monthOf(axis.times[at - 1] ?? 0)) throw samePoint(axis, at, step, context)
    const off = Math.abs(time - stepForward(start, step, point))
    if (off > 0) moved++
    farthest = Math.max(farthest, off)
    return point
  })
  return { points, moved, farthest, start }
}

const OTHER_STEP = 'Say with --step how far apart rows are, or --step rows when only their order counts.'

function offTheGrid(axis: Axis, at: number, step: Step, { zone, timeColumn }: AxisContext): RowProblem {
  const [before, time] = [axis.times[at - 1] ?? NaN, axis.times[at] ?? NaN].map((one) => formatInstant(one, zone))
  const received = at === 0 ? String(time) : `${time} after ${before}`
  return new RowProblem(rowOf(axis, at), `rows ${describeStep(step)}`, timeColumn, received, OTHER_STEP)
}

function samePoint(axis: Axis, at: number, step: Step, { zone, timeColumn }: AxisContext): RowProblem {
  const [before, time] = [axis.times[at - 1] ?? NaN, axis.times[at] ?? NaN].map((one) => formatInstant(one, zone))
  const received = `${time} so soon after ${before}`
  return new RowProblem(rowOf(axis, at), `rows ${describeStep(step)}`, timeColumn, received, OTHER_STEP)
}
