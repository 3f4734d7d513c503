import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import { dieboldMariano, studentTCdf } from './diebold-mariano.js'

interface Golden {
  cases: { a: number[]; b: number[]; horizon: number; statistic: number; pValue: number; meanDifference: number }[]
  studentT: { t: number; degrees: number; cdf: number }[]
}
const golden: Golden = JSON.parse(readFileSync(new URL('golden/diebold-mariano.json', import.meta.url), 'utf8'))

/** Digits of the sums and of the logarithm of the gamma function. */
const DIGITS = 9

describe('dieboldMariano', () => {
  it('is worked by hand', () => {
    // d = 1, 3, 2, 2: mean 2, variance 0.5; of the mean 0.125, corrected by 3 / 4.
    const result = dieboldMariano([2, 4, 3, 3], [1, 1, 1, 1], 1)
    expect(result.meanDifference).toBe(2)
    expect(result.statistic).toBeCloseTo((2 / Math.sqrt(0.125)) * Math.sqrt(0.75), 12)
    expect(result.windows).toBe(4)
  })

  it("agrees with NumPy and SciPy's Student t", () => {
    for (const wanted of golden.cases) {
      const found = dieboldMariano(wanted.a, wanted.b, wanted.horizon)
      expect(found.statistic).toBeCloseTo(wanted.statistic, DIGITS)
      expect(found.pValue).toBeCloseTo(wanted.pValue, DIGITS)
      expect(found.meanDifference).toBeCloseTo(wanted.meanDifference, DIGITS)
    }
  })

  it('changes its sign and nothing else when the two are swapped', () => {
    const random = new Random(5)
    const a = Array.from({ length: 100 }, () => random.normal())
    const b = Array.from({ length: 100 }, () => random.normal())
    const there = dieboldMariano(a, b, 3)
    const back = dieboldMariano(b, a, 3)
    expect(back.statistic).toBeCloseTo(-there.statistic, 12)
    expect(back.pValue).toBeCloseTo(there.pValue, 12)
  })

  it('rejects equal forecasts about as often as it says', () => {
    const random = new Random(17)
    let rejected = 0
    for (let run = 0; run < 1000; run++) {
      const a = Array.from({ length: 30 }, () => random.normal())
      const b = Array.from({ length: 30 }, () => random.normal())
      if (dieboldMariano(a, b, 1).pValue < 0.05) rejected++
    }
    expect(rejected).toBeGreaterThan(25)
    expect(rejected).toBeLessThan(75)
  })

  it('knows equal losses, a difference without variance, a negative variance and too few windows', () => {
    expect(dieboldMariano([1, 2, 3], [1, 2, 3], 1)).toMatchObject({ statistic: 0, pValue: 1 })
    expect(dieboldMariano([1, 2, 3], [2, 3, 4], 1)).toMatchObject({ statistic: -Infinity, pValue: 0 })
    // Alternating differences: 1 + 2 * (-7 / 8) lags is below zero, Newey and West's is not.
    const alternating = dieboldMariano([2, 0, 2, 0, 2, 0, 2, 0.5], [0, 1, 0, 1, 0, 1, 0, 1], 2)
    expect(Number.isFinite(alternating.statistic)).toBe(true)
    expect(alternating.pValue).toBeGreaterThan(0)
    expect(dieboldMariano([1], [2], 1).pValue).toBeNaN()
    expect(dieboldMariano([1, 2, 4], [2, 2, 2], 3).pValue).toBeNaN()
  })

  it('leaves out windows without a loss', () => {
    const whole = dieboldMariano([1, 5, 3, 2], [2, 2, 2, 3], 1)
    expect(dieboldMariano([1, Number.NaN, 5, 3, 2], [2, 7, 2, 2, 3], 1)).toEqual(whole)
  })

  it('names what does not fit', () => {
    expect(() => dieboldMariano([1], [1, 2], 1)).toThrow('for lossesB')
    expect(() => dieboldMariano([1, 2], [1, 2], 0)).toThrow('for horizon, received 0')
  })
})

describe('studentTCdf', () => {
  it('agrees with SciPy', () => {
    for (const { t, degrees, cdf } of golden.studentT) expect(studentTCdf(t, degrees)).toBeCloseTo(cdf, 11)
  })
})
