/**
 * Measures of forecasts: scaled and relative errors, quantiles, intervals, direction. All values count the same, whatever their shape
 * was; where the truth is NaN nothing counts, and a figure without any value is NaN. A forecast that is NaN makes errors NaN, and is a
 * miss for coverage and direction. Sums over leads and targets of very many windows are
 * in forecast-scores.ts. Definitions: Hyndman & Koehler 2006; Gneiting & Raftery 2007; Hyndman &
 * Athanasopoulos, "Forecasting: Principles and Practice", ch. 5.
 */
import { expected } from '@weft/core/errors'
import { sameLength, type Numbers } from '@weft/core/metrics'

/** Mean of `value(i)` over the indices whose truth is there. */
function meanWhereTrue(truth: Numbers, value: (i: number, truth: number) => number): number {
  let sum = 0
  let count = 0
  for (let i = 0; i < truth.length; i++) {
    const y = truth[i] ?? Number.NaN
    if (Number.isNaN(y)) continue
    sum += value(i, y)
    count++
  }
  return count === 0 ? Number.NaN : sum / count
}

/** `2 |f - y| / (|y| + |f|)`, 0 where both are 0: the term of `symmetricMape`. */
export function symmetricError(truth: number, forecast: number): number {
  const size = Math.abs(truth) + Math.abs(forecast)
  return size === 0 ? 0 : (2 * Math.abs(forecast - truth)) / size
}

/** `q (y - f)` where the truth lies above the forecast, else `(1 - q) (f - y)`: the term of `pinballLoss`. */
export function pinball(truth: number, forecast: number, quantile: number): number {
  return truth >= forecast ? quantile * (truth - forecast) : (1 - quantile) * (forecast - truth)
}

/** Width of an interval, and `2 / alpha` times the distance by which it misses the truth: the term of `winklerScore`. */
export function intervalScore(truth: number, lower: number, upper: number, level: number): number {
  const penalty = 2 / (1 - level)
  return upper - lower + penalty * Math.max(lower - truth, truth - upper, 0)
}

/**
 * Whether a forecast has the direction right, seen from the last known value: 1 or 0; 1/2 for a forecast of no change, as for a tossed
 * coin; NaN where the truth itself does not move, since no direction is right then.
 */
export function directionHit(truth: number, forecast: number, last: number): number {
  const moved = Math.sign(truth - last)
  if (moved === 0 || Number.isNaN(moved)) return Number.NaN
  const said = Math.sign(forecast - last)
  return said === 0 ? 0.5 : said === moved ? 1 : 0
}

/** Symmetric mean absolute percentage error, the mean of `2 |f - y| / (|y| + |f|)`: a share from 0 to 2, where 0 / 0 counts 0. */
export function symmetricMape(truth: Numbers, forecast: Numbers): number {
  sameLength('computing sMAPE', truth, forecast, 'forecast')
  return meanWhereTrue(truth, (i, y) => symmetricError(y, forecast[i] ?? Number.NaN))
}

/**
 * What MASE divides by: the mean absolute error of the seasonal last value within a history, NaN pairs left out.
 *
 * @param season Rows of a season; 1 for the last value.
 * @returns NaN where no two rows are a season apart.
 */
export function seasonalNaiveError(history: Numbers, season = 1): number {
  let sum = 0
  let count = 0
  for (let t = season; t < history.length; t++) {
    const change = Math.abs((history[t] ?? Number.NaN) - (history[t - season] ?? Number.NaN))
    if (Number.isNaN(change)) continue
    sum += change
    count++
  }
  return count === 0 ? Number.NaN : sum / count
}

/**
 * Mean absolute scaled error (Hyndman & Koehler 2006): below 1 is better than the seasonal last value was, one step ahead, in the
 * training part.
 *
 * @param scale `seasonalNaiveError` of the training part; of a constant one it is 0, and the score Infinity or NaN.
 */
export function meanAbsoluteScaledError(truth: Numbers, forecast: Numbers, scale: number): number {
  sameLength('computing MASE', truth, forecast, 'forecast')
  return meanWhereTrue(truth, (i, y) => Math.abs((forecast[i] ?? Number.NaN) - y)) / scale
}

/**
 * Pinball (quantile) loss, in the unit of the values. At the median it is half the absolute error.
 *
 * @param quantile In (0, 1).
 */
export function pinballLoss(truth: Numbers, forecast: Numbers, quantile: number): number {
  sameLength('computing the pinball loss', truth, forecast, 'forecast')
  checkShare('computing the pinball loss', 'quantile', quantile)
  return meanWhereTrue(truth, (i, y) => pinball(y, forecast[i] ?? Number.NaN, quantile))
}

/** Share of truths within their interval, ends included. */
export function intervalCoverage(truth: Numbers, lower: Numbers, upper: Numbers): number {
  sameLength('computing the coverage of intervals', truth, lower, 'lower')
  sameLength('computing the coverage of intervals', truth, upper, 'upper')
  return meanWhereTrue(truth, (i, y) => (y >= (lower[i] ?? Number.NaN) && y <= (upper[i] ?? Number.NaN) ? 1 : 0))
}

/** Mean width of the intervals whose truth is there, in the unit of the values. */
export function intervalWidth(truth: Numbers, lower: Numbers, upper: Numbers): number {
  sameLength('computing the width of intervals', truth, lower, 'lower')
  sameLength('computing the width of intervals', truth, upper, 'upper')
  return meanWhereTrue(truth, (i) => (upper[i] ?? Number.NaN) - (lower[i] ?? Number.NaN))
}

/**
 * Winkler's interval score (1972), smaller is better: the width, and for a truth outside `2 / (1 - level)` times its distance.
 *
 * @param level Share of truths that the interval is to hold, in (0, 1).
 */
export function winklerScore(truth: Numbers, lower: Numbers, upper: Numbers, level: number): number {
  sameLength('computing the Winkler score', truth, lower, 'lower')
  sameLength('computing the Winkler score', truth, upper, 'upper')
  checkShare('computing the Winkler score', 'level', level)
  return meanWhereTrue(truth, (i, y) => intervalScore(y, lower[i] ?? Number.NaN, upper[i] ?? Number.NaN, level))
}

/**
 * Share of forecasts that move the same way as the truth, both seen from `last`. A truth that stays where it was counts nothing, a
 * forecast that does counts one half (`directionHit`).
 *
 * @param last Last value known to each forecast, as long as `truth`.
 */
export function directionalAccuracy(truth: Numbers, forecast: Numbers, last: Numbers): number {
  sameLength('computing the directional accuracy', truth, forecast, 'forecast')
  sameLength('computing the directional accuracy', truth, last, 'last')
  const hits = Float64Array.from({ length: truth.length }, (_, i) =>
    directionHit(truth[i] ?? Number.NaN, forecast[i] ?? Number.NaN, last[i] ?? Number.NaN),
  )
  return meanWhereTrue(hits, (_, hit) => hit)
}

/** Throws unless `value` lies in (0, 1). */
export function checkShare(doing: string, name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw expected({ doing, want: 'a number between 0 and 1', of: name, got: value })
}
