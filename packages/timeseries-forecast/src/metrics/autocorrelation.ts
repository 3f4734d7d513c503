/**
 * How like itself a series is some rows later: the sample autocorrelation, from which one reads what a forecast has left in its errors
 * and how long a season is. The estimator is Box and Jenkins's, which divides by the number of all values at every lag.
 */
import { expected } from '@weft/core/errors'
import type { Numbers } from '@weft/core/metrics'

/**
 * The autocorrelation of `values` at the lags 0 … `lags`: `r_k = Σ (x_t - m)(x_{t+k} - m) / Σ (x_t - m)²`. Pairs of which one is NaN
 * are left out. All NaN for a constant series and for one without values.
 *
 * @param values [T], NaN where missing.
 * @param lags The largest lag, a whole number of at least 0.
 * @returns [lags + 1]; the first is 1.
 * @throws UserError when `lags` is no such number.
 * @see Box, Jenkins and Reinsel, Time Series Analysis, section 2.1.5.
 */
export function autocorrelation(values: Numbers, lags: number): Float64Array {
  if (!Number.isInteger(lags) || lags < 0) {
    throw expected({
      doing: 'computing the autocorrelation',
      want: 'a whole number of at least 0',
      of: 'lags',
      got: lags,
    })
  }
  let sum = 0
  let count = 0
  for (let t = 0; t < values.length; t++) {
    const value = values[t] ?? Number.NaN
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  const mean = sum / count
  // A missing value counts as the mean, so that its products are nothing.
  const centred = Float64Array.from({ length: values.length }, (_, t) => {
    const deviation = (values[t] ?? Number.NaN) - mean
    return Number.isNaN(deviation) ? 0 : deviation
  })
  const covariance = (lag: number) => {
    let product = 0
    for (let t = lag; t < centred.length; t++) product += (centred[t] ?? 0) * (centred[t - lag] ?? 0)
    return product
  }
  const variance = covariance(0)
  return Float64Array.from({ length: lags + 1 }, (_, lag) => covariance(lag) / variance)
}
