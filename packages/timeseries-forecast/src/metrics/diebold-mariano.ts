/**
 * Whether one forecast is better than another by more than chance: the test of Diebold and Mariano (1995) with the correction for few
 * windows of Harvey, Leybourne and Newbold (1997), on the losses of both in the same windows. Student's t comes through the incomplete
 * beta function (Lentz's continued fraction; Press et al., "Numerical Recipes", 6.4).
 */
import { expected } from '@weft/core/errors'
import { sameLength, type Numbers } from '@weft/core/metrics'

/** What the test found. */
export interface DieboldMariano {
  /** Corrected statistic, negative when A loses less than B; 0 for equal losses, NaN without more windows than leads. */
  readonly statistic: number
  /** Two-sided, from Student's t with n - 1 degrees of freedom; 1 for equal losses, NaN without more windows than leads. */
  readonly pValue: number
  /** Mean of A's loss less B's. */
  readonly meanDifference: number
  /** Windows in which both losses are numbers, n. */
  readonly windows: number
}

/** Sum of `(d[t] - mean) (d[t - lag] - mean)` over n. */
function autocovariance(differences: Numbers, mean: number, lag: number): number {
  let sum = 0
  for (let t = lag; t < differences.length; t++)
    sum += ((differences[t] ?? 0) - mean) * ((differences[t - lag] ?? 0) - mean)
  return sum / differences.length
}

/**
 * Variance of the mean of differences whose autocorrelation ends before lag `horizon`. The rectangular sum of autocovariances of the
 * original test can come out at zero or below; then the weights of Newey and West (1987), `1 - k / horizon`, which never do, take over.
 */
function varianceOfMean(differences: Numbers, mean: number, horizon: number): number {
  let rectangular = autocovariance(differences, mean, 0)
  let weighted = rectangular
  for (let lag = 1; lag < horizon; lag++) {
    const covariance = 2 * autocovariance(differences, mean, lag)
    rectangular += covariance
    weighted += (1 - lag / horizon) * covariance
  }
  return (rectangular > 0 ? rectangular : weighted) / differences.length
}

/**
 * Tests whether two forecasts have the same expected loss. The windows are taken as origins one row apart, in order, so that losses H
 * windows apart share no row; windows further apart only make the test more careful.
 *
 * @param lossesA Loss of each window, [N], such as `ForecastScores.losses()`; a window where either is NaN counts nothing.
 * @param horizon Leads of a window, H; the long-run variance has H - 1 lags. No more windows than leads say nothing: the correction is 0.
 */
export function dieboldMariano(lossesA: Numbers, lossesB: Numbers, horizon: number): DieboldMariano {
  const doing = 'comparing forecasts'
  sameLength(doing, lossesA, lossesB, 'lossesB')
  if (!(Number.isInteger(horizon) && horizon > 0))
    throw expected({ doing, want: 'a whole number above 0', of: 'horizon', got: horizon })
  const differences = Float64Array.from(lossesA, (loss, i) => loss - (lossesB[i] ?? Number.NaN)).filter(Number.isFinite)
  const windows = differences.length
  const meanDifference = differences.reduce((sum, difference) => sum + difference, 0) / windows
  if (windows < 2 || windows <= horizon) return { statistic: Number.NaN, pValue: Number.NaN, meanDifference, windows }
  if (differences.every((difference) => difference === 0))
    return { statistic: 0, pValue: 1, meanDifference: 0, windows }
  const correction = (windows + 1 - 2 * horizon + (horizon * (horizon - 1)) / windows) / windows
  const statistic = meanDifference / Math.sqrt(varianceOfMean(differences, meanDifference, horizon) / correction)
  // The same difference in every window has no variance: no chance explains it.
  return {
    statistic,
    pValue: Number.isFinite(statistic) ? twoSided(statistic, windows - 1) : 0,
    meanDifference,
    windows,
  }
}

function twoSided(statistic: number, degrees: number): number {
  return incompleteBeta(degrees / (degrees + statistic * statistic), degrees / 2, 0.5)
}

/** Probability that Student's t with `degrees` degrees of freedom is at most `t`. */
export function studentTCdf(t: number, degrees: number): number {
  if (!(degrees > 0))
    throw expected({ doing: "computing Student's t", want: 'a number above 0', of: 'degrees', got: degrees })
  const tail = twoSided(t, degrees) / 2
  return t > 0 ? 1 - tail : tail
}

/** Logarithm of the gamma function (Lanczos 1964, 7 terms), for x > 0, to about 15 digits. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ]
  const sum = terms.reduce((total, term, i) => total + term / (x + i), 0.99999999999980993)
  const base = x + 6.5
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum)
}

/** The regularised incomplete beta function I_x(a, b). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The continued fraction converges quickly only below the mean.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a
  const tiny = 1e-300
  const kept = (value: number) => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / kept(1 + even * d)
    c = kept(1 + even / c)
    fraction *= c * d
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / kept(1 + odd * d)
    c = kept(1 + odd / c)
    fraction *= c * d
    if (Math.abs(c * d - 1) < 1e-15) break
  }
  return front * fraction
}
