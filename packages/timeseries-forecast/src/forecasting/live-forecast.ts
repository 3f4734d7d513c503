/**
 * A forecast after every row: the last rows of one series are kept, as many as a look-back and its derived columns need, and the model
 * forecasts from them as from a table that ends there.
 */
import { expected, UserError } from '@weft/core/errors'
import { deriveColumns, parseFeature } from '../columns/feature-columns.js'
import { futureTimes } from '../series/future-times.js'
import type { ForecastModel } from '../model.js'
import { RowClock } from '../series/row-clock.js'
import type { Series } from '../series/series.js'
import { prepareEnd } from './series-end.js'
import type { Forecasts } from './window-forecaster.js'

/** Rows kept beyond the look-back, in lengths of the longest window of a derived column: averages of all the past have settled then. */
const SETTLED = 5

const DOING = 'watching a table'

export class LiveForecast {
  /** Columns that a row must have, in the order in which `update` takes them. */
  readonly columns: readonly string[]
  readonly #model: ForecastModel
  readonly #key: string
  readonly #kept: number
  readonly #clock: RowClock
  readonly #holidays: ReadonlySet<number> | undefined
  readonly #targets: readonly number[]
  #times: number[] = []
  readonly #values: number[][]

  /**
   * @param holidays Those of the model, as `readHolidays` gives them.
   * @throws UserError for a model of several series, of columns known ahead, or of columns of texts.
   */
  constructor(model: ForecastModel, holidays?: ReadonlySet<number>) {
    const { options, series, layout, categories, grid } = model.spec
    const [only] = series
    if (only === undefined || series.length > 1 || grid !== undefined) {
      const received = grid ? 'one of a grid of stations' : `one of ${series.length}`
      throw expected({ doing: DOING, want: 'a model of one series', of: 'the model', got: received })
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
    this.#holidays = holidays
    this.#clock = new RowClock(model.spec.step)
    this.#targets = layout.targets.map((name) => this.columns.indexOf(name))
  }

  /**
   * Takes a row and forecasts the next ones; undefined while there are fewer rows than a look-back, and after a row without any target,
   * which ends no table that can be forecast.
   *
   * @param values In the order of `columns`; NaN where missing.
   * @throws UserError for a row that is not after the one before or not on its grid, which then changes nothing.
   */
  update(time: number, values: readonly number[]): Forecasts | undefined {
    this.push(time, values)
    return this.forecast()
  }

  /** Takes a row and forecasts nothing; see `update`. */
  push(time: number, values: readonly number[]): void {
    const tick = this.#clock.tick(time)
    // What lies before a gap longer than what is kept is seen no more.
    if (tick.gap >= this.#kept) this.#clear()
    else for (const missing of tick.missing) this.#add(missing, [])
    this.#add(tick.time, values)
  }

  /** What comes after the last row. */
  forecast(): Forecasts | undefined {
    if (this.#times.length < this.#model.spec.options.lookBack) return undefined
    const isThere = (c: number) => !Number.isNaN(this.#values[c]?.at(-1) ?? Number.NaN)
    return this.#targets.some(isThere) ? this.#forecast() : undefined
  }

  #add(time: number, values: readonly number[]): void {
    this.#times.push(time)
    this.#values.forEach((column, c) => column.push(values[c] ?? Number.NaN))
    if (this.#times.length <= this.#kept) return
    this.#times.shift()
    for (const column of this.#values) column.shift()
  }

  #clear(): void {
    this.#times = []
    for (const column of this.#values) column.length = 0
  }

  #forecast(): Forecasts {
    const { options, step } = this.#model.spec
    const times = Float64Array.from(this.#times)
    const columns = new Map(this.columns.map((name, c) => [name, Float64Array.from(this.#values[c] ?? [])]))
    const plain: Series = { key: this.#key, times, columns }
    const series = { ...plain, columns: new Map([...columns, ...deriveColumns(plain, options.features)]) }
    const ahead = futureTimes(times, step, options.horizon)
    const prepared = prepareEnd(this.#model, series, times.length, ahead, this.#holidays)
    return this.#model.over([prepared], [[options.lookBack]]).forecast(0, 0, 1)
  }
}

/** The columns among `past` that the features make. */
function deriveNames(features: readonly string[], past: readonly string[]): string[] {
  return past.filter((name) => features.some((text) => name === text || name.startsWith(`${text}.`)))
}
