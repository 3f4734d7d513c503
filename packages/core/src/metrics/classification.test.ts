import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  accuracy,
  argMaxRows,
  classificationScores,
  cohenKappa,
  confusionMatrix,
  topKAccuracy,
  type ClassificationScores,
} from './classification.js'
import {
  bestThresholds,
  meanAveragePrecision,
  multilabelRocAuc,
  multilabelScores,
  subsetAccuracy,
} from './multilabel.js'
import { calibration, logLoss } from './probability.js'
import {
  averagePrecision,
  multiclassAveragePrecision,
  multiclassRocAuc,
  precisionRecallCurve,
  rocAuc,
  rocCurve,
} from './ranking.js'

interface GoldenScores {
  precision: number
  recall: number
  f1: number
}
type GoldenAverages = Record<'macro' | 'micro' | 'weighted', GoldenScores> & {
  byClass: Record<'precision' | 'recall' | 'f1', number[]>
}
interface Golden {
  single: {
    classes: number
    truth: number[]
    probabilities: number[]
    predicted: number[]
    accuracy: number
    top2: number
    confusion: number[][]
    scores: GoldenAverages
    kappa: number
    logLoss: number
    sklearnLogLoss: number
    auc: number[]
    averagePrecision: number[]
    ece10: number
  }
  binary: Record<
    'truth' | 'scores' | 'fpr' | 'tpr' | 'rocThresholds' | 'precision' | 'recall' | 'prThresholds',
    number[]
  > & {
    auc: number
    averagePrecision: number
  }
  multilabel: {
    classes: number
    truth: number[]
    scores: number[]
    at: GoldenAverages
    subsetAccuracy: number
    map: number
    auc: number
  }
}

const golden: Golden = JSON.parse(readFileSync(new URL('./golden/classification.json', import.meta.url), 'utf8'))
const DIGITS = 10 // float64 sums in another order

function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(actual.length).toBe(wanted.length)
  for (let i = 0; i < wanted.length; i++) expect(actual[i]).toBeCloseTo(wanted[i] ?? Number.NaN, DIGITS)
}

function expectScores(actual: ClassificationScores, wanted: GoldenAverages): void {
  for (const key of ['precision', 'recall', 'f1'] as const) {
    const byClass = actual.byClass.map((scores) => scores[key])
    // scikit-learn's single-label scores leave out a class that occurs nowhere.
    expectClose(byClass.slice(0, wanted.byClass[key].length), wanted.byClass[key])
    for (const average of ['macro', 'micro', 'weighted'] as const) {
      expect(actual[average][key]).toBeCloseTo(wanted[average][key], DIGITS)
    }
  }
}

describe('single-label metrics agree with scikit-learn', () => {
  const { single } = golden
  const confusion = confusionMatrix(single.truth, single.predicted, single.classes)

  it('argmax, accuracy and top-k', () => {
    expect([...argMaxRows(single.probabilities, single.classes)]).toEqual(single.predicted)
    expect(accuracy(single.truth, single.predicted)).toBeCloseTo(single.accuracy, DIGITS)
    expect(topKAccuracy(single.truth, single.probabilities, single.classes, 2)).toBeCloseTo(single.top2, DIGITS)
    expect(topKAccuracy(single.truth, single.probabilities, single.classes, single.classes)).toBe(1)
  })

  it('confusion matrix, precision, recall, F1, kappa', () => {
    expect(confusion).toEqual(single.confusion)
    expectScores(classificationScores(confusion), single.scores)
    expect(cohenKappa(confusion)).toBeCloseTo(single.kappa, DIGITS)
  })

  it('log loss and calibration', () => {
    expect(logLoss(single.truth, single.probabilities, single.classes)).toBeCloseTo(single.logLoss, DIGITS)
    expect(logLoss(single.truth, single.probabilities, single.classes)).toBeCloseTo(single.sklearnLogLoss, 5)
    const { expectedError, bins } = calibration(single.truth, single.probabilities, single.classes, 10)
    expect(expectedError).toBeCloseTo(single.ece10, DIGITS)
    expect(bins.reduce((items, bin) => items + bin.items, 0)).toBe(single.truth.length)
  })

  it('area and average precision of each class against the rest; a class never true is left out', () => {
    const auc = multiclassRocAuc(single.truth, single.probabilities, single.classes)
    expectClose(auc.byClass.slice(0, 3), single.auc)
    expect(auc.byClass[3]).toBeNaN()
    expect(auc.defined).toBe(3)
    expect(auc.macro).toBeCloseTo(single.auc.reduce((a, b) => a + b) / 3, DIGITS)
    const precision = multiclassAveragePrecision(single.truth, single.probabilities, single.classes)
    expectClose(precision.byClass.slice(0, 3), single.averagePrecision)
  })
})

