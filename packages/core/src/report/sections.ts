/**
 * The sections that most reports share, made from the results of training and evaluation: how training went, how well each class is
 * recognised, and how good the probabilities are. Applications use those that apply and add their own.
 */
import { formatNumber } from '../cli/format.js'
import { calibration } from '../metrics/probability.js'
import { argMaxRows, classificationScores, confusionMatrix } from '../metrics/classification.js'
import { averagePrecision, column, oneVersusRest, precisionRecallCurve, rocAuc, rocCurve } from '../metrics/ranking.js'
import { reliabilityPlot } from './calibration-plot.js'
import { classScoresPlot } from './class-plots.js'
import { confusionPlot } from './confusion-plot.js'
import { precisionRecallPlot, rocPlot } from './curve-plots.js'
import type { Curve } from './curve-plots.js'
import type { Figure, Section } from './report.js'
import { FULL_WIDTH, HALF_WIDTH } from './svg.js'
import { epochCurves, figureName, learningRatePlot, lossPlot, metricKeys } from './training-plots.js'
import type { EpochFigures } from './training-plots.js'

export interface TrainingSectionOptions {
  /** The epoch whose weights the model has. */
  readonly bestEpoch?: number
  /** Figures of the history to plot (default: all `val_…` metrics). */
  readonly metrics?: readonly string[]
  readonly text?: string
}

/** Curves of loss, metrics and learning rate, from the Trainer's history. */
export function trainingSection(history: readonly EpochFigures[], options: TrainingSectionOptions = {}): Section {
  const { bestEpoch, metrics = metricKeys(history), text } = options
  const best = bestEpoch === undefined ? {} : { bestEpoch }
  const note = bestEpoch === undefined ? '' : ` The model has the weights of epoch ${bestEpoch}.`
  const figures: Figure[] = [{ svg: lossPlot(history, best), caption: `Loss by epoch.${note}` }]
  const shares = metrics.filter((key) => history.every((log) => !((log[key] ?? 0) > 1 || (log[key] ?? 0) < 0)))
  const others = metrics.filter((key) => !shares.includes(key))
  if (shares.length > 0) {
    const axis = shares.length === 1 ? figureName(shares[0] ?? '') : 'score'
    figures.push({
      svg: epochCurves(history, shares.slice(0, 6), { ...best, axis }),
      caption: 'Validation metrics by epoch.',
    })
  }
  for (const key of others) {
    const svg = epochCurves(history, [key], { ...best, axis: figureName(key) })
    figures.push({ svg, caption: `Validation ${figureName(key)} by epoch.` })
  }
  if (history.some((log) => log['learningRate'] !== history[0]?.['learningRate'])) {
    figures.push({ svg: learningRatePlot(history), caption: 'Learning rate by epoch.' })
  }
  return { title: 'Training', figures, ...(text === undefined ? {} : { text }) }
}

export interface ClassifierResults {
  readonly labels: readonly string[]
  /** Class indices, one per item. */
  readonly truth: ArrayLike<number>
  /** [items, classes]. */
  readonly probabilities: ArrayLike<number>
}

/** The confusion matrix and the scores of each class. */
export function classesSection({ labels, truth, probabilities }: ClassifierResults): Section {
  const predicted = argMaxRows(probabilities, labels.length)
  const confusion = confusionMatrix(truth, predicted, labels.length)
  const { byClass } = classificationScores(confusion)
  const figures: Figure[] = [
    {
      svg: confusionPlot(confusion, labels),
      caption:
        'Confusion matrix. Each row holds the items of one class; each cell shows how many of them were predicted as that label, shaded by their share of the row. Blue is right, orange wrong.',
    },
    {
      svg: classScoresPlot(byClass, labels, labels.length > 9 ? FULL_WIDTH : HALF_WIDTH),
      caption: `Scores by class. ${SCORES_EXPLAINED}`,
    },
  ]
  return { title: 'Classes', text: worstConfusions(confusion, labels), figures }
}

/** The most frequent mistakes in a sentence; empty if there are none. */
export function worstConfusions(
  confusion: readonly (readonly number[])[],
  labels: readonly string[],
  most = 3,
): string[] {
  const mistakes = confusion.flatMap((row, truth) => {
    const total = row.reduce((sum, count) => sum + count, 0)
    return row.map((count, predicted) => ({ truth, predicted, count: truth === predicted ? 0 : count, total }))
  })
  const worst = mistakes
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || b.count / b.total - a.count / a.total)
    .slice(0, most)
  if (worst.length === 0) return []
  const parts = worst.map(
    ({ truth, predicted, count, total }) =>
      `${labels[truth] ?? ''} taken for ${labels[predicted] ?? ''} (${count} of ${total})`,
  )
  return [`Most frequent mistakes: ${parts.join('; ')}.`]
}

/** ROC, precision-recall and reliability: how good the probabilities are. */
export function probabilitiesSection({ labels, truth, probabilities }: ClassifierResults): Section {
  const classes = labels.length
  const questions = labels.map((label, c) => ({
    label,
    truth: oneVersusRest(truth, c),
    scores: column(probabilities, classes, c),
  }))
  // With two classes one curve is enough: that of the second class, as the score of "yes".
  const figures = curveFigures(classes === 2 ? questions.slice(1) : questions)
  const { expectedError, bins } = calibration(truth, probabilities, classes, 10)
  figures.push({
    svg: reliabilityPlot(bins, Number.isNaN(expectedError) ? {} : { expectedError }),
    caption:
      'Reliability. On the diagonal, confidence matches accuracy; below it, the model is overconfident. Bars at the bottom show how many items have each confidence.',
  })
  return { title: 'Probabilities', figures }
}

const SCORES_EXPLAINED =
  'Precision is the share of predictions of a class that are right, recall the share of its items that are recognised, F1 their harmonic mean.'

/** A yes-or-no question about every item, with its scores. */
interface Question {
  readonly label: string
  readonly truth: ArrayLike<number>
  readonly scores: ArrayLike<number>
}

/** ROC and precision-recall curves, except for questions whose answer is always yes or always no. */
function curveFigures(questions: readonly Question[]): Figure[] {
  const roc: Curve[] = []
  const recall: Curve[] = []
  for (const { label, truth, scores } of questions) {
    const auc = rocAuc(truth, scores)
    if (Number.isNaN(auc)) continue
    const { falsePositiveRate, truePositiveRate } = rocCurve(truth, scores)
    roc.push({ label, x: falsePositiveRate, y: truePositiveRate, score: auc })
    const curve = precisionRecallCurve(truth, scores)
    recall.push({ label, x: curve.recall, y: curve.precision, score: averagePrecision(truth, scores) })
  }
  if (roc.length === 0) return []
  return [
    {
      svg: rocPlot(roc),
      caption: 'ROC curves. AUC is the probability that an item of the class scores higher than one of another class.',
    },
    { svg: precisionRecallPlot(recall), caption: 'Precision and recall as the threshold falls.' },
  ]
}

/** The metrics of a run as a table of two columns. */
export function metricsSection(metrics: Readonly<Record<string, number>>, title = 'Metrics'): Section {
  const rows = Object.entries(metrics).map(([name, value]) => [name, formatNumber(value)])
  return { title, tables: [{ columns: [{ header: 'metric' }, { header: 'value', align: 'right' }], rows }] }
}
