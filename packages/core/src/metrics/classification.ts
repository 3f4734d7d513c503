/**
 * How well a classifier with one label per item does: accuracy, top-k, the confusion matrix, precision, recall, F1, Cohen's kappa.
 *
 * Labels are class indices, scores are one flat row-major array [N, C], as `data()` of a tensor returns them. Definitions and zero
 * divisions follow scikit-learn: a ratio whose denominator is 0 is 0, except where noted. Curves are in `ranking.ts`, probabilities in
 * `probability.ts`, several labels per item in `multilabel.ts`.
 */
import { expected } from '../errors.js'

/** Input of a metric: an array or a typed array of numbers. */
export type Numbers = ArrayLike<number>

/** Precision, recall and F1 of one class, or their average; `support` is the number of true items. */
export interface ClassScores {
  precision: number
  recall: number
  f1: number
  support: number
}

/** The scores of each class and their averages. */
export interface ClassificationScores {
  byClass: ClassScores[]
  /** Unweighted mean over the classes that occur in the truth or the predictions. */
  macro: ClassScores
  /** From the counts of all classes together; for single labels it is the accuracy. */
  micro: ClassScores
  /** Mean over the classes, weighted by support. */
  weighted: ClassScores
}

/** `a / b`, and 0 where b is 0. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b
}

/** Throws unless both have the same number of values. */
export function sameLength(doing: string, truth: Numbers, other: Numbers, name: string): void {
  if (truth.length !== other.length)
    throw expected({ doing, want: `${truth.length} values`, of: name, got: other.length })
}

/** Number of rows N of `truth` [N] and `scores` [N, C]; throws unless the sizes agree. */
export function rowsOf(doing: string, truth: Numbers, scores: Numbers, classes: number): number {
  const size = truth.length * classes
  if (scores.length !== size) {
    throw expected({ doing, want: `${truth.length} x ${classes} = ${size} values`, of: 'scores', got: scores.length })
  }
  return truth.length
}

/** Index of the largest score in each row of `scores` [N, C]; the first of equal ones. */
export function argMaxRows(scores: Numbers, classes: number): Int32Array {
  const best = new Int32Array(Math.floor(scores.length / classes))
  for (let row = 0; row < best.length; row++) {
    let at = 0
    let high = scores[row * classes] ?? Number.NaN
    for (let c = 1; c < classes; c++) {
      const score = scores[row * classes + c] ?? Number.NaN
      if (score > high || (Number.isNaN(high) && !Number.isNaN(score))) {
        high = score
        at = c
      }
    }
    best[row] = at
  }
  return best
}

/** Share of items whose prediction is right; NaN without items. */
export function accuracy(truth: Numbers, predicted: Numbers): number {
  sameLength('computing accuracy', truth, predicted, 'predicted')
  let right = 0
  for (let i = 0; i < truth.length; i++) if (truth[i] === predicted[i]) right++
  return truth.length === 0 ? Number.NaN : right / truth.length
}

/**
 * Share of items whose true class is among the k highest scores; NaN without items.
 *
 * Among equal scores the class with the higher index ranks first, as in `top_k_accuracy_score` of scikit-learn.
 *
 * @param scores [N, C], any increasing function of probability.
 */
export function topKAccuracy(truth: Numbers, scores: Numbers, classes: number, k: number): number {
  const doing = 'computing top-k accuracy'
  const rows = rowsOf(doing, truth, scores, classes)
  if (!Number.isInteger(k) || k < 1) throw expected({ doing, want: 'a positive integer', of: 'k', got: k })
  let right = 0
  for (let row = 0; row < rows; row++) {
    const label = truth[row] ?? 0
    const own = scores[row * classes + label] ?? Number.NaN
    let ahead = 0
    for (let c = 0; c < classes; c++) {
      const score = scores[row * classes + c] ?? Number.NaN
      if (score > own || (score === own && c > label)) ahead++
    }
    if (ahead < k && !Number.isNaN(own)) right++
  }
  return rows === 0 ? Number.NaN : right / rows
}

