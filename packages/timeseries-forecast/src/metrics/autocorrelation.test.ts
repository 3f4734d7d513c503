import { describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import { autocorrelation } from './autocorrelation.js'

describe('autocorrelation', () => {
  it('is what one works out by hand', () => {
    // Deviations -1.5, -0.5, 0.5, 1.5; their squares sum to 5; products at lag 1: 0.75 - 0.25 + 0.75 = 1.25.
    const [r0, r1, r2, r3, r4] = autocorrelation([1, 2, 3, 4], 4)
    expect([r0, r1, r2, r3, r4]).toEqual([1, 0.25, -0.3, -0.45, 0])
  })

  it('leaves out pairs of which one is missing', () => {
    // Mean 2; deviations -1, none, 1, 0, none, 0: squares 2, products at lag 2: -1 + 0.
    expect([...autocorrelation([1, NaN, 3, 2, NaN, 2], 2)]).toEqual([1, 0, -0.5])
  })

  it('finds the season of a noisy series and nothing in noise', () => {
    const random = new Random(1, 'autocorrelation')
    const season = Float64Array.from(
      { length: 960 },
      (_, t) => Math.sin((2 * Math.PI * t) / 12) + 0.5 * random.normal(),
    )
    const found = autocorrelation(season, 14)
    expect(found.indexOf(Math.max(...found.slice(3)))).toBe(12)
    expect(found[6]).toBeLessThan(-0.5)
    const noise = autocorrelation(
      Float64Array.from({ length: 2000 }, () => random.normal()),
      40,
    ).slice(1)
    const beyond = noise.filter((r) => Math.abs(r) > 1.96 / Math.sqrt(2000)).length
    // Two of forty are to be expected; six or more would come once in seventy series.
    expect(beyond).toBeLessThan(6)
  })

  it('does not change with level and scale', () => {
    const random = new Random(2, 'autocorrelation')
    const values = Array.from({ length: 50 }, () => random.normal())
    const moved = autocorrelation(
      values.map((value) => 1e3 - 7 * value),
      9,
    )
    autocorrelation(values, 9).forEach((r, lag) => {
      expect(moved[lag]).toBeCloseTo(r, 9)
    })
  })

  it('has no value for a constant series, and refuses what is no number of lags', () => {
    expect([...autocorrelation([3, 3, 3], 1)]).toEqual([NaN, NaN])
    expect([...autocorrelation([], 1)]).toEqual([NaN, NaN])
    expect(() => autocorrelation([1, 2], 1.5)).toThrow(
      'computing the autocorrelation: expected a whole number of at least 0 for lags, received 1.5',
    )
  })
})
