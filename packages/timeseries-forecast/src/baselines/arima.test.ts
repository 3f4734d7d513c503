import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { Random } from '@weft/core/runtime'
import { ArimaForecaster } from './arima.js'
import { differenced, estimateArima, fromPartials, toPartials } from './arima-estimation.js'
import { expand, forecastArima, innovationsOf, type ArimaModel, type ArimaOrder } from './arima-model.js'
import { packageEstimates } from './arima-package.js'
import { kpss, searchArimaOrder, seasonalStrength } from './arima-search.js'

interface GoldenCase {
  order: [number, number, number, number, number, number, number]
  ar: number[]
  ma: number[]
  seasonalAr: number[]
  seasonalMa: number[]
  mean: number
  series: number[]
  forecasts: { origin: number; gap: number; mean: number[]; deviation: number[] }[]
  estimate: number[]
  variance: number
}
interface Golden {
  cases: GoldenCase[]
  kpss: { values: number[]; statistic: number }[]
}
const golden: Golden = JSON.parse(readFileSync(new URL('golden/arima.json', import.meta.url), 'utf8'))

/** Of the exact filter's start and its almost diffuse prior, which the conditional recursion does not have. */
const FILTER_TOLERANCE = 2e-4
/** Between exact likelihood and conditional squares on 400 rows; a standard error is about 0.05. */
const ESTIMATE_TOLERANCE = 0.04

function orderOf([p, d, q, P, D, Q, season]: GoldenCase['order']): ArimaOrder {
  return { p, d, q, P, D, Q, season }
}
const NO_SEASON = { P: 0, D: 0, Q: 0, season: 1 }
const AR1: ArimaOrder = { p: 1, d: 0, q: 0, ...NO_SEASON }

function near(found: ArrayLike<number>, wanted: readonly number[], tolerance: number): void {
  expect(found.length).toBe(wanted.length)
  for (const [i, value] of wanted.entries()) expect(Math.abs((found[i] ?? Number.NaN) - value)).toBeLessThan(tolerance)
}

describe('forecastArima', () => {
  const model = (order: ArimaOrder, given: Partial<ArimaModel>): ArimaModel => ({
    order,
    ar: [],
    ma: [],
    seasonalAr: [],
    seasonalMa: [],
    mean: 0,
    variance: 1,
    ...given,
  })

  it('is worked by hand: AR(1) around a mean, MA(1), a random walk', () => {
    const ar = forecastArima(model(AR1, { ar: [0.5], mean: 10, variance: 4 }), Float64Array.of(9, 14), 3)
    expect(Array.from(ar.mean)).toEqual([12, 11, 10.5])
    near(ar.deviation ?? [], [2, Math.sqrt(4 * 1.25), Math.sqrt(4 * 1.3125)], 1e-12)
    // Innovations 2, 1 - 0.5 * 2 = 0, 3 - 0 = 3.
    const ma = forecastArima(model({ p: 0, d: 0, q: 1, ...NO_SEASON }, { ma: [0.5] }), Float64Array.of(2, 1, 3), 2)
    expect(Array.from(ma.mean)).toEqual([1.5, 0])
    const walk = forecastArima(model({ p: 0, d: 1, q: 0, ...NO_SEASON }, {}), Float64Array.of(1, 7, Number.NaN), 2)
    expect(Array.from(walk.mean)).toEqual([7, 7])
    near(walk.deviation ?? [], [Math.SQRT2, Math.sqrt(3)], 1e-12)
  })

  it("agrees with statsmodels' filter, also after a gap before the origin", () => {
    for (const wanted of golden.cases) {
      const { ar, ma, seasonalAr, seasonalMa, mean } = wanted
      const fitted = { order: orderOf(wanted.order), ar, ma, seasonalAr, seasonalMa, mean, variance: 1 }
      for (const { origin, gap, ...ahead } of wanted.forecasts) {
        const history = Float64Array.from(wanted.series.slice(0, origin)).fill(Number.NaN, origin - gap)
        const found = forecastArima(fitted, history, ahead.mean.length)
        near(found.mean, ahead.mean, FILTER_TOLERANCE * 10)
        near(found.deviation ?? [], ahead.deviation, FILTER_TOLERANCE)
      }
    }
  })

  it('puts its own forecast in the place of a missing value', () => {
    const { ar, ma } = expand(model(AR1, { ar: [0.5] }))
    const values = Float64Array.of(4, Number.NaN, Number.NaN, 2)
    expect(Array.from(innovationsOf(values, ar, ma))).toEqual([0, 0, 0, 1.5])
    expect(Array.from(values)).toEqual([4, 2, 1, 2])
  })

  it('knows nothing of an empty history', () => {
    expect(forecastArima(model(AR1, { ar: [0.5] }), Float64Array.of(Number.NaN), 2).mean).toEqual(
      Float64Array.of(Number.NaN, Number.NaN),
    )
  })
})