describe('curves agree with scikit-learn, ties included', () => {
  const { binary } = golden
  it('ROC', () => {
    const curve = rocCurve(binary.truth, binary.scores)
    expectClose(curve.falsePositiveRate, binary.fpr)
    expectClose(curve.truePositiveRate, binary.tpr)
    expectClose(curve.thresholds.slice(1), binary.rocThresholds)
    expect(curve.thresholds[0]).toBe(Infinity)
    expect(rocAuc(binary.truth, binary.scores)).toBeCloseTo(binary.auc, DIGITS)
  })

  it('precision and recall (there in the other direction)', () => {
    const curve = precisionRecallCurve(binary.truth, binary.scores)
    expectClose(curve.precision, binary.precision.toReversed())
    expectClose(curve.recall, binary.recall.toReversed())
    expectClose(curve.thresholds.slice(1), binary.prThresholds.toReversed())
    expect(averagePrecision(binary.truth, binary.scores)).toBeCloseTo(binary.averagePrecision, DIGITS)
  })
})

describe('multi-label metrics agree with scikit-learn', () => {
  const { truth, scores, classes, ...wanted } = golden.multilabel
  it('scores at a threshold, subset accuracy', () => {
    expectScores(multilabelScores(truth, scores, classes), wanted.at)
    expectScores(multilabelScores(truth, scores, classes, [0.5, 0.5, 0.5]), wanted.at)
    expect(subsetAccuracy(truth, scores, classes)).toBeCloseTo(wanted.subsetAccuracy, DIGITS)
  })

  it('mean average precision and area', () => {
    expect(meanAveragePrecision(truth, scores, classes).macro).toBeCloseTo(wanted.map, DIGITS)
    expect(multilabelRocAuc(truth, scores, classes).macro).toBeCloseTo(wanted.auc, DIGITS)
  })

  it('no threshold beats the best one', () => {
    const best = multilabelScores(truth, scores, classes, bestThresholds(truth, scores, classes))
    for (let percent = 0; percent <= 100; percent++) {
      const at = multilabelScores(truth, scores, classes, percent / 100)
      at.byClass.forEach(({ f1 }, c) => expect(f1).toBeLessThanOrEqual(best.byClass[c]?.f1 ?? 0))
    }
  })
})

describe('what has no answer', () => {
  it('is NaN without items, and for areas with one class', () => {
    expect(accuracy([], [])).toBeNaN()
    expect(topKAccuracy([], [], 3, 1)).toBeNaN()
    expect(logLoss([], [], 3)).toBeNaN()
    expect(calibration([], [], 3).expectedError).toBeNaN()
    expect(rocAuc([1, 1], [0.2, 0.4])).toBeNaN()
    expect(averagePrecision([0, 0], [0.2, 0.4])).toBeNaN()
    expect(meanAveragePrecision([0, 0], [0.1, 0.2], 1)).toEqual({
      byClass: [Number.NaN],
      macro: Number.NaN,
      defined: 0,
    })
    expect(cohenKappa([[5]])).toBeNaN()
  })

  it('is 0 for ratios, and a class that occurs nowhere does not lower the macro average', () => {
    const scores = classificationScores(confusionMatrix([0, 1], [0, 1], 3))
    expect(scores.byClass[2]).toEqual({ precision: 0, recall: 0, f1: 0, support: 0 })
    expect(scores.macro.f1).toBe(1)
  })
})

describe('errors name the argument', () => {
  it.each([
    [() => accuracy([1], [1, 2]), 'computing accuracy: expected 1 values for predicted, received 2'],
    [() => topKAccuracy([0], [1, 2], 3, 1), 'expected 1 x 3 = 3 values for scores, received 2'],
    [() => topKAccuracy([0], [1, 2], 2, 0), 'expected a positive integer for k, received 0'],
    [() => confusionMatrix([3], [0], 2), 'expected a class from 0 to 1 for truth[0], received 3'],
    [() => confusionMatrix([0], [2], 2), 'expected a class from 0 to 1 for predicted[0], received 2'],
    [() => rocAuc([0, 1], [0.5, Number.NaN]), 'expected a number for scores[1], received NaN'],
    [() => multilabelScores([0, 1, 1], [0, 1, 1], 2), 'expected a multiple of 2 values for truth, received 3'],
    [() => logLoss([2], [0.5, 0.5], 2), 'expected a class from 0 to 1 for truth[0], received 2'],
  ])('case %#', (act, message) => {
    expect(act).toThrow(message)
  })
})
