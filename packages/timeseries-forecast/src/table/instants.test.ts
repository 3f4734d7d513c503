import { describe, expect, it } from 'vitest'
import { dayNumber, daysOfMonth, parseInstant, parseNumberedInstant } from './instants.js'

const utc = (...parts: [number, number, number?, number?, number?, number?, number?]) => Date.UTC(...parts)

describe('parseInstant', () => {
  it.each([
    ['2020-02-29 13:05:07', utc(2020, 1, 29, 13, 5, 7)],
    ['2020-02-29T13:05:07', utc(2020, 1, 29, 13, 5, 7)],
    ['2020-02-29T13:05:07.25', utc(2020, 1, 29, 13, 5, 7, 250)],
    ['2020-02-29 13:05', utc(2020, 1, 29, 13, 5)],
    ['2020-02-29 13', utc(2020, 1, 29, 13)],
    ['2010-1-1 0', utc(2010, 0, 1)],
    ['2020/02/29', utc(2020, 1, 29)],
    ['1749-01', utc(1749, 0, 1)],
    ['2/29/2020 1:05 PM', utc(2020, 1, 29, 13, 5)],
    ['12/31/2020 12:00 am', utc(2020, 11, 31)],
  ])('reads %s as the clock shows it', (text, ms) => {
    expect(parseInstant(text)).toMatchObject({ ms, zoned: false })
  })

  it.each([
    ['2020-01-01T00:00:00Z', utc(2020, 0, 1)],
    ['2020-01-01 00:00:00+01:00', utc(2019, 11, 31, 23)],
    ['2020-01-01T00:00-0530', utc(2020, 0, 1, 5, 30)],
    ['2020-01-01 00:00 UTC', utc(2020, 0, 1)],
  ])('takes the offset of %s', (text, ms) => {
    expect(parseInstant(text)).toEqual({ ms, zoned: true, form: 'year-first' })
  })

  it('reads the day or the month first as the option says', () => {
    expect(parseInstant('01/02/2003')?.ms).toBe(utc(2003, 0, 2))
    expect(parseInstant('01/02/2003', true)?.ms).toBe(utc(2003, 1, 1))
    expect(parseInstant('31.12.2003 23:59', true)?.ms).toBe(utc(2003, 11, 31, 23, 59))
    expect(parseInstant('13/02/2003')).toBeUndefined()
  })

  it.each([
    '',
    'NA',
    '12.5',
    '1013.2',
    '2021-02-29',
    '2020-13-01',
    '2020-01-01 24:00:00',
    '2020-01-01 10:60:00',
    '2020-01-0x 00:00:00',
    '13:00 2020',
  ])('is undefined for %s', (text) => {
    expect(parseInstant(text)).toBeUndefined()
  })

  it('agrees with Date on every day of four centuries', () => {
    let day = Date.UTC(1700, 0, 1) / 86_400_000
    for (let year = 1700; year < 2100; year++) {
      for (let month = 1; month <= 12; month++) {
        expect(dayNumber(year, month, 1)).toBe(day)
        expect(daysOfMonth(year, month)).toBe(new Date(Date.UTC(year, month, 0)).getUTCDate())
        day += daysOfMonth(year, month)
      }
    }
  })
})

describe('parseNumberedInstant', () => {
  it('tells years, days and Unix times by their digits', () => {
    expect(parseNumberedInstant('1987')).toEqual({ ms: utc(1987, 0, 1), zoned: false, form: 'year' })
    expect(parseNumberedInstant('20200229')).toEqual({ ms: utc(2020, 1, 29), zoned: false, form: 'compact' })
    expect(parseNumberedInstant('1577836800')).toEqual({ ms: utc(2020, 0, 1), zoned: true, form: 'seconds' })
    expect(parseNumberedInstant('1577836800.5')?.ms).toBe(utc(2020, 0, 1) + 500)
    expect(parseNumberedInstant('1577836800000')?.form).toBe('milliseconds')
    expect(parseNumberedInstant('1577836800000000')?.ms).toBe(utc(2020, 0, 1))
    expect(parseNumberedInstant('12.5')).toBeUndefined()
    expect(parseNumberedInstant('20201301')).toBeUndefined()
  })
})
