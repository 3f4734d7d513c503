import { describe, expect, it } from 'vitest'
import { bordersOf, partsOf, rowsOf } from './forecast-set.js'
import type { ChronologyOptions } from '../options/data.js'
import type { Series } from '../series/series.js'

const HOUR = 3_600_000
const START = Date.UTC(2024, 0, 1)

/** Hourly rows from a row of the common axis on. */
const series = (rows: number, from = 0): Series => ({
  key: String(from),
  times: Float64Array.from({ length: rows }, (_, row) => START + (from + row) * HOUR),
  columns: new Map(),
})
const shares: ChronologyOptions = {
  validationShare: 0.2,
  testShare: 0.1,
  validationFrom: undefined,
  testFrom: undefined,
  until: undefined,
}
const ends = (given: Partial<ChronologyOptions>, all = [series(100)], zone = 'UTC') =>
  partsOf(all, { ...shares, ...given }, zone).map(({ train, validation, test }) => [train.to, validation.to, test.to])

describe('partsOf', () => {
  it('divides by shares', () => {
    expect(ends({})).toEqual([[70, 90, 100]])
    expect(ends({ validationShare: 0 })).toEqual([[90, 90, 100]])
    expect(ends({ validationShare: 0, testShare: 0 })).toEqual([[100, 100, 100]])
  })

  it('divides by rows', () => {
    expect(ends({ validationFrom: '50', testFrom: '60' })).toEqual([[50, 60, 100]])
    expect(ends({ validationFrom: '50', testFrom: '60', until: '80' })).toEqual([[50, 60, 80]])
  })

  it('divides by times, in the zone of the table, alike for all series', () => {
    const dates = { validationFrom: '2024-01-02', testFrom: '2024-01-03 12:00' }
    expect(ends(dates, [series(100), series(50, 30)])).toEqual([
      [24, 60, 100],
      [0, 30, 50],
    ])
    // Berlin's midnight is an hour before that of UTC.
    expect(ends(dates, [series(100)], 'Europe/Berlin')).toEqual([[23, 59, 100]])
    expect(ends({ ...dates, until: '2024-01-04T00:00:00Z' })).toEqual([[24, 60, 72]])
    expect(ends({ validationFrom: '2024-01-02', testFrom: '2025' })).toEqual([[24, 100, 100]])
  })

  it.each([
    [{ validationFrom: '2024-01-02' }, 'dividing the time: --validation-from needs --test-from'],
    [{ until: '90' }, 'dividing the time: --until needs --validation-from and --test-from'],
    [{ validationFrom: '10', testFrom: '2024-01-03' }, 'expected row numbers alone or times alone'],
    [{ validationFrom: '2024-01-02', testFrom: 'soon' }, 'received "soon"'],
    [{ validationFrom: '60', testFrom: '50' }, 'expected ascending borders with rows before the first'],
    [{ validationFrom: '2023-01-01', testFrom: '2023-01-02' }, 'for --validation-from, received "2023-01-01'],
  ])('refuses %j', (given, message) => {
    expect(() => ends(given)).toThrow(message)
  })
})

describe('bordersOf', () => {
  it('gives the first moments of the parts over all series', () => {
    const all = [series(100), series(50, 30)]
    const parts = partsOf(all, { ...shares, validationFrom: '2024-01-02', testFrom: '2024-01-03' }, 'UTC')
    expect(bordersOf(all, parts)).toEqual([START + 24 * HOUR, START + 48 * HOUR, Number.MAX_SAFE_INTEGER])
  })
})

describe('rowsOf', () => {
  it('gives one part, or all of them together', () => {
    const parts = partsOf([series(100)], shares, 'UTC')
    expect(rowsOf(parts, 'validation')).toEqual([{ from: 70, to: 90 }])
    expect(rowsOf(parts, undefined)).toEqual([{ from: 0, to: 100 }])
  })
})
