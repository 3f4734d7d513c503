import { describe, expect, it } from 'vitest'
import { summariseClassification, summariseMultilabel } from './summary.js'

describe('summaries, by hand', () => {
  it('of a classifier: every figure, null where there is none, plain JSON', () => {
    const truth = [0, 0, 1, 1]
    const probabilities = [0.9, 0.1, 0, 0.4, 0.6, 0, 0.2, 0.8, 0, 0.3, 0.7, 0]
    const summary = summariseClassification(truth, probabilities, ['cat', 'dog', 'none'])
    expect(summary).toMatchObject({
      items: 4,
      accuracy: 0.75,
      top5Accuracy: null,
      kappa: 0.5,
      auc: 1,
      meanAveragePrecision: 1,
      micro: { f1: 0.75 },
      confusion: [
        [1, 1, 0],
        [0, 2, 0],
        [0, 0, 0],
      ],
    })
    expect(summary.macro.f1).toBeCloseTo((2 / 3 + 4 / 5) / 2, 12)
    expect(summary.logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.4) + Math.log(0.8) + Math.log(0.7)) / 4, 12)
    expect(summary.byLabel[2]).toEqual({
      label: 'none',
      precision: 0,
      recall: 0,
      f1: 0,
      support: 0,
      auc: null,
      averagePrecision: null,
    })
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary)
  })

  it('of a tagger', () => {
    const summary = summariseMultilabel([1, 0, 1, 1], [0.9, 0.2, 0.4, 0.8], ['rain', 'dog'])
    expect(summary).toMatchObject({ items: 2, subsetAccuracy: 0.5, auc: 1, meanAveragePrecision: 1, threshold: 0.5 })
    expect(summary.byLabel.map(({ label, f1, auc }) => [label, f1, auc])).toEqual([
      ['rain', 2 / 3, null],
      ['dog', 1, 1],
    ])
    expect(summary.micro.f1).toBeCloseTo(0.8, 12)
  })

  it('of nothing', () => {
    expect(summariseClassification([], [], ['a', 'b'])).toMatchObject({
      items: 0,
      accuracy: null,
      kappa: null,
      auc: null,
    })
    expect(summariseMultilabel([], [], ['a', 'b'])).toMatchObject({ items: 0, subsetAccuracy: null })
  })
})
