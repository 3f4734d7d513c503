/**
 * Estimation of a seasonal ARIMA: the `arima` package's estimate where that is stationary, invertible and as good as ours; else the least
 * conditional sum of squares (Box & Jenkins 1976, section 7.1). The package searches without bounds and often ends outside of what is
 * stationary or far from the optimum; ours searches over partial autocorrelations, which are bounded (Barndorff-Nielsen & Schou 1973).
 */
import { packageEstimates, PACKAGE_ROWS } from './arima-package.js'
import { expand, innovationsOf, type ArimaModel, type ArimaOrder } from './arima-model.js'
import { leastSquares } from './least-squares.js'

/** A model and how good it is. */
export interface ArimaEstimate {
  readonly model: ArimaModel
  /** Corrected Akaike criterion (Hurvich & Tsai 1989) on the conditional sum of squares; for one series, d and D. */
  readonly aicc: number
  /** Who found it. */
  readonly by: 'package' | 'squares'
}

/** Partial autocorrelations stay this far from 1. */
const MARGIN = 1e-4
/** The package's estimate is kept when its mean square is at most this share above that of least squares. */
const AS_GOOD = 0.005
/** Deviation of the differences of standardised values below which there is nothing to estimate. */
const FLAT = 1e-9

/** Coefficients of an autoregression by its partial autocorrelations (Durbin 1960). */
export function fromPartials(partials: readonly number[]): number[] {
  let coefficients: number[] = []
  for (const partial of partials) {
    const reversed = coefficients.toReversed()
    coefficients = [...coefficients.map((value, i) => value - partial * (reversed[i] ?? 0)), partial]
  }
  return coefficients
}

/** Partial autocorrelations of an autoregression, undefined when it is not stationary. */
export function toPartials(coefficients: readonly number[]): number[] | undefined {
  let current = [...coefficients]
  const partials: number[] = []
  while (current.length > 0) {
    const partial = current.at(-1) ?? 0
    if (!(Math.abs(partial) < 1 - MARGIN / 2)) return undefined
    partials.unshift(partial)
    const rest = current.slice(0, -1)
    const reversed = rest.toReversed()
    current = rest.map((value, i) => (value + partial * (reversed[i] ?? 0)) / (1 - partial * partial))
  }
  return partials
}

/** The values after d differences and D seasonal ones. */
export function differenced(
  values: Float64Array,
  { d, D, season }: Pick<ArimaOrder, 'd' | 'D' | 'season'>,
): Float64Array {
  let result = values
  const lags = [...new Array<number>(D).fill(season), ...new Array<number>(d).fill(1)]
  for (const lag of lags) {
    const from = result
    result = from.slice(lag).map((value, t) => value - (from[t] ?? 0))
  }
  return result
}

type Coefficients = Omit<ArimaModel, 'variance'>

/** Coefficients by unbounded parameters: the inverse hyperbolic tangents of partial autocorrelations, then the mean. */
function fromParameters(order: ArimaOrder, parameters: Float64Array): Coefficients {
  let at = 0
  const take = (count: number) =>
    fromPartials(Array.from(parameters.subarray(at, (at += count)), (value) => Math.tanh(value) * (1 - MARGIN)))
  const negative = (values: number[]) => values.map((value) => -value)
  return {
    order,
    ar: take(order.p),
    ma: negative(take(order.q)),
    seasonalAr: take(order.P),
    seasonalMa: negative(take(order.Q)),
    mean: parameters[at] ?? 0,
  }
}

/** The parameters of coefficients, undefined when they are not stationary and invertible. */
function toParameters(model: Coefficients): Float64Array | undefined {
  const parameters: number[] = []
  const negative = (values: readonly number[]) => values.map((value) => -value)
  for (const block of [model.ar, negative(model.ma), model.seasonalAr, negative(model.seasonalMa)]) {
    const partials = toPartials(block)
    if (partials === undefined) return undefined
    parameters.push(...partials.map((value) => Math.atanh(value / (1 - MARGIN / 2))))
  }
  return Float64Array.from(model.order.d + model.order.D === 0 ? [...parameters, model.mean] : parameters)
}