/** Counts [true class][predicted class]. */
export function confusionMatrix(truth: Numbers, predicted: Numbers, classes: number): number[][] {
  const doing = 'counting the confusion matrix'
  sameLength(doing, truth, predicted, 'predicted')
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < truth.length; i++) {
    const row = counts[truth[i] ?? -1]
    const column = predicted[i] ?? -1
    if (row === undefined)
      throw expected({ doing, want: `a class from 0 to ${classes - 1}`, of: `truth[${i}]`, got: truth[i] })
    const before = row[column]
    if (before === undefined)
      throw expected({ doing, want: `a class from 0 to ${classes - 1}`, of: `predicted[${i}]`, got: column })
    row[column] = before + 1
  }
  return counts
}

/** Precision, recall and F1 from counts of true positives, false positives and false negatives. */
export function scoresFromCounts(truePositives: number, falsePositives: number, falseNegatives: number): ClassScores {
  return {
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, truePositives + falseNegatives),
    f1: ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    support: truePositives + falseNegatives,
  }
}

/** Weighted mean of scores; its support is the sum. */
export function averageScores(all: readonly ClassScores[], weight: (scores: ClassScores) => number): ClassScores {
  const mean = { precision: 0, recall: 0, f1: 0, support: 0 }
  let total = 0
  for (const scores of all) {
    const w = weight(scores)
    mean.precision += w * scores.precision
    mean.recall += w * scores.recall
    mean.f1 += w * scores.f1
    mean.support += scores.support
    total += w
  }
  return {
    precision: ratio(mean.precision, total),
    recall: ratio(mean.recall, total),
    f1: ratio(mean.f1, total),
    support: mean.support,
  }
}

/**
 * Precision, recall and F1 by class, and their macro, micro and weighted averages, from a confusion matrix.
 *
 * A class that is never true and never predicted scores 0 with support 0 and does not count in the macro average.
 */
export function classificationScores(confusion: readonly (readonly number[])[]): ClassificationScores {
  const classes = confusion.length
  const byClass: ClassScores[] = []
  const occurring: ClassScores[] = []
  let right = 0
  let items = 0
  for (let c = 0; c < classes; c++) {
    let isTrue = 0
    let isPredicted = 0
    for (let other = 0; other < classes; other++) {
      isTrue += confusion[c]?.[other] ?? 0
      isPredicted += confusion[other]?.[c] ?? 0
    }
    const hits = confusion[c]?.[c] ?? 0
    const scores = scoresFromCounts(hits, isPredicted - hits, isTrue - hits)
    byClass.push(scores)
    if (isTrue + isPredicted > 0) occurring.push(scores)
    right += hits
    items += isTrue
  }
  return {
    byClass,
    macro: averageScores(occurring, () => 1),
    micro: scoresFromCounts(right, items - right, items - right),
    weighted: averageScores(byClass, (scores) => scores.support),
  }
}

/**
 * Cohen's kappa, the agreement `(observed - chance) / (1 - chance)`, from a confusion matrix; 1 is perfect, 0 is chance.
 * NaN when chance agreement is 1 (a single class) or there are no items.
 */
export function cohenKappa(confusion: readonly (readonly number[])[]): number {
  const classes = confusion.length
  const isTrue = new Float64Array(classes)
  const isPredicted = new Float64Array(classes)
  let items = 0
  let right = 0
  confusion.forEach((row, t) =>
    row.forEach((count, p) => {
      isTrue[t] = (isTrue[t] ?? 0) + count
      isPredicted[p] = (isPredicted[p] ?? 0) + count
      items += count
      if (t === p) right += count
    }),
  )
  let chance = 0
  for (let c = 0; c < classes; c++) chance += ((isTrue[c] ?? 0) * (isPredicted[c] ?? 0)) / (items * items)
  return chance === 1 || items === 0 ? Number.NaN : (right / items - chance) / (1 - chance)
}
