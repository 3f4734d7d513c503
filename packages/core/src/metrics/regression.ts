/**
 * Errors of predicted quantities: MAE, MSE, RMSE, R2. All values count the same, whatever their shape was; NaN without values.
 */
import { sameLength, type Numbers } from './classification.js'

/** Errors in the unit of the values (`mse`: its square); `r2` has none. */
export interface RegressionScores {
  mae: number
  mse: number
  rmse: number
  r2: number
}

function mean(truth: Numbers, predicted: Numbers, error: (difference: number) => number): number {
  sameLength('computing regression errors', truth, predicted, 'predicted')
  let sum = 0
  for (let i = 0; i < truth.length; i++) sum += error((predicted[i] ?? Number.NaN) - (truth[i] ?? Number.NaN))
  return sum / truth.length
}

/** Mean absolute error. */
export function meanAbsoluteError(truth: Numbers, predicted: Numbers): number {
  return mean(truth, predicted, Math.abs)
}

/** Mean squared error. */
export function meanSquaredError(truth: Numbers, predicted: Numbers): number {
  return mean(truth, predicted, (difference) => difference * difference)
}

/** Root of the mean squared error. */
export function rootMeanSquaredError(truth: Numbers, predicted: Numbers): number {
  return Math.sqrt(meanSquaredError(truth, predicted))
}

/**
 * Coefficient of determination, `1 - squared error / squared deviation from the mean`: 1 is perfect, 0 is no better than the
 * mean. For a constant truth it is 1 when every value is met and else 0, as in scikit-learn; NaN with fewer than 2 values.
 */
export function r2Score(truth: Numbers, predicted: Numbers): number {
  const error = meanSquaredError(truth, predicted)
  if (truth.length < 2) return Number.NaN
  let sum = 0
  for (let i = 0; i < truth.length; i++) sum += truth[i] ?? 0
  const centre = sum / truth.length
  let deviation = 0
  for (let i = 0; i < truth.length; i++) deviation += ((truth[i] ?? 0) - centre) ** 2
  if (deviation === 0) return error === 0 ? 1 : 0
  return 1 - (error * truth.length) / deviation
}

/** All of them. */
export function regressionScores(truth: Numbers, predicted: Numbers): RegressionScores {
  const mse = meanSquaredError(truth, predicted)
  return { mae: meanAbsoluteError(truth, predicted), mse, rmse: Math.sqrt(mse), r2: r2Score(truth, predicted) }
}
