/**
 * All metrics of a classifier at once, as evaluations print, save and report them; each is defined in its own module. Everything is
 * plain data; an undefined metric is null, since JSON has no NaN.
 */
import {
  accuracy,
  argMaxRows,
  classificationScores,
  cohenKappa,
  confusionMatrix,
  topKAccuracy,
  type ClassScores,
  type Numbers,
} from './classification.js'
import { meanAveragePrecision, multilabelRocAuc, multilabelScores, subsetAccuracy } from './multilabel.js'
import { calibration, logLoss } from './probability.js'
import { multiclassAveragePrecision, multiclassRocAuc, type AveragedScore } from './ranking.js'

/** A metric, or null where it is undefined (such as the AUC of a class that is never true). */
export type Figure = number | null

/** Scores of one label, with its AUC and average precision. */
export interface LabelSummary extends ClassScores {
  label: string
  auc: Figure
  averagePrecision: Figure
}

export interface LabelAverages {
  macro: ClassScores
  micro: ClassScores
  weighted: ClassScores
  /** Means over the labels where they are defined. */
  auc: Figure
  meanAveragePrecision: Figure
  byLabel: LabelSummary[]
}

/** Metrics of a classifier with one label per item. */
export interface ClassificationSummary extends LabelAverages {
  items: number
  accuracy: Figure
  /** Share of items whose label is among the five most probable; null with five labels or fewer. */
  top5Accuracy: Figure
  kappa: Figure
  logLoss: Figure
  calibrationError: Figure
  /** Counts [true][predicted], in the order of the labels. */
  confusion: number[][]
}

/** Metrics of a tagger with any number of labels per item. */
export interface MultilabelSummary extends LabelAverages {
  items: number
  /** Share of items whose set of labels is entirely right at the threshold. */
  subsetAccuracy: Figure
  threshold: number
}

const figure = (value: number | undefined): Figure => (value === undefined || Number.isNaN(value) ? null : value)

function labelSummaries(
  labels: readonly string[],
  scores: readonly ClassScores[],
  auc: AveragedScore,
  precision: AveragedScore,
): LabelSummary[] {
  const none: ClassScores = { precision: 0, recall: 0, f1: 0, support: 0 }
  return labels.map((label, c) => ({
    label,
    ...(scores[c] ?? none),
    auc: figure(auc.byClass[c]),
    averagePrecision: figure(precision.byClass[c]),
  }))
}

/**
 * @param truth Class indices [N].
 * @param probabilities [N, C].
 * @param labels Names of the C classes.
 */
export function summariseClassification(
  truth: Numbers,
  probabilities: Numbers,
  labels: readonly string[],
): ClassificationSummary {
  const classes = labels.length
  const predicted = argMaxRows(probabilities, classes)
  const confusion = confusionMatrix(truth, predicted, classes)
  const { byClass, macro, micro, weighted } = classificationScores(confusion)
  const auc = multiclassRocAuc(truth, probabilities, classes)
  const precision = multiclassAveragePrecision(truth, probabilities, classes)
  return {
    items: truth.length,
    accuracy: figure(accuracy(truth, predicted)),
    top5Accuracy: classes > 5 ? figure(topKAccuracy(truth, probabilities, classes, 5)) : null,
    kappa: figure(cohenKappa(confusion)),
    logLoss: figure(logLoss(truth, probabilities, classes)),
    calibrationError: figure(calibration(truth, probabilities, classes).expectedError),
    macro,
    micro,
    weighted,
    auc: figure(auc.macro),
    meanAveragePrecision: figure(precision.macro),
    byLabel: labelSummaries(labels, byClass, auc, precision),
    confusion,
  }
}

/**
 * @param truth 0 or 1, [N, C].
 * @param probabilities [N, C].
 * @param labels Names of the C labels.
 * @param threshold Predict a label when its probability is at least this.
 */
export function summariseMultilabel(
  truth: Numbers,
  probabilities: Numbers,
  labels: readonly string[],
  threshold = 0.5,
): MultilabelSummary {
  const classes = labels.length
  const { byClass, macro, micro, weighted } = multilabelScores(truth, probabilities, classes, threshold)
  const auc = multilabelRocAuc(truth, probabilities, classes)
  const precision = meanAveragePrecision(truth, probabilities, classes)
  return {
    items: truth.length / classes,
    subsetAccuracy: figure(subsetAccuracy(truth, probabilities, classes, threshold)),
    threshold,
    macro,
    micro,
    weighted,
    auc: figure(auc.macro),
    meanAveragePrecision: figure(precision.macro),
    byLabel: labelSummaries(labels, byClass, auc, precision),
  }
}
