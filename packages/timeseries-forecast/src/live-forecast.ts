/**
 * A forecast after every row: the last rows of one series are kept, as many as a look-back and its derived columns need, and the model
 * forecasts from them as from a table that ends there.
 */
import { expected, UserError } from '@weft/core'
import { deriveColumns, parseFeature } from './feature-columns.js'
import { futureTimes } from './future-times.js'
import type { ForecastModel } from './model.js'
import type { Series } from './series.js'
import { prepareEnd } from './series-end.js'
import type { Forecasts } from './window-forecaster.js'

/** Rows kept beyond the look-back, in lengths of the longest window of a derived column: averages of all the past have settled then. */
const SETTLED = 5

export class LiveForecast {
  /** Columns that a row must have, in the order in which `update` takes them. */
  readonly columns: readonly string[]
  readonly #model: ForecastModel
  readonly #key: string
  readonly #kept: number
  #times: number[] = []
  readonly #values: number[][]

  /** @throws UserError for a model of several series, of columns known ahead, or of columns of texts. */
  constructor(model: ForecastModel) {
    const { options, series, layout, categories, grid } = model.forecasting
    const [only] = series
    if (only === undefined || series.length > 1 || grid !== undefined) {
      const received = grid ? 'one of a grid of stations' : `one of ${series.length}`
      throw expected('watching a table', 'a model of one series', 'the model', received)
    }
    if (options.known.length > 0) {
      throw new UserError(
        `watching a table: expected a model that needs nothing known ahead but the calendar, received one that needs ${options.known.join(', ')}`,
        'Rows as they come do not hold the future; use predict.',
      )
    }
    if (categories.size > 0 || options.statics.length > 0)
      throw new UserError(
        'watching a table: expected a model of numbers alone, received one with columns of texts or statics',
      )
    const features = options.features.map(parseFeature)
    const derived = new Set(deriveNames(options.features, layout.past))
    const named = features.flatMap(({ columns }) => columns)
    this.columns = [...new Set([...layout.targets, ...layout.past.filter((name) => !derived.has(name)), ...named])]
    this.#model = model
    this.#key = only.key
    const longest = Math.max(1, ...features.flatMap(({ parameters }) => parameters))
    this.#kept = options.lookBack + (features.length > 0 ? SETTLED * longest : 0)
    this.#values = this.columns.map(() => [])
  }

  /**
   * Takes a row and forecasts the next ones; undefined while there are fewer rows than a look-back.
   *
   * @param values In the order of `columns`; NaN where missing.
   * @throws UserError for a row that is not after the one before, which then changes nothing.
   */
  update(time: number, values: readonly number[]): Forecasts | undefined {
    const last = this.#times.at(-1) ?? -Infinity
    if (!(time > last))
      throw expected(
        'watching a table',
        `a time after ${new Date(last).toISOString()}`,
        'a row',
        new Date(time).toISOString(),
      )
    this.#times.push(time)
    this.#values.forEach((column, c) => column.push(values[c] ?? Number.NaN))
    if (this.#times.length > this.#kept) {
      this.#times.shift()
      for (const column of this.#values) column.shift()
    }
    const { lookBack } = this.#model.forecasting.options
    return this.#times.length < lookBack ? undefined : this.#forecast()
  }

  #forecast(): Forecasts {
    const { options, step } = this.#model.forecasting
    const times = Float64Array.from(this.#times)
    const columns = new Map(this.columns.map((name, c) => [name, Float64Array.from(this.#values[c] ?? [])]))
    const plain: Series = { key: this.#key, times, columns }
    const series = { ...plain, columns: new Map([...columns, ...deriveColumns(plain, options.features)]) }
    const ahead = futureTimes(times, step, options.horizon)
    const prepared = prepareEnd(this.#model, series, times.length, ahead)
    return this.#model.over([prepared], [[options.lookBack]]).forecast(0, 0, 1)
  }
}

/** The columns among `past` that the features make. */
function deriveNames(features: readonly string[], past: readonly string[]): string[] {
  return past.filter((name) => features.some((text) => name === text || name.startsWith(`${text}.`)))
}
