import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { columnOptions } from '../options/data.js'
import { calendarFeatures } from './calendar.js'
import { readHolidays } from './holidays.js'

const folder = mkdtempSync(join(tmpdir(), 'weft-calendar-'))
afterAll(() => rmSync(folder, { recursive: true }))

const at = (...texts: string[]) => Float64Array.from(texts, (text) => Date.parse(`${text}Z`))
const turn = (part: number) => [Math.sin(2 * Math.PI * part), Math.cos(2 * Math.PI * part)]

/** The numbers of one feature at one instant. */
function feature(name: string, text: string, timeZone = 'UTC', holidays?: ReadonlySet<number>): number[] {
  const columns = calendarFeatures(at(text), [name], { timeZone, holidays })
  return Array.from(columns.values(), (column) => column[0] ?? NaN)
}

describe('calendarFeatures', () => {
  it.each([
    ['minuteOfHour', '2020-01-01 07:15', 15 / 60],
    ['hourOfDay', '2020-01-01 18:59', 18 / 24],
    ['dayOfWeek', '2020-01-06 12:00', 0],
    ['dayOfWeek', '2020-01-12 12:00', 6 / 7],
    ['dayOfWeek', '1969-12-31 12:00', 2 / 7],
    ['dayOfMonth', '2020-02-29 00:00', 28 / 29],
    ['dayOfYear', '2020-12-31 00:00', 365 / 366],
    ['weekOfYear', '2021-01-15 00:00', 14 / 365],
    ['monthOfYear', '2021-12-15 00:00', 11 / 12],
  ])('%s of %s', (name, text, part) => {
    expect(feature(name, text)).toEqual(turn(part))
  })

  it('counts days and hours in the time zone', () => {
    expect(feature('hourOfDay', '2020-07-01 22:30', 'Europe/Berlin')).toEqual(turn(0))
    expect(feature('hourOfDay', '2020-12-31 22:30', 'Europe/Berlin')).toEqual(turn(23 / 24))
    expect(feature('monthOfYear', '2020-06-30 22:30', 'Europe/Berlin')).toEqual(turn(6 / 12))
    expect(feature('weekend', '2020-01-03 23:30', 'Europe/Berlin')).toEqual([1])
    expect(feature('weekend', '2020-01-03 23:30')).toEqual([0])
  })

  it('names its columns', () => {
    const columns = calendarFeatures(at('2020-01-01'), ['hourOfDay', 'weekend'], { timeZone: 'UTC' })
    expect([...columns.keys()]).toEqual(['hourOfDaySin', 'hourOfDayCos', 'weekend'])
    expect(Array.from(columns.values(), (column) => column.length)).toEqual([1, 1, 1])
  })

  it('of each instant stands on that instant alone', () => {
    const times = Float64Array.from({ length: 3000 }, (_, i) => Date.UTC(2019, 9, 20) + i * 1_234_567)
    const holidays = new Set([18_200, 18_210])
    const options = { timeZone: 'America/New_York', holidays }
    const together = [...calendarFeatures(times, columnOptions.calendar.choices, options).values()]
    for (const i of [0, 1, 500, 1200, 2999]) {
      const alone = [...calendarFeatures(times.slice(i, i + 1), columnOptions.calendar.choices, options).values()]
      expect(together.map((column) => column[i])).toEqual(alone.map((column) => column[0]))
    }
  })

  it('refuses names that it does not know, and holidays without dates', () => {
    expect(() => calendarFeatures(at('2020-01-01'), ['hourOfDya'], { timeZone: 'UTC' })).toThrow(/one of minuteOfHour/)
    expect(() => calendarFeatures(at('2020-01-01'), ['holiday'], { timeZone: 'UTC' })).toThrow(
      'making calendar features: expected a file of dates for holidays, received "none"',
    )
  })
})

describe('readHolidays', () => {
  it('reads a date on each line, passing over a header and other columns', async () => {
    const path = join(folder, 'holidays.csv')
    writeFileSync(path, 'name,date\r\nChristmas,2024-12-25\r\n"New Year","2025-01-01"\r\n\r\n')
    const days = await readHolidays(path)
    expect(days).toEqual(new Set([Date.UTC(2024, 11, 25) / 86_400_000, Date.UTC(2025, 0, 1) / 86_400_000]))
    expect(feature('holiday', '2024-12-24 23:30', 'Europe/Berlin', days)).toEqual([1])
    expect(feature('holiday', '2024-12-24 23:30', 'UTC', days)).toEqual([0])
  })

  it('names the row of a date that is none', async () => {
    const path = join(folder, 'bad.csv')
    writeFileSync(path, '2024-12-25\n2024-02-30\n')
    await expect(readHolidays(path)).rejects.toThrow(
      `reading ${path}, row 2: expected a date such as 2024-12-25 for the holiday, received "2024-02-30"`,
    )
  })
})
