import { describe, expect, it } from 'vitest'
import { sizesFor } from './infer-options.js'

const SHARES = { validationShare: 0.15, testShare: 0.15 }
const HOUR = 3_600_000
const hourly = { unit: 'ms', count: HOUR } as const
const monthly = { unit: 'month', count: 1 } as const

describe('sizes that suit a table', () => {
  it('gives a short monthly table a year ahead from two, and a linear network', () => {
    // 144 rows: 100.8 train, 21.6 test; 60 % of those hold a year, a quarter of the training part two.
    const sizes = sizesFor({ step: monthly, rows: [144], ...SHARES })
    expect(sizes).toMatchObject({ horizon: 12, lookBack: 24, network: 'nlinear' })
  })

  it('gives a long hourly table a day ahead from eight, by segments, with the calendar', () => {
    expect(sizesFor({ step: hourly, rows: [17_520], ...SHARES })).toMatchObject({
      horizon: 24,
      lookBack: 192,
      network: 'segment',
      segmentLength: 24,
      calendar: ['hourOfDay', 'dayOfWeek'],
    })
  })

  it('leaves what was given, and lets the rest follow from it', () => {
    const sizes = sizesFor({ step: hourly, rows: [17_520], ...SHARES }, { horizon: 96 })
    expect(sizes).toMatchObject({ horizon: 96, lookBack: 768, segmentLength: 48 })
    expect(sizesFor({ step: hourly, rows: [9000], ...SHARES }, { network: 'gru', lookBack: 50 })).toMatchObject({
      network: 'gru',
      lookBack: 50,
    })
  })

  it('always leaves windows to train on and to test', () => {
    for (const step of [hourly, monthly, { unit: 'row', count: 1 } as const])
      for (let rows = 10; rows < 3000; rows = Math.ceil(rows * 1.3)) {
        const { horizon, lookBack, segmentLength } = sizesFor({ step, rows: [rows], ...SHARES })
        expect(lookBack + horizon).toBeLessThanOrEqual(0.7 * rows)
        expect(horizon).toBeLessThanOrEqual(Math.max(1, 0.15 * rows))
        expect(segmentLength).toBeLessThanOrEqual(lookBack)
      }
  })
})
