/**
 * A fitted seasonal ARIMA and its use at any origin: the recursion that turns a history into innovations, and forecasts with their
 * deviations from the weights of past innovations (Box & Jenkins 1976, ch. 5). Before the first row that the differences and lags reach,
 * innovations are 0, which an invertible model forgets. Estimation is in arima-estimation.ts.
 */
import type { BaselineForecast } from './forecaster.js'

/** Orders (p, d, q)(P, D, Q) of a season's length; `season` 1 goes with P = D = Q = 0. */
export interface ArimaOrder {
  readonly p: number
  readonly d: number
  readonly q: number
  readonly P: number
  readonly D: number
  readonly Q: number
  readonly season: number
}

/** Coefficients in the signs of R: `w[t] = phi w[t-1] + … + e[t] + theta e[t-1] + …` with w the differenced values less their mean. */
export interface ArimaModel {
  readonly order: ArimaOrder
  readonly ar: readonly number[]
  readonly ma: readonly number[]
  readonly seasonalAr: readonly number[]
  readonly seasonalMa: readonly number[]
  /** Of the values; 0 for a differenced model. */
  readonly mean: number
  /** Of the innovations. */
  readonly variance: number
}

/** Coefficients that are not 0, by lag. */
export interface Lags {
  readonly lags: Int32Array
  readonly weights: Float64Array
  /** The largest lag, 0 without one. */
  readonly reach: number
}

/** Rows of a history that are taken into account; what lies further back weighs nothing any more. */
const MEMORY = 50_000

function product(a: readonly number[], b: readonly number[]): number[] {
  const result = new Array<number>(a.length + b.length - 1).fill(0)
  for (const [i, x] of a.entries()) for (const [j, y] of b.entries()) result[i + j] = (result[i + j] ?? 0) + x * y
  return result
}

/** `1 + sign (c1 B^s + c2 B^2s + …)`. */
function polynomial(coefficients: readonly number[], season: number, sign: 1 | -1): number[] {
  const result = new Array<number>(coefficients.length * season + 1).fill(0)
  result[0] = 1
  for (const [i, coefficient] of coefficients.entries()) result[(i + 1) * season] = sign * coefficient
  return result
}

/** The lags of a polynomial `1 + …`, with the sign they have on the right-hand side. */
function lagsOf(polynomial: readonly number[], sign: 1 | -1): Lags {
  const terms = [...polynomial.entries()].filter(([lag, weight]) => lag > 0 && weight !== 0)
  return {
    lags: Int32Array.from(terms, ([lag]) => lag),
    weights: Float64Array.from(terms, ([, weight]) => sign * weight),
    reach: polynomial.length - 1,
  }
}

/** Both sides of the model multiplied out, with its differences or (`differenced`) for values that have been differenced already. */
export function expand(model: Omit<ArimaModel, 'variance'>, differenced = false): { ar: Lags; ma: Lags } {
  const { d, D, season } = model.order
  let left = product(polynomial(model.ar, 1, -1), polynomial(model.seasonalAr, season, -1))
  if (!differenced) {
    for (let i = 0; i < d; i++) left = product(left, polynomial([1], 1, -1))
    for (let i = 0; i < D; i++) left = product(left, polynomial([1], season, -1))
  }
  const right = product(polynomial(model.ma, 1, 1), polynomial(model.seasonalMa, season, 1))
  return { ar: lagsOf(left, -1), ma: lagsOf(right, 1) }
}

/** Sum of `weights * values[t - lag]` over the lags that reach no further back than the first row. */
function weigh({ lags, weights }: Lags, values: Float64Array, t: number): number {
  let sum = 0
  for (let i = 0; i < lags.length; i++) {
    const at = t - (lags[i] ?? 0)
    if (at >= 0) sum += (weights[i] ?? 0) * (values[at] ?? 0)
  }
  return sum
}

/**
 * One-step errors of the model along `values`, in place of whose missing ones it puts its own forecasts (an innovation of 0).
 *
 * @param values Less their mean; the first one is there. Filled in place.
 */
export function innovationsOf(values: Float64Array, ar: Lags, ma: Lags): Float64Array {
  const innovations = new Float64Array(values.length)
  for (let t = 0; t < values.length; t++) {
    const value = values[t] ?? 0
    if (t < ar.reach) {
      if (Number.isNaN(value)) values[t] = values[t - 1] ?? 0
      continue
    }
    const forecast = weigh(ar, values, t) + weigh(ma, innovations, t)
    if (Number.isNaN(value)) values[t] = forecast
    else innovations[t] = value - forecast
  }
  return innovations
}

/** Weights with which an innovation enters the values after it, psi[0] = 1 (Box & Jenkins 1976, section 5.2). */
function psiWeights(ar: Lags, ma: Lags, count: number): Float64Array {
  const psi = new Float64Array(count)
  const impulse = new Float64Array(count)
  impulse[0] = 1
  for (let t = 0; t < count; t++) psi[t] = (impulse[t] ?? 0) + weigh(ar, psi, t) + weigh(ma, impulse, t)
  return psi
}

/** Forecasts of `horizon` rows after a history (NaN where missing), conditional on all of it; NaN when nothing in it is known. */
export function forecastArima(model: ArimaModel, history: Float64Array, horizon: number): BaselineForecast {
  let first = Math.max(0, history.length - MEMORY)
  while (first < history.length && Number.isNaN(history[first])) first++
  if (first === history.length) return { mean: new Float64Array(horizon).fill(Number.NaN) }
  const { ar, ma } = expand(model)
  const rows = history.length - first
  const values = new Float64Array(rows + horizon)
  for (let t = 0; t < rows; t++) values[t] = (history[first + t] ?? Number.NaN) - model.mean
  const past = values.subarray(0, rows)
  const innovations = new Float64Array(rows + horizon)
  innovations.set(innovationsOf(past, ar, ma))
  for (let t = rows; t < rows + horizon; t++) values[t] = weigh(ar, values, t) + weigh(ma, innovations, t)
  let gap = 0
  while (gap < history.length && Number.isNaN(history[history.length - 1 - gap])) gap++
  return {
    mean: values.slice(rows).map((value) => value + model.mean),
    deviation: deviations(model, ar, ma, horizon, gap),
  }
}

/** Of the errors at each lead, [H], the history having ended `gap` rows before the origin. */
function deviations(model: ArimaModel, ar: Lags, ma: Lags, horizon: number, gap: number): Float64Array {
  let sum = 0
  const all = psiWeights(ar, ma, horizon + gap).map((weight) => Math.sqrt(model.variance * (sum += weight * weight)))
  return all.subarray(gap)
}