describe('estimateArima', () => {
  it("finds statsmodels' maximum likelihood estimates", () => {
    for (const wanted of golden.cases) {
      const order = orderOf(wanted.order)
      for (const usePackage of [true, false]) {
        const { model } = estimateArima(Float64Array.from(wanted.series), order, usePackage)
        near([...model.ar, ...model.ma, ...model.seasonalAr, ...model.seasonalMa], wanted.estimate, ESTIMATE_TOLERANCE)
        expect(model.variance / wanted.variance).toBeCloseTo(1, 1)
      }
    }
  })

  it("reads the package's coefficients: on an AR(2) they are statsmodels' exactly", () => {
    const [first] = golden.cases
    const [exact] = packageEstimates(Float64Array.from(first?.series ?? []), { p: 2, d: 0, q: 0, ...NO_SEASON })
    near(exact?.ar ?? [], first?.estimate ?? [], 1e-3)
    expect(exact?.variance).toBeCloseTo(first?.variance ?? 0, 3)
  })

  it('goes from partial autocorrelations to coefficients and back, and refuses what is not stationary', () => {
    const random = new Random(2)
    for (let round = 0; round < 50; round++) {
      const partials = Array.from({ length: 1 + random.int(5) }, () => random.uniform(-0.95, 0.95))
      near(toPartials(fromPartials(partials)) ?? [], partials, 1e-9)
    }
    expect(toPartials([1.01])).toBeUndefined()
    expect(toPartials([0.5, 0.6])).toBeUndefined()
  })

  it('differences', () => {
    expect(Array.from(differenced(Float64Array.of(1, 4, 9, 16, 25), { d: 1, D: 1, season: 2 }))).toEqual([4, 4])
  })
})

describe('searchArimaOrder', () => {
  it("has statsmodels' KPSS statistic", () => {
    for (const { values, statistic } of golden.kpss) expect(kpss(Float64Array.from(values))).toBeCloseTo(statistic, 9)
  })

  it('tells a strong season from none', () => {
    const random = new Random(4)
    const season = Float64Array.from(
      { length: 240 },
      (_, t) => 3 * Math.sin((2 * Math.PI * t) / 12) + random.normal() / 2,
    )
    const noise = Float64Array.from({ length: 240 }, () => random.normal())
    expect(seasonalStrength(season, 12)).toBeGreaterThan(0.9)
    expect(seasonalStrength(noise, 12)).toBeLessThan(0.3)
  })

  it('finds the differences of a walk, and an autoregression that forecasts as the true one does', () => {
    const random = new Random(9)
    let level = 0
    const walk = Float64Array.from({ length: 300 }, () => (level += random.normal()))
    expect(searchArimaOrder(walk, 1).d).toBe(1)
    const [first] = golden.cases
    const series = Float64Array.from(first?.series ?? [])
    const found = estimateArima(series, searchArimaOrder(series, 1), false)
    expect(found.aicc).toBeLessThanOrEqual(estimateArima(series, { p: 2, d: 0, q: 0, ...NO_SEASON }, false).aicc)
  })
})

describe('ArimaForecaster', () => {
  const random = new Random(6)
  const values = Float64Array.from({ length: 300 }, (_, t) => Math.sin(t / 3) + random.normal())

  it('looks at nothing from the origin on', () => {
    const forecaster = new ArimaForecaster({ p: 1, d: 1, q: 1, ...NO_SEASON })
    forecaster.train(values.subarray(0, 200))
    const before = forecaster.forecast(values.subarray(0, 250), 5)
    const changed = values.map((value, t) => (t < 250 ? value : 1e6))
    expect(forecaster.forecast(changed.subarray(0, 250), 5)).toEqual(before)
  })

  it('fits around gaps', () => {
    const forecaster = new ArimaForecaster(AR1)
    forecaster.train(values.map((value, t) => (t % 17 < 2 ? Number.NaN : value)))
    expect(forecaster.model).toBeDefined()
    expect(forecaster.note === undefined || !forecaster.note.includes('last value')).toBe(true)
  })

  it.each([
    ['a constant series', new Float64Array(100).fill(3), 'the training part is constant'],
    ['a short one', Float64Array.of(1, 2, 3), 'has 3 rows and 14 are needed'],
    ['nothing but gaps', new Float64Array(100).fill(Number.NaN), 'has 0 rows'],
  ])('falls back on the last value for %s and says why', (_, history, reason) => {
    const forecaster = new ArimaForecaster(AR1)
    forecaster.train(history)
    expect(forecaster.note).toContain(`ar(1) could not be fitted and forecasts the last value: `)
    expect(forecaster.note).toContain(reason)
    expect(forecaster.forecast(Float64Array.of(5, 7), 2).mean).toEqual(Float64Array.of(7, 7))
  })

  it('takes a straight line without numbers that are none', () => {
    for (const order of [
      { p: 1, d: 1, q: 1, ...NO_SEASON },
      { p: 1, d: 2, q: 1, ...NO_SEASON },
    ]) {
      const forecaster = new ArimaForecaster(order)
      const line = Float64Array.from({ length: 100 }, (_, t) => 2 * t)
      forecaster.train(line)
      const { mean } = forecaster.forecast(line, 3)
      near(mean, [200, 202, 204], 0.5)
    }
  })

  it('searches orders, names them and prints nothing', () => {
    const printed = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error'), vi.spyOn(process.stdout, 'write')]
    const forecaster = new ArimaForecaster({ search: true, season: 1 })
    expect(forecaster.name).toBe('auto-arima')
    forecaster.train(values)
    for (const spy of printed) {
      expect(spy).not.toHaveBeenCalled()
      spy.mockRestore()
    }
    expect(process.exitCode).toBeUndefined()
    expect(forecaster.name).toMatch(/^auto-arima: (ar|ma|arma|arima)\(/)
  })
})
