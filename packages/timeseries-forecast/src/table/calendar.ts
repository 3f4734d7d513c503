/**
 * What the calendar says of an instant in a time zone, as numbers that a network can use. All of it is known in advance. What is cyclic is
 * a pair of sine and cosine, so that the last hour of a day lies beside the first; weekend and holiday are 0 or 1.
 */
import { expected } from '@weft/core/errors'
import { didYouMean } from '@weft/core/cli'
import { columnOptions } from '../options/data.js'
import { TimeZone } from './time-zone.js'

const CALENDAR_FEATURES = columnOptions.calendar.choices

export interface CalendarOptions {
  /** In which days and hours are counted, such as `UTC` or `Europe/Berlin`. */
  readonly timeZone: string
  /** Days since 1970-01-01, as `readHolidays` gives them. */
  readonly holidays?: ReadonlySet<number> | undefined
}

const MINUTE = 60_000
const DAY = 86_400_000

/** What the features need to know of a date. */
interface Day {
  readonly dayOfWeek: number
  readonly dayOfMonth: number
  readonly daysOfMonth: number
  readonly dayOfYear: number
  readonly daysOfYear: number
  readonly month: number
  readonly holiday: boolean
}

/** How far through its cycle an instant is, from 0 up to 1. */
const CYCLES: ReadonlyMap<string, (day: Day, clock: number) => number> = new Map([
  ['minuteOfHour', (_, clock) => (Math.floor(clock / MINUTE) % 60) / 60],
  ['hourOfDay', (_, clock) => Math.floor(clock / (60 * MINUTE)) / 24],
  ['dayOfWeek', (day) => day.dayOfWeek / 7],
  ['dayOfMonth', (day) => day.dayOfMonth / day.daysOfMonth],
  ['dayOfYear', (day) => day.dayOfYear / day.daysOfYear],
  ['weekOfYear', (day) => (7 * Math.floor(day.dayOfYear / 7)) / day.daysOfYear],
  ['monthOfYear', (day) => day.month / 12],
])

const FLAGS: ReadonlyMap<string, (day: Day) => boolean> = new Map([
  ['weekend', (day) => day.dayOfWeek >= 5],
  ['holiday', (day) => day.holiday],
])

/**
 * Calendar features of instants, each [T], by their names: `<name>Sin` and `<name>Cos` of a cyclic one, `weekend` and `holiday` as 0 or 1.
 * Cycles begin at the first minute, hour, Monday, day or month; a week of the year is one of seven days from 1 January on.
 *
 * @throws UserError for an unknown name, and for `holiday` without holidays.
 */
export function calendarFeatures(
  times: Float64Array,
  names: readonly string[],
  options: CalendarOptions,
): Map<string, Float64Array> {
  for (const name of names) checkName(name, options)
  const zone = new TimeZone(options.timeZone)
  const columns = new Map<string, Float64Array>()
  const column = (name: string) => {
    const values = new Float64Array(times.length)
    columns.set(name, values)
    return values
  }
  const writers = names.flatMap((name): Writer[] => {
    const [flag, cycle] = [FLAGS.get(name), CYCLES.get(name)]
    if (flag !== undefined) return [flagWriter(flag, column(name))]
    return cycle === undefined ? [] : [cycleWriter(cycle, column(`${name}Sin`), column(`${name}Cos`))]
  })
  let current = NaN
  let day = dayOf(0, options)
  for (let i = 0; i < times.length; i++) {
    const local = zone.toLocal(times[i] ?? NaN)
    const number = Math.floor(local / DAY)
    if (number !== current) {
      day = dayOf(number, options)
      current = number
    }
    for (const write of writers) write(i, day, local - number * DAY)
  }
  return columns
}

function checkName(name: string, { holidays }: CalendarOptions): void {
  const doing = 'making calendar features'
  if (!CALENDAR_FEATURES.some((feature) => feature === name)) {
    const hint = didYouMean(name, CALENDAR_FEATURES)
    throw expected({ doing, want: `one of ${CALENDAR_FEATURES.join(', ')}`, of: 'calendar', got: name, hint })
  }
  if (name === 'holiday' && holidays === undefined) {
    throw expected({
      doing,
      want: 'a file of dates',
      of: 'holidays',
      got: 'none',
      hint: 'Name a CSV file with a date on each line with --holidays.',
    })
  }
}

/** Writes a feature of instant `i`, of which it is given the local day and the milliseconds since its midnight. */
type Writer = (i: number, day: Day, clock: number) => void

function flagWriter(flag: (day: Day) => boolean, column: Float64Array): Writer {
  return (i, day) => (column[i] = flag(day) ? 1 : 0)
}

function cycleWriter(cycle: (day: Day, clock: number) => number, sine: Float64Array, cosine: Float64Array): Writer {
  let last = NaN
  let [sin, cos] = [0, 0]
  return (i, day, clock) => {
    const part = cycle(day, clock)
    if (part !== last) {
      last = part
      sin = Math.sin(2 * Math.PI * part)
      cos = Math.cos(2 * Math.PI * part)
    }
    sine[i] = sin
    cosine[i] = cos
  }
}

function dayOf(number: number, { holidays }: CalendarOptions): Day {
  const date = new Date(number * DAY)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const start = Date.UTC(year, 0, 1) / DAY
  return {
    dayOfWeek: (((number + 3) % 7) + 7) % 7,
    dayOfMonth: date.getUTCDate() - 1,
    daysOfMonth: new Date(Date.UTC(year, month + 1, 0)).getUTCDate(),
    dayOfYear: number - start,
    daysOfYear: Date.UTC(year + 1, 0, 1) / DAY - start,
    month,
    holiday: holidays?.has(number) === true,
  }
}
