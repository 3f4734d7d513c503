/**
 * ARIMA as a baseline: fitted once on the training part, then applied to all rows before each origin, so that thousands of origins need
 * one fit. A model that cannot be fitted forecasts the last value, and its note says why.
 */
import { reasonOf } from '@weft/core/errors'
import { estimateArima, momentsOf, rowsNeeded } from './arima-estimation.js'
import { forecastArima, type ArimaModel, type ArimaOrder } from './arima-model.js'
import { formatArimaOrder } from './arima-order.js'
import { searchArimaOrder } from './arima-search.js'
import type { BaselineForecast, Forecaster } from './forecaster.js'
import { LastValue } from './naive.js'

/** Which orders: given, or to be searched with at most this season. */
export type ArimaOrders = ArimaOrder | { readonly search: true; readonly season: number }

/** A seasonal ARIMA of given or searched orders. */
export class ArimaForecaster implements Forecaster {
  readonly #orders: ArimaOrders
  readonly #fallback = new LastValue()
  #model: ArimaModel | undefined
  #note: string | undefined

  constructor(orders: ArimaOrders) {
    this.#orders = orders
  }

  get name(): string {
    if (!('search' in this.#orders)) return formatArimaOrder(this.#orders)
    return this.#model ? `auto-arima: ${formatArimaOrder(this.#model.order)}` : 'auto-arima'
  }

  get note(): string | undefined {
    return this.#note
  }

  /** The fitted model; undefined before `train`, and where it could not be fitted. */
  get model(): ArimaModel | undefined {
    return this.#model
  }

  /** Gaps within the training part are interpolated for the fit alone. */
  train(history: Float64Array): void {
    this.#fallback.train(history)
    this.#model = undefined
    const series = interpolated(history)
    const reason = this.#unfit(series)
    if (reason !== undefined) return this.#fallBack(reason)
    try {
      const order = 'search' in this.#orders ? searchArimaOrder(series, this.#orders.season) : this.#orders
      const { model, by } = estimateArima(series, order)
      if (!Number.isFinite(model.variance)) return this.#fallBack('its errors are no numbers')
      this.#model = model
      this.#note =
        by === 'package'
          ? undefined
          : `${this.name} was estimated by conditional least squares: the arima package gave no stationary estimate as good.`
    } catch (error) {
      this.#fallBack(reasonOf(error))
    }
  }

  forecast(history: Float64Array, horizon: number): BaselineForecast {
    return this.#model ? forecastArima(this.#model, history, horizon) : this.#fallback.forecast(history, horizon)
  }

  /** Why the training part cannot be fitted, undefined when it can. */
  #unfit(series: Float64Array): string | undefined {
    const needed =
      'search' in this.#orders
        ? rowsNeeded({ p: 1, d: 0, q: 1, P: 0, D: 0, Q: 0, season: 1 })
        : rowsNeeded(this.#orders)
    if (series.length < needed)
      return `the training part has ${String(series.length)} rows and ${String(needed)} are needed`
    const { mean, deviation } = momentsOf(series)
    return deviation > 1e-12 * Math.abs(mean) ? undefined : 'the training part is constant'
  }

  #fallBack(reason: string): void {
    this.#note = `${this.name} could not be fitted and forecasts the last value: ${reason}.`
  }
}

/** From the first known value to the last, gaps filled in straight lines. */
function interpolated(history: Float64Array): Float64Array {
  const known = Array.from(history.keys()).filter((t) => Number.isFinite(history[t]))
  const first = known[0]
  const last = known.at(-1)
  if (first === undefined || last === undefined) return new Float64Array()
  const filled = history.slice(first, last + 1)
  for (const [i, from] of known.entries()) {
    const to = known[i + 1] ?? from
    const [low = 0, high = 0] = [history[from], history[to]]
    for (let t = from + 1; t < to; t++) filled[t - first] = low + ((high - low) * (t - from)) / (to - from)
  }
  return filled
}
