import { describe, expect, it } from 'vitest'
import { futureTimes } from './future-times.js'

const days = (...texts: string[]) => Float64Array.from(texts, (text) => Date.parse(`${text}T00:00:00Z`))

describe('futureTimes', () => {
  it('goes on by a fixed step, and by months to their last days', () => {
    const hour = 3_600_000
    expect(futureTimes(Float64Array.of(5, 5 + hour), { unit: 'ms', count: hour }, 3)).toEqual(
      Float64Array.of(5 + 2 * hour, 5 + 3 * hour, 5 + 4 * hour),
    )
    expect(futureTimes(days('2023-12-31', '2024-01-31'), { unit: 'month', count: 1 }, 3)).toEqual(
      days('2024-02-29', '2024-03-31', '2024-04-30'),
    )
  })

  it('passes over weekends after trading days, also when holidays are missing among them', () => {
    // 1 January 2024 is a Monday; the 3rd is left out.
    const week = days('2024-01-01', '2024-01-02', '2024-01-04', '2024-01-05')
    expect(futureTimes(week, { unit: 'row', count: 1 }, 6)).toEqual(
      days('2024-01-08', '2024-01-09', '2024-01-10', '2024-01-11', '2024-01-12', '2024-01-15'),
    )
  })

  it('knows none after rows that have only an order, nor of no rows', () => {
    const row = { unit: 'row', count: 1 } as const
    expect(futureTimes(days('2024-01-05', '2024-01-06', '2024-01-08'), row, 2)).toBeUndefined()
    expect(futureTimes(Float64Array.of(0, 1000, 5000), row, 2)).toBeUndefined()
    expect(futureTimes(new Float64Array(0), { unit: 'ms', count: 1 }, 2)).toBeUndefined()
  })
})
