/**
 * How good the probabilities are, not only the choice: log loss, and calibration (is an answer with 80 % confidence right 80 % of the
 * time?).
 *
 * Calibration follows Guo et al. 2017, arXiv:1706.04599, section 2: bins of equal width over the highest probability.
 */
import { expected } from '../errors.js'
import { argMaxRows, rowsOf, type Numbers } from './classification.js'

/** One bin of confidence, `(low, high]` (the first also includes 0). Without items, `confidence` and `accuracy` are NaN. */
export interface CalibrationBin {
  low: number
  high: number
  items: number
  /** Mean of the highest probabilities of its items. */
  confidence: number
  /** Share of its items that are right. */
  accuracy: number
}

/** Expected calibration error (mean gap weighted by items), maximum gap, and the bins. The errors are NaN without items. */
export interface Calibration {
  expectedError: number
  maximumError: number
  bins: CalibrationBin[]
}

/**
 * Mean of `-log p(true class)`; NaN without items. Probabilities are clipped to float64 epsilon from 0 and 1, so that one mistake with
 * full confidence costs 36, not infinity. Rows are not rescaled to a sum of 1.
 *
 * @param probabilities [N, C].
 */
export function logLoss(truth: Numbers, probabilities: Numbers, classes: number): number {
  const rows = rowsOf('computing log loss', truth, probabilities, classes)
  let sum = 0
  for (let row = 0; row < rows; row++) {
    const label = truth[row] ?? -1
    if (!(label >= 0 && label < classes)) {
      throw expected({
        doing: 'computing log loss',
        want: `a class from 0 to ${classes - 1}`,
        of: `truth[${row}]`,
        got: label,
      })
    }
    const p = probabilities[row * classes + label] ?? Number.NaN
    sum -= Math.log(Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, p)))
  }
  return rows === 0 ? Number.NaN : sum / rows
}

/**
 * Calibration of the highest probability of each row.
 *
 * @param probabilities [N, C].
 * @param binCount Number of bins of equal width from 0 to 1.
 */
export function calibration(truth: Numbers, probabilities: Numbers, classes: number, binCount = 15): Calibration {
  const rows = rowsOf('measuring calibration', truth, probabilities, classes)
  const chosen = argMaxRows(probabilities, classes)
  const sums = Array.from({ length: binCount }, () => ({ items: 0, confidence: 0, right: 0 }))
  chosen.forEach((label, row) => {
    const confidence = probabilities[row * classes + label] ?? 0
    const at = Math.min(binCount - 1, Math.max(0, Math.ceil(confidence * binCount) - 1))
    const bin = sums[at]
    if (bin === undefined)
      throw expected({ doing: 'measuring calibration', want: 'a probability', of: `row ${row}`, got: confidence })
    bin.items++
    bin.confidence += confidence
    if (label === truth[row]) bin.right++
  })
  let expectedError = 0
  let maximumError = 0
  const bins = sums.map(({ items, confidence, right }, i): CalibrationBin => {
    if (items > 0) {
      const gap = Math.abs(confidence - right) / items
      expectedError += (gap * items) / rows
      maximumError = Math.max(maximumError, gap)
    }
    return {
      low: i / binCount,
      high: (i + 1) / binCount,
      items,
      confidence: confidence / items,
      accuracy: right / items,
    }
  })
  return rows === 0
    ? { expectedError: Number.NaN, maximumError: Number.NaN, bins }
    : { expectedError, maximumError, bins }
}
