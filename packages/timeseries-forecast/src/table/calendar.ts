/**
 * What the calendar says of an instant in a time zone, as numbers that a network can use. All of it is known in advance. What comes round is
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
  readonly holidays?: ReadonlySet<number>
}

export interface CalendarColumns {
  readonly names: string[]
  /** One [T] for each name. */
  readonly columns: Float64Array[]
}

const MINUTE = 60_000
const DAY = 86_400_000

/** A date, as far as the features need it; constant through a day. */
interface Day {
  readonly dayOfWeek: number
  readonly dayOfMonth: number
  readonly daysOfMonth: number
  readonly dayOfYear: number
  readonly daysOfYear: number
  readonly month: number
  readonly holiday: boolean
}

/** The part of its cycle, from 0 up to 1, that an instant has come to. */
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
 * Calendar features of instants [T]: `<name>Sin` and `<name>Cos` of a cyclic one, `weekend` and `holiday` as 0 or 1. Cycles begin at the
 * first minute, hour, Monday, day or month; a week of the year is one of seven days from 1 January on.
 *
 * @throws UserError for an unknown name, and for `holiday` without holidays.
 */
export function calendarFeatures(
  times: Float64Array,
  names: readonly string[],
  options: CalendarOptions,
): CalendarColumns {
  for (const name of names) checkName(name, options)
  const zone = new TimeZone(options.timeZone)
  const result: CalendarColumns = { names: [], columns: [] }
  for (const name of names) {
    const flag = FLAGS.get(name)
    const cycle = CYCLES.get(name)
    if (flag !== undefined) addFlag(result, times, { name, zone, options, flag })
    if (cycle !== undefined) addCycle(result, times, { name, zone, options, cycle })
  }
  return result
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

interface Task {
  readonly name: string
  readonly zone: TimeZone
  readonly options: CalendarOptions
}

function addFlag(result: CalendarColumns, times: Float64Array, task: Task & { flag: (day: Day) => boolean }): void {
  const column = new Float64Array(times.length)
  eachTime(times, task, (i, day) => (column[i] = task.flag(day) ? 1 : 0))
  result.names.push(task.name)
  result.columns.push(column)
}

function addCycle(
  result: CalendarColumns,
  times: Float64Array,
  task: Task & { cycle: (day: Day, clock: number) => number },
): void {
  const [sine, cosine] = [new Float64Array(times.length), new Float64Array(times.length)]
  let last = NaN
  let [sin, cos] = [0, 0]
  eachTime(times, task, (i, day, clock) => {
    const part = task.cycle(day, clock)
    if (part !== last) {
      last = part
      sin = Math.sin(2 * Math.PI * part)
      cos = Math.cos(2 * Math.PI * part)
    }
    sine[i] = sin
    cosine[i] = cos
  })
  result.names.push(`${task.name}Sin`, `${task.name}Cos`)
  result.columns.push(sine, cosine)
}

/** Calls `use` with the local day and the milliseconds since its midnight of every instant; a day is worked out once while it lasts. */
function eachTime(
  times: Float64Array,
  { zone, options }: Task,
  use: (i: number, day: Day, clock: number) => void,
): void {
  let current = NaN
  let day = dayOf(0, options)
  for (let i = 0; i < times.length; i++) {
    const local = zone.toLocal(times[i] ?? NaN)
    const number = Math.floor(local / DAY)
    if (number !== current) {
      day = dayOf(number, options)
      current = number
    }
    use(i, day, local - number * DAY)
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
