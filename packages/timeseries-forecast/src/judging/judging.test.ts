import { describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import { Conformal, conformalQuantile } from './conformal.js'
import { expandingFolds } from './rolling.js'
import { paperStrategy } from './strategy.js'
import { judge } from './verdict.js'

const NONE = Number.NaN

describe('judge', () => {
  const random = new Random(12)
  const noise = (mean: number) => Float64Array.from({ length: 300 }, () => mean + Math.abs(random.normal()))
  const naive = { name: 'seasonal last value (24)', losses: noise(15) }
  const mean = { name: 'mean', losses: noise(20) }

  it('says better, worse and no better, with the numbers', () => {
    const better = judge({ name: 'network', losses: noise(12) }, [mean, naive], { horizon: 4, unit: 'kW' })
    expect(better).toMatchObject({ verdict: 'better', baseline: 'seasonal last value (24)' })
    expect(better.sentence).toMatch(
      /^MAE 12\.\d\d kW against 15\.\d\d kW of the seasonal last value \(24\): better \(Diebold-Mariano p < 0\.001, 300 windows\)\.$/,
    )
    expect(judge({ name: 'network', losses: noise(16) }, [mean, naive], { horizon: 4 }).verdict).toBe('worse')
    const equal = judge({ name: 'network', losses: naive.losses.slice() }, [mean, naive], {
      horizon: 4,
      measure: 'RMSE',
    })
    expect(equal.verdict).toBe('no better')
    expect(equal.sentence).toMatch(
      /^RMSE 15\.\d\d against 15\.\d\d of .*: no better \(Diebold-Mariano p = 1\.00, 300 windows\)\.$/,
    )
  })

  it('compares in the windows in which both have a loss', () => {
    const verdict = judge(
      { name: 'network', losses: Float64Array.of(1, NONE, 3, 2) },
      [{ name: 'last value', losses: Float64Array.of(4, 4, NONE, 6) }],
      { horizon: 1 },
    )
    expect(verdict).toMatchObject({ loss: 1.5, baselineLoss: 5, test: { windows: 2 } })
  })

  it('is undecided over few windows', () => {
    const few = { name: 'network', losses: Float64Array.of(1, 2, 3) }
    const verdict = judge(few, [{ name: 'last value', losses: Float64Array.of(2, 3, 4) }], { horizon: 24 })
    expect(verdict.sentence).toBe('MAE 2 against 3 of the last value: undecided (3 windows are too few for a test).')
  })

  it('needs a baseline', () => {
    expect(() => judge(naive, [], { horizon: 1 })).toThrow('for baselines, received 0')
    expect(() => judge(naive, [{ name: 'none', losses: new Float64Array(300).fill(NONE) }], { horizon: 1 })).toThrow(
      'baselines',
    )
  })
})

describe('Conformal', () => {
  it('takes the finite-sample quantile', () => {
    // Ranks ceil(10 x 0.9) = 9 and ceil(5 x 0.9) = 5 of 4.
    expect(conformalQuantile(Float64Array.of(9, 1, 8, 2, 7, 3, 6, 4, 5), 0.9)).toBe(9)
    expect(conformalQuantile(Float64Array.of(9, 1, 8, 2, 7, 3, 6, 4, 5), 0.5)).toBe(5)
    expect(conformalQuantile(Float64Array.of(1, 2, 3, 4), 0.9)).toBe(Infinity)
  })

  it('has margins for each lead and target, worked by hand', () => {
    const truth = [1, 10, 2, 20, 3, NONE]
    const conformal = Conformal.ofPoints(
      { truth, forecast: [0, 10, 0, 10, 0, 0] },
      { horizon: 1, targets: 2, level: 0.5 },
    )
    // Errors 1, 2, 3: rank 2. Errors 0, 10: rank ceil(1.5) = 2.
    expect(Array.from(conformal.margins)).toEqual([2, 10])
    const { lower, upper } = conformal.intervals([5, 5])
    expect([Array.from(lower), Array.from(upper)]).toEqual([
      [3, -5],
      [7, 15],
    ])
  })

  it('narrows quantile forecasts that were too wide, without crossing', () => {
    const truth = [0, 0, 0]
    const options = { horizon: 1, targets: 1, level: 0.5 }
    const conformal = Conformal.ofQuantiles({ truth, lower: [-5, -6, -7], upper: [5, 6, 7] }, options)
    expect(Array.from(conformal.margins)).toEqual([-6])
    const { lower, upper } = conformal.intervals([-8, 0], [8, 2])
    expect([Array.from(lower), Array.from(upper)]).toEqual([
      [-2, 1],
      [2, 1],
    ])
  })

  it('covers as it promises, whatever the errors are like', () => {
    const random = new Random(33)
    // Skewed errors whose size depends on the lead.
    const draw = (windows: number) =>
      Float64Array.from({ length: windows * 3 }, (_, i) => (1 + (i % 3)) * random.normal() ** 2)
    const options = { horizon: 3, targets: 1, level: 0.8 }
    const calibration = draw(1000)
    const later = draw(4000)
    const zero = (values: Float64Array) => new Float64Array(values.length)
    const ones = (values: Float64Array) => zero(values).fill(1)
    for (const { lower, upper } of [
      Conformal.ofPoints({ truth: calibration, forecast: zero(calibration) }, options).intervals(zero(later)),
      Conformal.ofQuantiles(
        { truth: calibration, lower: zero(calibration), upper: ones(calibration) },
        options,
      ).intervals(zero(later), ones(later)),
    ])
      for (let lead = 0; lead < 3; lead++) {
        let inside = 0
        for (let i = lead; i < later.length; i += 3)
          if ((later[i] ?? NONE) >= (lower[i] ?? NONE) && (later[i] ?? NONE) <= (upper[i] ?? NONE)) inside++
        // Deviation of the share over both parts: about 0.014.
        expect(Math.abs(inside / 4000 - 0.8)).toBeLessThan(0.04)
      }
  })

  it('comes back from JSON, infinite margins too', () => {
    const conformal = Conformal.ofPoints({ truth: [1, NONE], forecast: [0, 0] }, { horizon: 2, targets: 1, level: 0.5 })
    expect(Array.from(conformal.margins)).toEqual([1, Infinity])
    const back = Conformal.fromJson(JSON.parse(JSON.stringify(conformal.toJson())))
    expect(back.margins).toEqual(conformal.margins)
    expect(back.level).toBe(0.5)
  })

  it('names what does not fit', () => {
    const options = { horizon: 2, targets: 1, level: 0.9 }
    expect(() => Conformal.ofPoints({ truth: [1, 2], forecast: [1] }, options)).toThrow(
      '2 values for forecast, received 1',
    )
    expect(() => Conformal.ofPoints({ truth: [1], forecast: [1] }, options)).toThrow('shape [N, 2, 1] for truth')
    expect(() => Conformal.ofPoints({ truth: [], forecast: [] }, { ...options, level: 90 })).toThrow(
      'for level, received 90',
    )
  })
})

describe('expandingFolds', () => {
  it('is worked by hand', () => {
    expect(expandingFolds(10, { folds: 2, testRows: 3, gap: 1, minTrain: 3 })).toEqual([
      { train: { start: 0, end: 3 }, test: { start: 4, end: 7 } },
      { train: { start: 0, end: 6 }, test: { start: 7, end: 10 } },
    ])
  })

  it('never trains on what it tests, and tests every row at the end once', () => {
    const random = new Random(3)
    for (let round = 0; round < 100; round++) {
      const [folds, testRows, gap, minTrain] = [1 + random.int(5), 1 + random.int(9), random.int(4), 1 + random.int(9)]
      const rows = minTrain + gap + folds * testRows + random.int(10)
      const parts = expandingFolds(rows, { folds, testRows, gap, minTrain })
      expect(parts.map(({ test }) => test.end - test.start)).toEqual(new Array(folds).fill(testRows))
      expect(parts.at(-1)?.test.end).toBe(rows)
      for (const [i, { train, test }] of parts.entries()) {
        expect(test.start - train.end).toBe(gap)
        expect(train.end).toBeGreaterThanOrEqual(minTrain)
        if (i > 0) expect(test.start).toBe(parts[i - 1]?.test.end)
      }
    }
  })

  it('says how many folds fit', () => {
    expect(() => expandingFolds(10, { folds: 4, testRows: 3 })).toThrow(
      expect.objectContaining({
        message: 'folding a series: expected at least 13 rows for 4 folds for series, received "10 rows"',
        hint: 'At most 3 folds of 3 rows fit.',
      }),
    )
    expect(() => expandingFolds(10, { folds: 0, testRows: 3 })).toThrow('for folds, received 0')
  })
})

describe('paperStrategy', () => {
  const closes = [100, 110, 99, 99]
  const nextCloses = [110, 99, 99, 198]

  it('is worked by hand', () => {
    const { strategy, buyAndHold, positions } = paperStrategy(closes, [120, 100, 90, 120], nextCloses, {
      costBps: 100,
      periodsPerYear: 4,
    })
    // Long, flat, flat, long: pays in, out and in, and misses the fall.
    expect(Array.from(positions)).toEqual([1, 0, 0, 1])
    expect(strategy.totalReturn).toBeCloseTo(0.99 * 1.1 * 0.99 * (0.99 * 2) - 1, 12)
    expect(strategy.annualReturn).toBeCloseTo(strategy.totalReturn, 12)
    expect(strategy.trades).toBe(3)
    expect(strategy.maxDrawdown).toBeCloseTo(0.01, 12)
    expect(buyAndHold.totalReturn).toBeCloseTo(0.99 * 1.98 - 1, 12)
    expect(buyAndHold.maxDrawdown).toBeCloseTo(0.1, 12)
    const returns = [0.99 * 1.1 - 1, -0.1, 0, 1]
    const mean = returns.reduce((a, b) => a + b) / 4
    const deviation = Math.sqrt(returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3)
    expect(buyAndHold.annualVolatility).toBeCloseTo(deviation * 2, 12)
    expect(buyAndHold.sharpe).toBeCloseTo((mean / deviation) * 2, 12)
  })

  it('sells short when allowed, counts the turn twice, holds over a missing forecast and minds the threshold', () => {
    const short = paperStrategy(closes, [120, 100, NONE, 99.5], nextCloses, {
      costBps: 100,
      threshold: 0.01,
      short: true,
    })
    expect(Array.from(short.positions)).toEqual([1, -1, -1, 0])
    expect(short.strategy.totalReturn).toBeCloseTo(0.99 * 1.1 * 0.98 * 1.1 * 0.99 - 1, 12)
    const bankrupt = paperStrategy([100, 100], [1, 1], [250, 100], { costBps: 0, short: true })
    expect(bankrupt.strategy).toMatchObject({ totalReturn: -1, maxDrawdown: 1 })
  })

  it('cannot earn anything by forecasting the last price', () => {
    const { strategy, sentence } = paperStrategy(closes, closes, nextCloses, { costBps: 10, periodsPerYear: 4 })
    expect(strategy).toMatchObject({ totalReturn: 0, trades: 0, sharpe: NONE })
    expect(sentence).toBe(
      'After costs of 10 bp a trade the strategy earned 0.0 % a year in 0 trades, buy-and-hold 97.8 %: it does not beat buying and holding.',
    )
  })

  it('never looks ahead: a later price changes no earlier position', () => {
    const random = new Random(7)
    const prices = Array.from({ length: 50 }, () => random.uniform(50, 150))
    const run = (values: readonly number[]) =>
      paperStrategy(
        values.slice(0, -1),
        values.slice(0, -1).map((close, t) => close + (values[t - 1] ?? close) - 100),
        values.slice(1),
        { costBps: 5 },
      )
    const changed = prices.map((price, t) => (t < 30 ? price : 2 * price))
    expect(run(changed).positions.slice(0, 30)).toEqual(run(prices).positions.slice(0, 30))
  })

  it('knowing the next close beats buying and holding, and says so', () => {
    const { sentence } = paperStrategy(closes, nextCloses, nextCloses, { costBps: 10, periodsPerYear: 4 })
    expect(sentence).toContain(': it beat buying and holding over this time')
  })

  it('names what does not fit', () => {
    expect(() => paperStrategy([1, 0], [1, 1], [1, 1], { costBps: 0 })).toThrow(
      'prices above 0 for closes[1], received 0',
    )
    expect(() => paperStrategy([1], [1, 2], [1], { costBps: 0 })).toThrow('1 values for forecasts')
    expect(() => paperStrategy([1], [1], [1], { costBps: -1 })).toThrow('for costBps, received -1')
  })
})
