/**
 * The axis that plots of series share: dates and times of day in UTC, or the numbers of rows where there are no times; and what keeps
 * a long series small without hiding anything: of every stretch that one pixel shows, the lowest and the highest value are kept.
 * Ticks stand at round times (Mondays, firsts of months), with what they belong to in a second line only where it changes.
 */
import * as Plot from '@observablehq/plot'
import { formatCount } from '@weft/core/cli'
import { axisX, axisY, labelMargin, colour } from '@weft/core/report'

/** Numbers in the order of time, NaN where missing. */
export type Values = ArrayLike<number>

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** A Monday. */
const FIRST_MONDAY = 4 * DAY

/** Distances of ticks, in ms. */
const STEPS_MS = [
  ...[1, 5, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 5, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14].map((days) => days * DAY),
]
const STEPS_MONTHS = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400]
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** Pixels that a tick's text needs. */
const TICK_WIDTH = 86

export interface Tick {
  readonly at: number
  readonly text: string
}

/**
 * Ticks of an axis from `low` to `high`.
 *
 * @param dates Whether positions are ms since 1970 UTC; else they are rows.
 * @param width Of the axis in pixels.
 */
export function timeTicks(low: number, high: number, dates: boolean, width: number): Tick[] {
  const most = Math.max(2, Math.floor(width / TICK_WIDTH))
  if (!dates) return rowTicks(low, high, most)
  const stepMs = STEPS_MS.find((step) => (high - low) / step <= most)
  if (stepMs !== undefined) {
    const offset = stepMs % (7 * DAY) === 0 ? FIRST_MONDAY : 0
    const first = Math.ceil((low - offset) / stepMs)
    const count = Math.floor((high - offset) / stepMs) - first + 1
    const at = Array.from({ length: Math.max(0, count) }, (_, i) => offset + (first + i) * stepMs)
    return withContext(at, stepMs < DAY ? (stepMs < MINUTE ? 'second' : 'minute') : 'day')
  }
  const months = (ms: number) => {
    const date = new Date(ms)
    return date.getUTCFullYear() * 12 + date.getUTCMonth()
  }
  const step = STEPS_MONTHS.find((candidate) => (months(high) - months(low)) / candidate <= most) ?? 6000
  const at: number[] = []
  for (let month = Math.ceil(months(low) / step) * step; ; month += step) {
    const ms = Date.UTC(0, month - 1900 * 12)
    if (ms > high) break
    if (ms >= low) at.push(ms)
  }
  return withContext(at, step < 12 ? 'month' : 'year')
}

/** Texts of ticks; the day or year that they belong to below the first and where it changes. */
function withContext(at: readonly number[], unit: 'second' | 'minute' | 'day' | 'month' | 'year'): Tick[] {
  let before = ''
  return at.map((ms, index) => {
    const date = new Date(ms)
    const year = String(date.getUTCFullYear())
    const month = MONTHS[date.getUTCMonth()] ?? ''
    const day = `${date.getUTCDate()} ${month}`
    if (unit === 'year') return { at: ms, text: year }
    const [text, context] =
      unit === 'month'
        ? [month, year]
        : unit === 'day'
          ? [day, year]
          : [date.toISOString().slice(11, unit === 'minute' ? 16 : 19), `${day} ${year}`]
    const changed = context !== before
    const shown = unit === 'month' || unit === 'day' ? context : index === 0 ? `${context} UTC` : day
    before = context
    return { at: ms, text: changed ? `${text}\n${shown}` : text }
  })
}

function rowTicks(low: number, high: number, most: number): Tick[] {
  const least = Math.max(1, (high - low) / most)
  const power = 10 ** Math.floor(Math.log10(least))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power
  const first = Math.ceil(low / step)
  const count = Math.max(0, Math.floor(high / step) - first + 1)
  return Array.from({ length: count }, (_, i) => ({ at: (first + i) * step, text: formatCount((first + i) * step) }))
}

/** The axis as marks: two lines of type below the plot, for which `TIME_MARGIN` leaves room. */
export function timeAxis(low: number, high: number, dates: boolean, width: number): Plot.Markish[] {
  const ticks = timeTicks(low, high, dates, width)
  return axisX({
    label: dates ? null : 'row',
    ticks: ticks.map(({ at }) => at),
    tickFormat: (_: unknown, index: number) => ticks[index]?.text ?? '',
  })
}

/** Height of the axis in pixels. */
export const TIME_MARGIN = 44

