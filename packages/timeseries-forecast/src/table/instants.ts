/**
 * Instants from their texts, one cell at a time: ISO 8601 and its everyday relatives, dates with the day or the month first, and Unix time.
 * A text without an offset gives what the clock shows, as if it were UTC; time-zone.ts makes an instant of it. One text
 * alone does not show whether the day or the month comes first: read-table.ts looks at the whole column.
 */

/** How a text writes its instant; all cells of a column must do so alike. `slashed` is 01/02/2003, the day or the month first. */
export type InstantForm = 'year-first' | 'slashed' | 'year' | 'compact' | 'seconds' | 'milliseconds' | 'microseconds'

/** An instant as it was written. */
export interface Instant {
  /** Milliseconds since 1970-01-01; of the clock, when there is no offset. */
  readonly ms: number
  /** Whether the text says its offset from UTC. */
  readonly zoned: boolean
  readonly form: InstantForm
}

const CLOCK = String.raw`(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?(?: ?([AaPp])[Mm])?`
const OFFSET = String.raw` ?(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?`
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2})(?:[T ]${CLOCK}${OFFSET})?)?$`)
const SLASHED = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:,?[T ]${CLOCK}${OFFSET})?$`)
const UNIX = /^\d{9,17}(?:\.\d+)?$/

const MINUTE = 60_000

/**
 * The instant that a text of dates or clock times writes; undefined when it writes none. Bare numbers are read by `parseNumberedInstant`,
 * since any number could be one.
 *
 * @param dayFirst Of 01/02/2003, whether 1 is the day; default: it is the month.
 */
export function parseInstant(text: string, dayFirst = false): Instant | undefined {
  const quick = plainTimestamp(text)
  if (quick !== undefined) return { ms: quick, zoned: false, form: 'year-first' }
  const trimmed = text.trim()
  const iso = YEAR_FIRST.exec(trimmed)
  // 1013.2 is a number.
  if (iso !== null && iso[2] === '.' && iso[4] === undefined) return undefined
  if (iso !== null) return instant('year-first', iso[1], iso[3], iso[4] ?? '1', iso.slice(5))
  const slashed = SLASHED.exec(trimmed)
  if (slashed === null) return undefined
  const [, first, , second, year, ...clock] = slashed
  return dayFirst ? instant('slashed', year, second, first, clock) : instant('slashed', year, first, second, clock)
}

/** The instant that a bare number stands for: a year, YYYYMMDD, or Unix time in seconds, milliseconds or microseconds by its digits. */
export function parseNumberedInstant(text: string): Instant | undefined {
  const trimmed = text.trim()
  if (/^\d{4}$/.test(trimmed)) return instant('year', trimmed, '1', '1', [])
  if (/^\d{8}$/.test(trimmed)) return instant('compact', trimmed.slice(0, 4), trimmed.slice(4, 6), trimmed.slice(6), [])
  if (!UNIX.test(trimmed)) return undefined
  const value = Number(trimmed)
  if (value < 1e11) return { ms: value * 1000, zoned: true, form: 'seconds' }
  if (value < 1e14) return { ms: value, zoned: true, form: 'milliseconds' }
  return { ms: value / 1000, zoned: true, form: 'microseconds' }
}

/** `YYYY-MM-DD HH:MM:SS` to milliseconds without a regular expression, since millions of rows are written so. */
function plainTimestamp(text: string): number | undefined {
  if (text.length !== 19) return undefined
  const between = text.charCodeAt(10)
  const marked = text[4] === '-' && text[7] === '-' && text[13] === ':' && text[16] === ':'
  if (!marked || (between !== 0x20 && between !== 0x54)) return undefined
  const year = 100 * pair(text, 0) + pair(text, 2)
  return clockTime([year, pair(text, 5), pair(text, 8)], [pair(text, 11), pair(text, 14), pair(text, 17)])
}

/** Two digits at a place; NaN when there are none. */
function pair(text: string, at: number): number {
  const [tens, ones] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48]
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : NaN
}

/** @param clock Hour, minute, second, fraction, half of the day, offset, each undefined when it is not written. */
function instant(
  form: InstantForm,
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  [hour = '0', minute = '0', second = '0', fraction = '', half, offset]: readonly (string | undefined)[],
): Instant | undefined {
  const hours = half === undefined ? Number(hour) : hoursOfHalf(Number(hour), half)
  const ms = clockTime([Number(year), Number(month), Number(day)], [hours, Number(minute), Number(second)])
  if (ms === undefined) return undefined
  const exact = ms + Number(`0.${fraction}`) * 1000
  return { ms: exact - MINUTE * minutesOf(offset), zoned: offset !== undefined, form }
}

function hoursOfHalf(hour: number, half: string): number {
  if (hour < 1 || hour > 12) return NaN
  return (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
}

function minutesOf(offset: string | undefined): number {
  if (offset === undefined || !/^[+-]/.test(offset)) return 0
  const minutes = 60 * Number(offset.slice(1, 3)) + Number(offset.slice(3).replace(':', '') || '0')
  return offset.startsWith('-') ? -minutes : minutes
}

/** Milliseconds of a day and time of the Gregorian calendar; undefined when there is no such day or time. */
function clockTime(
  [year, month, day]: readonly [year: number, month: number, day: number],
  [hour, minute, second]: readonly [hour: number, minute: number, second: number],
): number | undefined {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysOfMonth(year, month))) return undefined
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined
  return dayNumber(year, month, day) * 86_400_000 + hour * 3_600_000 + minute * MINUTE + second * 1000
}

/** Days of a month, counted from 1. */
export function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days since 1970-01-01 of a date, months counted from 1: a year begins in March, so that the leap day comes last. */
export function dayNumber(year: number, month: number, day: number): number {
  const from = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return 365 * from + Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400) + dayOfYear - 719_468
}
