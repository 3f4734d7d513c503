import { describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import type { Step } from '../series/series.js'
import { formatArimaOrder, parseArimaOrder } from './arima-order.js'
import { makeBaseline, type Forecaster } from './index.js'
import { inferSeason, seasonCandidates } from './season.js'

const NONE = Number.NaN
const HOURLY: Step = { unit: 'ms', count: 3_600_000 }

function fitted(spec: string, history: readonly number[], season = 1): Forecaster {
  const baseline = makeBaseline(spec, { season })
  baseline.train(Float64Array.from(history))
  return baseline
}
const ahead = (baseline: Forecaster, history: readonly number[], horizon: number) => {
  const { mean, deviation = [] } = baseline.forecast(Float64Array.from(history), horizon)
  return [Array.from(mean), Array.from(deviation)]
}

describe('forecasts without parameters, worked by hand', () => {
  it('last value: the deviation grows as the root of the lead, and of the gap', () => {
    const last = fitted('last', [1, 2, NONE, 4, 1])
    // Changes 1 and -3.
    const deviation = Math.sqrt(5)
    expect(ahead(last, [1, 2, 9], 2)).toEqual([
      [9, 9],
      [deviation, deviation * Math.SQRT2],
    ])
    expect(ahead(last, [1, 9, NONE], 1)).toEqual([[9], [deviation * Math.SQRT2]])
    expect(ahead(last, [NONE], 1)[0]).toEqual([NONE])
  })

  it('seasonal last value goes a season further back over a gap', () => {
    const seasonal = fitted('seasonal', [1, 2, 3, 3, 2, 5], 3)
    // Changes over a season: 2, 0, 2.
    const deviation = Math.sqrt(8 / 3)
    const [mean = [], spread = []] = ahead(seasonal, [1, 2, 3, 4, NONE, 6], 5)
    expect(mean).toEqual([4, 2, 6, 4, 2])
    for (const [h, seasons] of [1, 2, 1, 2, 3].entries())
      expect(spread[h]).toBeCloseTo(deviation * Math.sqrt(seasons), 12)
    expect(ahead(seasonal, [NONE, 5], 3)[0]).toEqual([5, 5, 5])
  })

  it('drift carries the line through the first and the last on', () => {
    const drift = fitted('drift', [0, 3, 4, 6])
    // Slope 2, residuals 1, -1, 0.
    expect(ahead(drift, [NONE, 1, 2, 5], 2)[0]).toEqual([7, 9])
    expect(ahead(drift, [0, 3, 4, 6], 1)[1]?.[0]).toBeCloseTo(Math.sqrt(1 + 1 / 3), 12)
    expect(ahead(drift, [4], 2)[0]).toEqual([4, 4])
  })

  it('mean', () => {
    const mean = fitted('mean', [1, 3, NONE, 5])
    expect(ahead(mean, [2, NONE, 4], 2)[0]).toEqual([3, 3])
    expect(ahead(mean, [2, NONE, 4], 1)[1]?.[0]).toBeCloseTo(2 * Math.sqrt(1.5), 12)
  })
})

describe('inferSeason', () => {
  const made = (length: number, value: (t: number) => number) => {
    const random = new Random(8)
    return Float64Array.from({ length }, (_, t) => value(t) + 0.3 * random.normal())
  }

  it('knows what a step makes plausible', () => {
    expect(seasonCandidates(HOURLY).map(([, rows]) => rows)).toEqual([24, 168, 8760])
    expect(seasonCandidates({ unit: 'ms', count: 900_000 }).map(([, rows]) => rows)).toEqual([4, 96, 672, 35040])
    expect(seasonCandidates({ unit: 'ms', count: 86_400_000 }).map(([, rows]) => rows)).toEqual([7, 365])
    expect(seasonCandidates({ unit: 'month', count: 3 }).map(([, rows]) => rows)).toEqual([4])
    expect(seasonCandidates({ unit: 'month', count: 12 })).toEqual([])
  })

  it('finds a day under a trend and gaps, and says so', () => {
    const values = made(800, (t) => Math.sin((2 * Math.PI * t) / 24) + t / 50).map((v, t) => (t % 31 === 0 ? NONE : v))
    const season = inferSeason(values, HOURLY)
    expect(season.length).toBe(24)
    expect(season.note).toMatch(/^A season of 24 rows \(a day\) was found: autocorrelation 0\.\d\d\.$/)
  })

  it('finds a week where weekends differ', () => {
    const values = made(1600, (t) => Math.sin((2 * Math.PI * t) / 24) * (Math.floor(t / 24) % 7 < 5 ? 2 : 0.2))
    expect(inferSeason(values, HOURLY).length).toBe(168)
  })

  it('finds none in noise, in a random walk and in a few rows', () => {
    expect(
      inferSeason(
        made(800, () => 0),
        HOURLY,
      ),
    ).toMatchObject({ length: 1, note: 'No season was found at 24, 168 rows.' })
    const random = new Random(1)
    let level = 0
    expect(
      inferSeason(
        Float64Array.from({ length: 800 }, () => (level += random.normal())),
        HOURLY,
      ).length,
    ).toBe(1)
    expect(
      inferSeason(
        made(30, () => 0),
        HOURLY,
      ).note,
    ).toBe('No season was looked for: too few rows.')
    expect(inferSeason(new Float64Array(200).fill(3), HOURLY).length).toBe(1)
  })
})

describe('specifications', () => {
  it('name every baseline', () => {
    const context = { season: 24 }
    const names = ['last', 'seasonal', 'drift', 'mean', 'auto-arima', 'ARMA(2, 1)', 'sarima(1,1,1)(1,0,1)'].map(
      (spec) => makeBaseline(spec, context).name,
    )
    expect(names).toEqual([
      'last value',
      'seasonal last value (24)',
      'drift',
      'mean',
      'auto-arima',
      'arma(2,1)',
      'sarima(1,1,1)(1,0,1,24)',
    ])
  })

  it('orders go to text and back', () => {
    for (const text of [
      'ar(3)',
      'ma(1)',
      'arma(2,1)',
      'arima(2,1,2)',
      'sarima(1,1,1)(1,0,1,24)',
      'sarima(0,0,0)(0,1,0,7)',
    ])
      expect(formatArimaOrder(parseArimaOrder(text))).toBe(text)
  })

  it.each([
    ['lst', 'Did you mean last?'],
    ['sarimax(1,0,1)(1,0,1,24)', 'Did you mean sarima?'],
  ])('%s suggests', (spec, hint) => {
    expect(() => makeBaseline(spec, { season: 1 })).toThrow(expect.objectContaining({ hint }))
  })

  it.each([
    ['arima(1,1)', 'expected orders such as arima(2,1,2) for --baselines, received "arima(1,1)"'],
    ['ar(-1)', 'expected orders such as ar(3)'],
    ['ar(x)', 'expected orders such as ar(3)'],
    ['arima(1,1,1)(1,0,1,24)', 'expected orders such as arima(2,1,2)'],
    ['arima(1,3,1)', 'expected at most 2 for d of arima(1,3,1), received 3'],
    ['sarima(1,0,1)(1,0,1)', 'expected a season of at least 2 rows'],
    ['seasonal', 'expected a whole number above 1 for season, received 1'],
    ['', 'expected one of last, seasonal, drift, mean, auto-arima, ar(…)'],
  ])('%s is refused', (spec, message) => {
    expect(() => makeBaseline(spec, { season: 1 })).toThrow(message)
  })
})