/** Where rows stand on the axis: their times, or their numbers from `first` on. */
export function positionsOf(times: Values | undefined, count: number, first = 0): Float64Array {
  return Float64Array.from({ length: count }, (_, row) =>
    times === undefined ? first + row : (times[row] ?? Number.NaN),
  )
}

/** Lowest and highest of all numbers that are finite; undefined when there are none. */
export function extentOf(...many: readonly (Values | undefined)[]): [number, number] | undefined {
  let [low, high] = [Infinity, -Infinity]
  for (const values of many) {
    for (let i = 0; i < (values?.length ?? 0); i++) {
      const value = values?.[i] ?? Number.NaN
      if (!Number.isFinite(value)) continue
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  return low <= high ? [low, high] : undefined
}

/** How an axis of values is drawn: its domain, the room that its numbers need at the left, and how they are written. */
export interface ValueAxis {
  readonly domain: readonly [number, number]
  readonly margin: number
  readonly tickFormat?: (value: number) => string
}

/** The axis for values between two bounds; a little wider where all are the same. Millions are written as `1.2 M`. */
export function valueAxis(extent: readonly [number, number] | undefined): ValueAxis {
  const [low, high] = extent ?? [0, 1]
  const spread = high - low || Math.abs(high) * 0.1 || 1
  const domain: [number, number] = low === high ? [low - spread, high + spread] : [low, high]
  const most = Math.max(...domain.map(Math.abs))
  const [size, suffix] = most >= 1e9 ? [1e9, ' bn'] : most >= 1e6 ? [1e6, ' M'] : [1, '']
  // As many digits as five ticks need, roughly.
  const decimals = Math.max(0, -Math.floor(Math.log10(spread / size / 4)))
  const write = (value: number) => {
    const text = Math.abs(value / size).toFixed(decimals)
    return `${value < 0 ? '−' : ''}${text.replace(/^\d+/, (whole) => formatCount(Number(whole)))}${suffix}`
  }
  const margin = Math.max(44, labelMargin(domain.map(write)) + 4)
  const short = (value: number) => `${String(Number((value / size).toPrecision(6))).replace('-', '−')}${suffix}`
  return { domain, margin, ...(size > 1 && { tickFormat: short }) }
}

/** The marks of an axis of values. Its name stands right above its numbers, below a legend. */
export function valueMarks(
  label: string,
  { margin, tickFormat }: Pick<ValueAxis, 'margin' | 'tickFormat'>,
  options: Plot.AxisYOptions = {},
): Plot.Markish[] {
  const name = { frameAnchor: 'top-left', textAnchor: 'start', dx: 3 - margin, dy: -22, fill: colour('muted') } as const
  return [
    ...axisY({ ticks: 5, ...(tickFormat !== undefined && { tickFormat }), ...options, label: null }),
    Plot.text([label], { ...name, className: 'axis-name' }),
  ]
}

/**
 * Rows that a line needs so that it looks like all of them: the lowest and the highest of each of `buckets` stretches, the first
 * missing one of each, which breaks the line, and those of `keep`.
 *
 * @returns Rows in ascending order; all when they are few.
 */
export function thinRows(values: Values, buckets: number, keep: readonly number[] = []): number[] {
  const { length } = values
  if (length <= 4 * buckets) return Array.from({ length }, (_, row) => row)
  const kept = new Set(keep.filter((row) => row >= 0 && row < length)).add(0).add(length - 1)
  for (let bucket = 0; bucket < buckets; bucket++) {
    const end = Math.floor(((bucket + 1) * length) / buckets)
    let lowest = -1
    let highest = -1
    let missing = -1
    for (let row = Math.floor((bucket * length) / buckets); row < end; row++) {
      const value = values[row] ?? Number.NaN
      if (!Number.isFinite(value)) {
        if (missing < 0) missing = row
        continue
      }
      if (lowest < 0 || value < (values[lowest] ?? 0)) lowest = row
      if (highest < 0 || value > (values[highest] ?? 0)) highest = row
    }
    for (const row of [lowest, highest, missing]) if (row >= 0) kept.add(row)
  }
  return [...kept].sort((a, b) => a - b)
}

/** A point of a line; y is NaN where the line breaks. */
export interface TimePoint {
  readonly x: number
  readonly y: number
}

/** The points of a line, thinned for a plot of `width` pixels. */
export function linePoints(x: Values, y: Values, width: number, keep: readonly number[] = []): TimePoint[] {
  return thinRows(y, Math.ceil(width / 1.5), keep).map((row) => ({ x: x[row] ?? Number.NaN, y: y[row] ?? Number.NaN }))
}
