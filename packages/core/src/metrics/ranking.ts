/**
 * How well scores rank positives above negatives: ROC curve and its area, precision-recall curve, average precision.
 *
 * Equal scores form one point of a curve, so ties count half in the area, as in scikit-learn. Undefined values are NaN: a rate over no
 * items, an area with a single class, a precision-recall curve without positives; averages ignore NaN and state how many values
 * they include. NaN scores are an error: they have no rank.
 */
import { expected } from '../errors.js'
import { rowsOf, sameLength, type Numbers } from './classification.js'

/** Points of a ROC curve, from (0, 0) at threshold Infinity to (1, 1); all arrays have the same length. */
export interface RocCurve {
  falsePositiveRate: Float64Array
  truePositiveRate: Float64Array
  /** Decreasing. An item is predicted positive when its score is at least the threshold. */
  thresholds: Float64Array
}

/** Points of a precision-recall curve, recall increasing from 0; the first point (precision 1, recall 0) has threshold Infinity. */
export interface PrecisionRecallCurve {
  precision: Float64Array
  recall: Float64Array
  /** Decreasing. */
  thresholds: Float64Array
}

/** One score per class, and the mean of those that are defined. */
export interface AveragedScore {
  byClass: number[]
  /** Mean over the classes where it is defined; NaN if there are none. */
  macro: number
  /** Number of classes in the mean. */
  defined: number
}

interface Steps {
  truePositives: Float64Array
  falsePositives: Float64Array
  thresholds: Float64Array
}

/** Counts at or above each distinct score, from the highest down. Truth is positive where it is not 0. */
function cumulativeCounts(doing: string, truth: Numbers, scores: Numbers): Steps {
  sameLength(doing, truth, scores, 'scores')
  const values = Float64Array.from(scores)
  const nan = values.findIndex(Number.isNaN)
  if (nan >= 0) throw expected({ doing, want: 'a number', of: `scores[${nan}]`, got: Number.NaN })
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b)
  const truePositives: number[] = []
  const falsePositives: number[] = []
  const thresholds: number[] = []
  let positive = 0
  let negative = 0
  order.forEach((item, rank) => {
    if (truth[item] === 0) negative++
    else positive++
    const score = values[item] ?? 0
    const next = order[rank + 1]
    if (next !== undefined && values[next] === score) return
    truePositives.push(positive)
    falsePositives.push(negative)
    thresholds.push(score)
  })
  return {
    truePositives: Float64Array.from(truePositives),
    falsePositives: Float64Array.from(falsePositives),
    thresholds: Float64Array.from(thresholds),
  }
}

/** ROC curve with a point for each distinct score. `truth` [N] is 0 or 1, `scores` [N] increase with the probability of 1. */
export function rocCurve(truth: Numbers, scores: Numbers): RocCurve {
  const steps = cumulativeCounts('computing a ROC curve', truth, scores)
  const positives = steps.truePositives.at(-1) ?? 0
  const negatives = steps.falsePositives.at(-1) ?? 0
  return {
    falsePositiveRate: Float64Array.from([0, ...steps.falsePositives], (count) => count / negatives),
    truePositiveRate: Float64Array.from([0, ...steps.truePositives], (count) => count / positives),
    thresholds: Float64Array.from([Infinity, ...steps.thresholds]),
  }
}

/**
 * Area under the ROC curve: the probability that a positive scores higher than a negative, ties counting half. NaN without positives
 * or without negatives.
 */
export function rocAuc(truth: Numbers, scores: Numbers): number {
  const { truePositives, falsePositives } = cumulativeCounts('computing the area under a ROC curve', truth, scores)
  let area = 0
  let lastTrue = 0
  let lastFalse = 0
  truePositives.forEach((count, i) => {
    const wrong = falsePositives[i] ?? 0
    area += ((wrong - lastFalse) * (count + lastTrue)) / 2
    lastTrue = count
    lastFalse = wrong
  })
  return lastTrue * lastFalse === 0 ? Number.NaN : area / (lastTrue * lastFalse)
}

/** Precision-recall curve with a point for each distinct score, in order of recall. Recall is NaN without positives. */
export function precisionRecallCurve(truth: Numbers, scores: Numbers): PrecisionRecallCurve {
  const steps = cumulativeCounts('computing a precision-recall curve', truth, scores)
  const positives = steps.truePositives.at(-1) ?? 0
  const precision = steps.truePositives.map((count, i) => count / (count + (steps.falsePositives[i] ?? 0)))
  const recall = steps.truePositives.map((count) => count / positives)
  return {
    precision: Float64Array.from([1, ...precision]),
    recall: Float64Array.from([positives === 0 ? Number.NaN : 0, ...recall]),
    thresholds: Float64Array.from([Infinity, ...steps.thresholds]),
  }
}

/** Average precision, `sum of (R_n - R_(n-1)) P_n` over the thresholds, not interpolated. NaN without positives. */
export function averagePrecision(truth: Numbers, scores: Numbers): number {
  const { truePositives, falsePositives } = cumulativeCounts('computing average precision', truth, scores)
  const positives = truePositives.at(-1) ?? 0
  let sum = 0
  let last = 0
  truePositives.forEach((count, i) => {
    sum += ((count - last) * count) / (count + (falsePositives[i] ?? 0))
    last = count
  })
  return positives === 0 ? Number.NaN : sum / positives
}

/** Mean of the values that are numbers. */
export function averageDefined(byClass: number[]): AveragedScore {
  const values = byClass.filter((value) => !Number.isNaN(value))
  const sum = values.reduce((total, value) => total + value, 0)
  return { byClass, macro: values.length === 0 ? Number.NaN : sum / values.length, defined: values.length }
}

/** Scores of one class: column `c` of [N, C]. */
export function column(scores: Numbers, classes: number, c: number): Float64Array {
  return Float64Array.from({ length: Math.floor(scores.length / classes) }, (_, row) => scores[row * classes + c] ?? 0)
}

/** 1 where `truth` is the class, otherwise 0. */
export function oneVersusRest(truth: Numbers, c: number): Uint8Array {
  return Uint8Array.from(truth, (label) => (label === c ? 1 : 0))
}

/** Area under the ROC curve of each class against the rest. `truth` [N] holds class indices, `scores` is [N, C]. */
export function multiclassRocAuc(truth: Numbers, scores: Numbers, classes: number): AveragedScore {
  rowsOf('computing the area under ROC curves', truth, scores, classes)
  const one = (_: unknown, c: number) => rocAuc(oneVersusRest(truth, c), column(scores, classes, c))
  return averageDefined(Array.from({ length: classes }, one))
}

/** Average precision of each class against the rest. `truth` [N] holds class indices, `scores` is [N, C]. */
export function multiclassAveragePrecision(truth: Numbers, scores: Numbers, classes: number): AveragedScore {
  rowsOf('computing average precision', truth, scores, classes)
  const one = (_: unknown, c: number) => averagePrecision(oneVersusRest(truth, c), column(scores, classes, c))
  return averageDefined(Array.from({ length: classes }, one))
}
