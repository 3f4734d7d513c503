/**
 * Quantiles of the normal distribution, for the intervals of forecasts that are a mean and a deviation.
 */
import { expected } from '@weft/core/errors'

/** Coefficients of Acklam's rational approximation: near the middle, and in the tails. */
const MIDDLE = {
  over: [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ],
  under: [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
} as const
const TAIL = {
  over: [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ],
  under: [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1],
} as const
/** Below it, and above 1 less it, is a tail. */
const TAIL_SHARE = 0.02425

const polynomial = (coefficients: readonly number[], x: number) => coefficients.reduce((sum, one) => sum * x + one, 0)

/**
 * The value that a standard normal variable stays below with probability `p`, to a relative error of 1.2e-9.
 *
 * @param p In (0, 1).
 * @throws UserError for another.
 * @see P. J. Acklam 2003, "An algorithm for computing the inverse normal cumulative distribution function".
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1))
    throw expected({ doing: 'computing a quantile', want: 'a number between 0 and 1', of: 'p', got: p })
  if (p > 1 - TAIL_SHARE) return -normalQuantile(1 - p)
  if (p >= TAIL_SHARE) {
    const q = p - 0.5
    return (q * polynomial(MIDDLE.over, q * q)) / polynomial(MIDDLE.under, q * q)
  }
  const q = Math.sqrt(-2 * Math.log(p))
  return polynomial(TAIL.over, q) / polynomial(TAIL.under, q)
}
