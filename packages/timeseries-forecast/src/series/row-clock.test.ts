import { describe, expect, it } from 'vitest'
import { RowClock } from './row-clock.js'

const at = (text: string) => Date.parse(`${text}Z`)

describe('RowClock', () => {
  it('names the rows that are missing, and moves a row onto the grid', () => {
    const clock = new RowClock({ unit: 'ms', count: 3_600_000 })
    expect(clock.tick(at('2024-01-01T00:00'))).toEqual({ time: at('2024-01-01T00:00'), missing: [], gap: 0 })
    expect(clock.tick(at('2024-01-01T01:02')).time).toBe(at('2024-01-01T01:00'))
    expect(clock.tick(at('2024-01-01T04:00'))).toEqual({
      time: at('2024-01-01T04:00'),
      missing: [at('2024-01-01T02:00'), at('2024-01-01T03:00')],
      gap: 2,
    })
  })

  it('goes on by months', () => {
    const clock = new RowClock({ unit: 'month', count: 1 }, at('2024-01-31T00:00'))
    expect(clock.tick(at('2024-03-31T00:00'))).toMatchObject({ missing: [at('2024-02-29T00:00')], gap: 1 })
  })

  it('takes any later time where rows have only an order', () => {
    const clock = new RowClock({ unit: 'row', count: 1 }, 0)
    expect(clock.tick(7)).toEqual({ time: 7, missing: [], gap: 0 })
    expect(clock.tick(1e12).gap).toBe(0)
  })

  it('fills no gap that is another beginning', () => {
    const tick = new RowClock({ unit: 'ms', count: 1000 }, 0).tick(1000 * 20_000)
    expect(tick).toMatchObject({ gap: 19_999, missing: [] })
  })

  it('refuses rows that go back or lie between the points, which then change nothing', () => {
    const clock = new RowClock({ unit: 'ms', count: 3_600_000 }, at('2024-01-01T00:00'))
    expect(() => clock.tick(at('2024-01-01T00:00'))).toThrow(
      'expected a time after 2024-01-01T00:00:00.000Z for the row, received "2024-01-01T00:00:00.000Z"',
    )
    expect(() => clock.tick(at('2024-01-01T01:30'))).toThrow('expected rows hourly for the row')
    expect(clock.tick(at('2024-01-01T01:00')).gap).toBe(0)
  })
})
