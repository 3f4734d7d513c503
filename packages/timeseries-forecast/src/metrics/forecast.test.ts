import { describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import {
  directionalAccuracy,
  intervalCoverage,
  intervalWidth,
  meanAbsoluteScaledError,
  pinballLoss,
  seasonalNaiveError,
  symmetricMape,
  winklerScore,
} from './forecast.js'
import { ForecastScores } from './forecast-scores.js'

const NONE = Number.NaN

describe('measures of forecasts, worked by hand', () => {
  it('sMAPE counts 0 / 0 as 0 and leaves out what is missing', () => {
    expect(symmetricMape([0, 1, NONE], [0, 3, 5])).toBe((0 + 1) / 2)
  })

  it('MASE divides by the error of the seasonal last value', () => {
    const scale = seasonalNaiveError([1, 2, 4, 2, NONE, 7], 2)
    expect(scale).toBe((3 + 0 + 5) / 3)
    expect(meanAbsoluteScaledError([1, 3], [2, 5], scale)).toBe(1.5 / scale)
    expect(seasonalNaiveError([1, 2], 2)).toBeNaN()
  })

  it('pinball loss at the median is half the absolute error', () => {
    expect(pinballLoss([1, 5, NONE], [2, 2, 2], 0.9)).toBeCloseTo((0.1 * 1 + 0.9 * 3) / 2, 12)
    expect(pinballLoss([1, 5], [2, 2], 0.5)).toBe((1 + 3) / 2 / 2)
  })

  it('intervals: coverage, width, Winkler', () => {
    const truth = [1, 2, 5, NONE]
    const lower = [0, 2, 1, 0]
    const upper = [2, 3, 4, 9]
    expect(intervalCoverage(truth, lower, upper)).toBeCloseTo(2 / 3, 12)
    expect(intervalWidth(truth, lower, upper)).toBe(2)
    expect(winklerScore(truth, lower, upper, 0.8)).toBeCloseTo((2 + 1 + 3 + 10) / 3, 12)
  })

  it('direction: a truth at rest counts nothing, a forecast at rest one half', () => {
    expect(directionalAccuracy([2, 0, 1, 3], [3, 2, 5, 1], [1, 1, 1, 1])).toBe((1 + 0 + 0.5) / 3)
  })

  it('names what does not fit', () => {
    expect(() => pinballLoss([1], [1], 1)).toThrow('for quantile, received 1')
    expect(() => winklerScore([1], [1], [2], 90)).toThrow('for level, received 90')
    expect(() => intervalCoverage([1], [1, 2], [2])).toThrow('for lower')
  })
})

describe('ForecastScores', () => {
  const H = 3
  const C = 2
  const random = new Random(3)
  const draw = (length: number) => Float64Array.from({ length }, () => random.normal())
  const N = 20
  const truth = draw(N * H * C).map((value, i) => (i % 7 === 3 ? NONE : value))
  const forecast = draw(N * H * C)
  const lower = forecast.map((value) => value - 1)
  const upper = forecast.map((value) => value + 1)
  const quantiles = Float64Array.from({ length: N * H * C * 2 }, (_, i) => (forecast[i >> 1] ?? 0) + (i % 2) - 0.5)
  const last = draw(N * C)
  const lastOf = Float64Array.from({ length: N * H * C }, (_, i) => last[Math.floor(i / (H * C)) * C + (i % C)] ?? 0)

  function scored(split: number): ForecastScores {
    const scores = new ForecastScores({ horizon: H, targets: C, scales: [2, 4], level: 0.8, quantiles: [0.25, 0.75] })
    const from = split * H * C
    for (const [a, b] of [
      [0, from],
      [from, N * H * C],
    ] as const)
      scores.add({
        truth: truth.subarray(a, b),
        forecast: forecast.subarray(a, b),
        lower: lower.subarray(a, b),
        upper: upper.subarray(a, b),
        quantiles: quantiles.subarray(2 * a, 2 * b),
        last: last.subarray(a / H, b / H),
      })
    return scores
  }

  it('agrees with the measures of all values at once', () => {
    const figures = scored(7).overall()
    const there = (values: Float64Array) => values.filter((_, i) => !Number.isNaN(truth[i] ?? NONE))
    expect(figures.count).toBe(there(truth).length)
    const errors = truth.map((value, i) => value - (forecast[i] ?? NONE))
    const mean = (values: Float64Array) => there(values).reduce((sum, value) => sum + value, 0) / there(values).length
    expect(figures.mae).toBeCloseTo(mean(errors.map(Math.abs)), 12)
    expect(figures.rmse).toBeCloseTo(Math.sqrt(mean(errors.map((error) => error * error))), 12)
    expect(figures.smape).toBeCloseTo(symmetricMape(truth, forecast), 12)
    expect(figures.coverage).toBeCloseTo(intervalCoverage(truth, lower, upper), 12)
    expect(figures.width).toBeCloseTo(2, 12)
    expect(figures.winkler).toBeCloseTo(winklerScore(truth, lower, upper, 0.8), 12)
    expect(figures.direction).toBeCloseTo(directionalAccuracy(truth, forecast, lastOf), 12)
    const [low, high] = [0, 1].map((q) => quantiles.filter((_, i) => i % 2 === q))
    const both = [pinballLoss(truth, low ?? [], 0.25), pinballLoss(truth, high ?? [], 0.75)]
    expect(figures.pinball).toBeCloseTo(((both[0] ?? NONE) + (both[1] ?? NONE)) / 2, 12)
  })

  it('does not depend on how windows were batched', () => {
    expect(scored(1).overall()).toEqual(scored(13).overall())
    expect(scored(1).losses()).toEqual(scored(13).losses())
  })

  it('figures by lead and by target', () => {
    const scores = new ForecastScores({ horizon: 2, targets: 2, scales: [1, 2] })
    scores.add({ truth: [0, 0, 0, NONE], forecast: [1, 2, 3, 4] })
    scores.add({ truth: [0, 0, 0, 0], forecast: [1, 2, 3, 4] })
    expect(scores.byLead().map(({ mae, count }) => [mae, count])).toEqual([
      [1.5, 4],
      [10 / 3, 3],
    ])
    expect(scores.byTarget().map(({ mae }) => mae)).toEqual([2, 8 / 3])
    expect(scores.byTarget().map(({ mase }) => mase)).toEqual([2, 4 / 3])
    expect(scores.overall().direction).toBeNaN()
    expect(scores.windows).toBe(2)
  })

  it('keeps the loss of each window', () => {
    const scores = new ForecastScores({ horizon: 2, targets: 1 })
    scores.add({ truth: [0, 0, 1, NONE, NONE, NONE], forecast: [1, 3, 3, 9, 9, 9] })
    expect(Array.from(scores.losses())).toEqual([2, 2, NONE])
    expect(Array.from(scores.losses('squared'))).toEqual([5, 4, NONE])
  })

  it('names what does not fit', () => {
    const scores = new ForecastScores({ horizon: 2, targets: 1 })
    expect(() => scores.add({ truth: [1, 2, 3], forecast: [1, 2, 3] })).toThrow(
      'shape [B, 2, 1] for truth, received "3 values"',
    )
    expect(() => scores.add({ truth: [1, 2], forecast: [1] })).toThrow('2 values for forecast')
    expect(() => scores.add({ truth: [1, 2], forecast: [1, 2], lower: [0, 0], upper: [1, 1] })).toThrow('for level')
    expect(() => new ForecastScores({ horizon: 0, targets: 1 })).toThrow('for horizon, received 0')
  })
})
