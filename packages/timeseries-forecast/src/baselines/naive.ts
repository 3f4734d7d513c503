/**
 * The forecasts without parameters: last value, seasonal last value, drift, mean. Each takes the deviation of its own one-step errors in
 * the training part and widens it with the lead as theory says (Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", 3rd
 * edition, sections 5.2 and 5.5). A gap at a history's end makes every lead that much longer.
 */
import { expected } from '@weft/core/errors'
import type { BaselineForecast, Forecaster } from './forecaster.js'

/** Index of the last value that is there, -1 without one. */
function lastKnown(history: Float64Array): number {
  let t = history.length - 1
  while (t >= 0 && Number.isNaN(history[t])) t--
  return t
}

/** Root of the mean square of the numbers among `errors`, less `parameters` degrees of freedom; NaN without any. */
function deviationOf(errors: Iterable<number>, parameters = 0): number {
  let sum = 0
  let count = 0
  for (const error of errors) {
    if (Number.isNaN(error)) continue
    sum += error * error
    count++
  }
  return count > parameters ? Math.sqrt(sum / (count - parameters)) : Number.NaN
}

/** Differences of rows `lag` apart, less `drift`. */
function* changes(history: Float64Array, lag: number, drift = 0): Generator<number> {
  for (let t = lag; t < history.length; t++) yield (history[t] ?? Number.NaN) - (history[t - lag] ?? Number.NaN) - drift
}

function build(horizon: number, mean: (h: number) => number, deviation: (h: number) => number): BaselineForecast {
  return {
    mean: new Float64Array(horizon).map((_, i) => mean(i + 1)),
    deviation: new Float64Array(horizon).map((_, i) => deviation(i + 1)),
  }
}

/** The last known value, for every lead; the deviation grows as the root of the lead. */
export class LastValue implements Forecaster {
  readonly name = 'last value'
  #deviation = Number.NaN

  train(history: Float64Array): void {
    this.#deviation = deviationOf(changes(history, 1))
  }

  forecast(history: Float64Array, horizon: number): BaselineForecast {
    const at = lastKnown(history)
    const gap = history.length - 1 - at
    return build(
      horizon,
      () => history[at] ?? Number.NaN,
      (h) => this.#deviation * Math.sqrt(h + gap),
    )
  }
}

/** The value of the same row of the last season, or of the season before where that is missing, else the last known value. */
export class SeasonalLastValue implements Forecaster {
  readonly name: string
  readonly #season: number
  #deviation = Number.NaN

  /** @param season Rows of a season. */
  constructor(season: number) {
    if (!(Number.isInteger(season) && season > 1))
      throw expected({
        doing: 'making the seasonal last value',
        want: 'a whole number above 1',
        of: 'season',
        got: season,
      })
    this.#season = season
    this.name = `seasonal last value (${String(season)})`
  }

  train(history: Float64Array): void {
    this.#deviation = deviationOf(changes(history, this.#season))
  }

  forecast(history: Float64Array, horizon: number): BaselineForecast {
    const last = history[lastKnown(history)] ?? Number.NaN
    const source = (h: number) => {
      let t = history.length + h - 1
      do t -= this.#season
      while (t >= history.length || (t >= 0 && Number.isNaN(history[t])))
      return t
    }
    return build(
      horizon,
      (h) => history[source(h)] ?? last,
      (h) => {
        const seasons = Math.ceil((history.length + h - 1 - Math.max(source(h), -1)) / this.#season)
        return this.#deviation * Math.sqrt(seasons)
      },
    )
  }
}

/** The line through the first and the last known value, carried on. */
export class Drift implements Forecaster {
  readonly name = 'drift'
  #deviation = Number.NaN

  train(history: Float64Array): void {
    this.#deviation = deviationOf(changes(history, 1, lineOf(history).slope), 1)
  }

  forecast(history: Float64Array, horizon: number): BaselineForecast {
    const { first, last, slope } = lineOf(history)
    const gap = history.length - 1 - last
    const rows = Math.max(last - first, 1)
    return build(
      horizon,
      (h) => (history[last] ?? Number.NaN) + slope * (h + gap),
      (h) => this.#deviation * Math.sqrt((h + gap) * (1 + (h + gap) / rows)),
    )
  }
}

function lineOf(history: Float64Array): { first: number; last: number; slope: number } {
  const first = history.findIndex((value) => !Number.isNaN(value))
  const last = lastKnown(history)
  const rise = (history[last] ?? Number.NaN) - (history[first] ?? Number.NaN)
  return { first, last, slope: last > first ? rise / (last - first) : 0 }
}

/** The mean of all known values. */
export class MeanValue implements Forecaster {
  readonly name = 'mean'
  #deviation = Number.NaN

  train(history: Float64Array): void {
    const { mean } = meanOf(history)
    this.#deviation = deviationOf(
      history.map((value) => value - mean),
      1,
    )
  }

  forecast(history: Float64Array, horizon: number): BaselineForecast {
    const { mean, count } = meanOf(history)
    return build(
      horizon,
      () => mean,
      () => this.#deviation * Math.sqrt(1 + 1 / count),
    )
  }
}

function meanOf(history: Float64Array): { mean: number; count: number } {
  let sum = 0
  let count = 0
  // An indexed loop: this runs over all rows at each of thousands of origins.
  for (let t = 0; t < history.length; t++) {
    const value = history[t] ?? Number.NaN
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  return { mean: sum / count, count }
}
