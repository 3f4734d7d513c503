import { describe, expect, it } from 'vitest'
import { windowOrigins } from './origins.js'

describe('windowOrigins', () => {
  it('lets look-backs of a later part reach into the rows before it, and horizons not beyond it', () => {
    expect(windowOrigins(10, { lookBack: 3, horizon: 2, from: 5, to: 9 })).toEqual({ first: 5, stride: 1, count: 3 })
  })

  it('begins where the first look-back ends', () => {
    expect(windowOrigins(10, { lookBack: 3, horizon: 2, from: 0, to: 6 })).toEqual({ first: 3, stride: 1, count: 2 })
  })

  it.each([
    [96, 2785],
    [192, 2689],
    [336, 2545],
    [720, 2161],
  ])('finds the usual number of windows of 4 months of hours at horizon %i', (horizon, count) => {
    const hours = 30 * 24
    const part = { from: 16 * hours, to: 20 * hours }
    expect(windowOrigins(17420, { lookBack: 720, horizon, ...part }).count).toBe(count)
  })

  it('takes every stride-th', () => {
    expect(windowOrigins(10, { lookBack: 2, horizon: 1, from: 0, to: 10, stride: 3 }).count).toBe(3)
  })

  it('has none where the part is too short', () => {
    expect(windowOrigins(10, { lookBack: 9, horizon: 2, from: 0, to: 10 }).count).toBe(0)
    expect(windowOrigins(10, { lookBack: 1, horizon: 2, from: 4, to: 4 }).count).toBe(0)
  })

  it('refuses sizes and parts that cannot be', () => {
    expect(() => windowOrigins(10, { lookBack: 0, horizon: 2, from: 0, to: 10 })).toThrow(
      'cutting windows: expected a whole number of at least 1 for lookBack, received 0',
    )
    expect(() => windowOrigins(10, { lookBack: 1, horizon: 2, from: 0, to: 11 })).toThrow(
      'cutting windows: expected rows from 0 to 10 for the part, received "[0, 11)"',
    )
  })
})
