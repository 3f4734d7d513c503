/**
 * Metrics for items with any number of labels (tags, overlapping sounds): each label is a binary question of its own.
 *
 * Truth and scores are flat row-major arrays [N, C]; truth is 0 or 1. A ratio whose denominator is 0 is 0, as in scikit-learn;
 * average precision and AUC of a label that is never true (or always) are NaN and do not count in their means.
 */
import { expected } from '../errors.js'
import {
  averageScores,
  sameLength,
  scoresFromCounts,
  type ClassificationScores,
  type Numbers,
} from './classification.js'
import { averageDefined, averagePrecision, column, rocAuc, type AveragedScore } from './ranking.js'

function checkShape(doing: string, truth: Numbers, scores: Numbers, classes: number): void {
  sameLength(doing, truth, scores, 'scores')
  if (!(classes > 0) || truth.length % classes !== 0) {
    throw expected({ doing, want: `a multiple of ${classes} values`, of: 'truth', got: truth.length })
  }
}

/** Average precision of each label, and their mean (mAP). */
export function meanAveragePrecision(truth: Numbers, scores: Numbers, classes: number): AveragedScore {
  checkShape('computing mean average precision', truth, scores, classes)
  const one = (_: unknown, c: number) => averagePrecision(column(truth, classes, c), column(scores, classes, c))
  return averageDefined(Array.from({ length: classes }, one))
}

/** Area under the ROC curve of each label, and their mean. */
export function multilabelRocAuc(truth: Numbers, scores: Numbers, classes: number): AveragedScore {
  checkShape('computing the area under ROC curves', truth, scores, classes)
  const one = (_: unknown, c: number) => rocAuc(column(truth, classes, c), column(scores, classes, c))
  return averageDefined(Array.from({ length: classes }, one))
}

/**
 * Precision, recall and F1 of each label where `score >= threshold` says yes, and their averages.
 *
 * The macro average includes labels that are never true, as in scikit-learn.
 *
 * @param threshold One for all labels, or one per label [C].
 */
export function multilabelScores(
  truth: Numbers,
  scores: Numbers,
  classes: number,
  threshold: number | Numbers = 0.5,
): ClassificationScores {
  checkShape('scoring labels', truth, scores, classes)
  const total = { hits: 0, falseAlarms: 0, misses: 0 }
  const byClass = Array.from({ length: classes }, (_, c) => {
    const limit = typeof threshold === 'number' ? threshold : (threshold[c] ?? Number.NaN)
    let hits = 0
    let falseAlarms = 0
    let misses = 0
    for (let at = c; at < truth.length; at += classes) {
      const yes = (scores[at] ?? Number.NaN) >= limit
      if (truth[at] !== 0) {
        if (yes) hits++
        else misses++
      } else if (yes) falseAlarms++
    }
    total.hits += hits
    total.falseAlarms += falseAlarms
    total.misses += misses
    return scoresFromCounts(hits, falseAlarms, misses)
  })
  return {
    byClass,
    macro: averageScores(byClass, () => 1),
    micro: scoresFromCounts(total.hits, total.falseAlarms, total.misses),
    weighted: averageScores(byClass, (one) => one.support),
  }
}

/** Share of items whose set of labels is entirely right at the threshold; NaN without items. */
export function subsetAccuracy(truth: Numbers, scores: Numbers, classes: number, threshold = 0.5): number {
  checkShape('computing subset accuracy', truth, scores, classes)
  const rows = truth.length / classes
  let right = 0
  for (let row = 0; row < rows; row++) {
    let same = true
    for (let at = row * classes; at < (row + 1) * classes; at++) {
      if ((truth[at] !== 0) !== (scores[at] ?? Number.NaN) >= threshold) same = false
    }
    if (same) right++
  }
  return rows === 0 ? Number.NaN : right / rows
}

/** The threshold of each label with the highest F1 on these items, which should be validation items; 0.5 for a label that is never true. */
export function bestThresholds(truth: Numbers, scores: Numbers, classes: number): Float64Array {
  checkShape('choosing thresholds', truth, scores, classes)
  return Float64Array.from({ length: classes }, (_, c) => {
    const labels = column(truth, classes, c)
    const values = column(scores, classes, c)
    const order = Array.from(values, (_, i) => i).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0))
    const positives = labels.reduce((count, label) => count + (label !== 0 ? 1 : 0), 0)
    let best = { f1: 0, threshold: 0.5 }
    let hits = 0
    order.forEach((item, rank) => {
      if (labels[item] !== 0) hits++
      const score = values[item] ?? 0
      const next = order[rank + 1]
      if (next !== undefined && values[next] === score) return
      const { f1 } = scoresFromCounts(hits, rank + 1 - hits, positives - hits)
      if (f1 > best.f1) best = { f1, threshold: score }
    })
    return best.threshold
  })
}
