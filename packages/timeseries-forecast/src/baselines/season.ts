/**
 * How many rows a season has: of the lengths that the step makes plausible (a day and a week of hourly rows, a year of monthly ones), the
 * one at which the training part, less its moving average, most resembles itself. It looks for one season, not for several.
 */
import type { Step } from '../series/series.js'

/** What was found. */
export interface Season {
  /** Rows of a season; 1 where none was found. */
  readonly length: number
  /** Autocorrelation at that lag, NaN without a season. */
  readonly autocorrelation: number
  /** The finding as a whole sentence. */
  readonly note: string
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Periods of clock and calendar by name, in milliseconds, shortest first. */
const PERIODS: readonly (readonly [string, number])[] = [
  ['a minute', MINUTE],
  ['an hour', HOUR],
  ['a day', DAY],
  ['a week', 7 * DAY],
  ['a year', 365 * DAY],
]
/** With a lower autocorrelation, a season explains too little to build on. */
const LEAST_AUTOCORRELATION = 0.2
/** The autocorrelation of a longer season must be higher by this much: multiples of a season are no seasons. */
const ADVANTAGE = 0.02
/** Seasons that a training part must hold. */
const LEAST_SEASONS = 3

/** Plausible rows of a season with the name of the period, shortest first. */
export function seasonCandidates(step: Step): [string, number][] {
  if (step.unit === 'row')
    return [
      ['a week of trading', 5],
      ['a year of trading', 252],
    ]
  const periods: readonly (readonly [string, number])[] = step.unit === 'month' ? [['a year', 12]] : PERIODS
  return periods
    .map(([name, length]): [string, number] => [name, length / step.count])
    .filter(([, rows]) => Number.isInteger(rows) && rows > 1)
}

/** Autocorrelation at a lag, over the pairs of values that are both known. */
function autocorrelation(values: Float64Array, lag: number): number {
  let product = 0
  let before = 0
  let after = 0
  for (let t = lag; t < values.length; t++) {
    const a = values[t - lag] ?? Number.NaN
    const b = values[t] ?? Number.NaN
    if (Number.isNaN(a) || Number.isNaN(b)) continue
    product += a * b
    before += a * a
    after += b * b
  }
  return product / Math.sqrt(before * after)
}

/**
 * The values less their centred mean over a season, which shortens at the ends: what moves more slowly is no season of that length.
 *
 * @param out Where they are written, [T].
 */
function detrend(values: Float64Array, season: number, out: Float64Array): void {
  const half = Math.floor(season / 2)
  let [sum, count, entered, left] = [0, 0, 0, 0]
  for (let t = 0; t < values.length; t++) {
    const from = Math.max(0, t - half)
    const to = Math.min(values.length, from + season)
    for (; entered < to; entered++) {
      const value = values[entered] ?? Number.NaN
      if (Number.isNaN(value)) continue
      sum += value
      count++
    }
    for (; left < from; left++) {
      const value = values[left] ?? Number.NaN
      if (Number.isNaN(value)) continue
      sum -= value
      count--
    }
    out[t] = (values[t] ?? Number.NaN) - sum / count
  }
}

/** The season of a training part: a peak of its autocorrelation among `seasonCandidates`. */
export function inferSeason(training: Float64Array, step: Step): Season {
  let best: { name: string; length: number; autocorrelation: number } | undefined
  const candidates = seasonCandidates(step).filter(([, length]) => length * LEAST_SEASONS <= training.length)
  const values = new Float64Array(candidates.length > 0 ? training.length : 0)
  for (const [name, length] of candidates) {
    detrend(training, length, values)
    const here = autocorrelation(values, length)
    if (!(here >= LEAST_AUTOCORRELATION && here > (best?.autocorrelation ?? 0) + ADVANTAGE)) continue
    const aside = Math.max(1, Math.round(length / 6))
    if (here > autocorrelation(values, length - aside) && here > autocorrelation(values, length + aside))
      best = { name, length, autocorrelation: here }
  }
  if (best === undefined) {
    const tried = candidates.map(([, length]) => String(length)).join(', ')
    const note = tried === '' ? 'No season was looked for: too few rows.' : `No season was found at ${tried} rows.`
    return { length: 1, autocorrelation: Number.NaN, note }
  }
  const note = `A season of ${String(best.length)} rows (${best.name}) was found: autocorrelation ${best.autocorrelation.toFixed(2)}.`
  return { length: best.length, autocorrelation: best.autocorrelation, note }
}