/** One-step errors of coefficients on differenced values, without the rows that they condition on. */
function residuals(values: Float64Array, model: Coefficients): Float64Array {
  const { ar, ma } = expand(model, true)
  return innovationsOf(
    values.map((value) => value - model.mean),
    ar,
    ma,
  ).subarray(model.order.p + model.order.P * model.order.season)
}

/** Mean square of the residuals; Infinity when they are no numbers. */
function varianceOf(values: Float64Array, model: Coefficients): number {
  const errors = residuals(values, model)
  const variance = errors.reduce((sum, error) => sum + error * error, 0) / errors.length
  return Number.isFinite(variance) ? variance : Infinity
}

/** Rows that estimation needs: as many as it conditions on, and several for each coefficient. */
export function rowsNeeded({ p, d, q, P, D, Q, season }: ArimaOrder): number {
  return d + D * season + Math.max(p + P * season, q + Q * season) + 3 * (p + q + P + Q) + 10
}

/**
 * Fits a model.
 *
 * @param series Without gaps and not constant, at least `rowsNeeded` rows, the last `PACKAGE_ROWS` of which are looked at.
 * @param usePackage False: least squares alone, which a search over many orders can wait for.
 */
export function estimateArima(series: Float64Array, order: ArimaOrder, usePackage = true): ArimaEstimate {
  const rows = series.slice(-PACKAGE_ROWS)
  const { mean: centre, deviation: scale } = momentsOf(rows)
  const standard = rows.map((value) => (value - centre) / scale)
  const values = differenced(standard, order)
  const given = usePackage && momentsOf(values).deviation > FLAT ? firstAdmissible(standard, order) : undefined
  const theirs = given && { model: given, variance: varianceOf(values, given) }
  const least = leastConditionalSquares(values, order, given)
  const chosen = theirs !== undefined && theirs.variance <= least.variance * (1 + AS_GOOD) ? theirs : least
  const { model, variance } = chosen
  const parameters = order.p + order.q + order.P + order.Q + (order.d + order.D === 0 ? 1 : 0) + 1
  const n = values.length
  return {
    model: {
      ...model,
      order,
      mean: order.d + order.D === 0 ? centre + scale * model.mean : 0,
      variance: variance * scale * scale,
    },
    aicc: n * Math.log(variance) + 2 * parameters + (2 * parameters * (parameters + 1)) / (n - parameters - 1),
    by: chosen === least ? 'squares' : 'package',
  }
}

/** The package's first estimate that is stationary and invertible. */
function firstAdmissible(series: Float64Array, order: ArimaOrder): ArimaModel | undefined {
  for (const model of packageEstimates(series, order)) if (toParameters(model) !== undefined) return model
  return undefined
}

/** The best of a search from the package's estimate and one from small positive partial autocorrelations. */
function leastConditionalSquares(
  values: Float64Array,
  order: ArimaOrder,
  start?: Coefficients,
): { model: Coefficients; variance: number } {
  const size = order.p + order.q + order.P + order.Q + (order.d + order.D === 0 ? 1 : 0)
  const plain = new Float64Array(size).fill(0.1)
  if (order.d + order.D === 0) plain[size - 1] = 0
  const starts = [start === undefined ? undefined : toParameters(start), plain]
  const minima = starts.flatMap((from) =>
    from === undefined
      ? []
      : [leastSquares((parameters) => residuals(values, fromParameters(order, parameters)), from)],
  )
  const best = minima.reduce((a, b) => (b.sum < a.sum ? b : a))
  const model = fromParameters(order, best.parameters)
  return { model, variance: varianceOf(values, model) }
}

/** Mean and deviation of numbers without gaps. */
export function momentsOf(values: Float64Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, deviation: Math.sqrt(square) }
}
