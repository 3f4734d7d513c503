import { describe, expect, it } from 'vitest'
import { normalQuantile } from './normal.js'

/** Of the approximation. */
const RELATIVE_ERROR = 1.2e-9

describe('normalQuantile', () => {
  // Published tables to 16 digits.
  it.each([
    [0.5, 0],
    [0.9, 1.2815515655446004],
    [0.95, 1.6448536269514722],
    [0.975, 1.959963984540054],
    [0.995, 2.5758293035489004],
    [0.9999, 3.719016485455709],
    [0.01, -2.3263478740408408],
  ])('of %f is %f', (p, value) => {
    expect(Math.abs(normalQuantile(p) - value)).toBeLessThanOrEqual(RELATIVE_ERROR * Math.abs(value))
  })

  it('is odd about one half', () => {
    for (const p of [0.001, 0.02, 0.2, 0.4]) expect(normalQuantile(p)).toBeCloseTo(-normalQuantile(1 - p), 9)
  })

  it('refuses what is no probability', () => {
    for (const p of [0, 1, -1, Number.NaN]) expect(() => normalQuantile(p)).toThrow('a number between 0 and 1')
  })
})
