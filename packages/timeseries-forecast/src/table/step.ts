/**
 * The step of time between two rows: read from a name, described in words, added to a time, and inferred from times. A month and a
 * year are steps of the calendar; where days or hours are left out week by week, as at an exchange, only the order of the rows counts.
 */
import { expected, UserError } from '@weft/core/errors'
import type { Step } from '../series/series.js'
import { dayNumber, daysOfMonth } from './instants.js'

const DAY = 86_400_000
const UNITS: readonly (readonly [string, number])[] = [
  ['week', 7 * DAY],
  ['day', DAY],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
  ['millisecond', 1],
]
/** Share of a step by which a row may be off the grid and still belong to it. */
export const TOLERANCE = 0.1
/** With more than this share of the rows off the grid, there is none. */
const IRREGULAR = 0.1
/** Rows of an axis that are looked at to find its step and where its grid lies. */
const ENOUGH = 1_000_000

const NAMES: ReadonlyMap<string, Step> = new Map(
  [
    ['ms', 'millisecond', 1, 'ms'] as const,
    ['s', 'second', 1000, 'ms'] as const,
    ['sec', 'second', 1000, 'ms'] as const,
    ['min', 'minute', 60_000, 'ms'] as const,
    ['h', 'hour', 3_600_000, 'ms'] as const,
    ['d', 'day', DAY, 'ms'] as const,
    ['w', 'week', 7 * DAY, 'ms'] as const,
    ['mo', 'month', 1, 'month'] as const,
    ['q', 'quarter', 3, 'month'] as const,
    ['y', 'year', 12, 'month'] as const,
  ].flatMap(([short, long, count, unit]) => [short, long, `${long}s`].map((name) => [name, { unit, count }] as const)),
)

/**
 * A step from its name, such as `15min`, `1h`, `1d`, `1month`, `year` or `rows`.
 *
 * @throws UserError for anything else.
 */
export function parseStep(text: string): Step {
  const wanted = text.trim().toLowerCase()
  if (wanted === 'row' || wanted === 'rows') return { unit: 'row', count: 1 }
  const [, count = '1', name = ''] = /^(\d+)?\s*([a-z]+)$/.exec(wanted === '' ? 'none' : wanted) ?? []
  const unit = NAMES.get(name)
  if (unit === undefined || unit.unit === 'row' || Number(count) < 1) {
    const hint = 'A number and one of s, min, h, d, w, month, quarter, year; or rows, when only their order counts.'
    throw expected({
      doing: 'reading a step',
      want: 'a step such as 15min, 1h, 1d or 1month',
      of: '--step',
      got: text,
      hint,
    })
  }
  return { unit: unit.unit, count: unit.count * Number(count) }
}

/** A step as `parseStep` reads it. */
export function stepName({ unit, count }: Step): string {
  return unit === 'row' ? 'rows' : `${count}${unit}`
}

/** A step in words: `every 15 minutes`, `hourly`, `monthly`, `rows as they come`. */
export function describeStep(step: Step): string {
  if (step.unit === 'row') return 'rows as they come'
  if (step.unit === 'month') {
    if (step.count % 12 === 0) return step.count === 12 ? 'yearly' : `every ${step.count / 12} years`
    if (step.count === 3) return 'quarterly'
    return step.count === 1 ? 'monthly' : `every ${step.count} months`
  }
  const single = new Map([
    ['hour', 'hourly'],
    ['day', 'daily'],
    ['week', 'weekly'],
  ])
  const [name, ms] = UNITS.find(([, length]) => step.count % length === 0) ?? ['millisecond', 1]
  const count = step.count / ms
  return count === 1 ? (single.get(name) ?? `every ${name}`) : `every ${count} ${name}s`
}

/** Year, month from 0, day from 1 and milliseconds of the day. */
function calendar(time: number) {
  const date = new Date(time)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  return {
    month: 12 * year + month,
    day,
    clock: time - DAY * dayNumber(year, month + 1, day),
    isLast: day === daysOfMonth(year, month + 1),
  }
}

/** Months from year 0 to an instant, in UTC. */
export function monthOf(time: number): number {
  return calendar(time).month
}

/**
 * The time `n` steps after `time`, before it when n is negative. A month later is the same day, or the last one of a shorter month; the last
 * day of a month stays the last. Rows that have only an order have no next time.
 *
 * @throws UserError for the step `rows`.
 */
export function stepForward(time: number, step: Step, n: number): number {
  if (step.unit === 'ms') return time + n * step.count
  if (step.unit === 'row') throw new UserError('finding the next time: expected a step of time for step, received rows')
  const { month, day, clock, isLast } = calendar(time)
  const to = month + n * step.count
  const [year, within] = [Math.floor(to / 12), ((to % 12) + 12) % 12]
  const days = daysOfMonth(year, within + 1)
  return DAY * dayNumber(year, within + 1, isLast ? days : Math.min(day, days)) + clock
}

/** An inferred step, and the reason for it, as the end of a sentence. */
export interface InferredStep {
  readonly step: Step
  readonly why: string
}

/** What occurs most often; of several the smallest. */
function commonest(counts: ReadonlyMap<number, number>): number {
  let [best, most] = [NaN, 0]
  for (const [value, count] of counts) {
    if (count > most || (count === most && value < best)) [best, most] = [value, count]
  }
  return best
}

function countInto(counts: Map<number, number>, value: number): void {
  counts.set(value, (counts.get(value) ?? 0) + 1)
}

/**
 * The step of one or several ascending axes of time in ms: the commonest difference. From 28 days on it is counted in months when all rows
 * lie on the same day of the month, or all on the last. It is `row` where some day of the week never occurs, and where times are irregular.
 *
 * @throws UserError when no axis has 2 rows.
 */
export function inferStep(axes: readonly Float64Array[]): InferredStep {
  const differences = new Map<number, number>()
  for (const times of axes) {
    for (let i = 1; i < Math.min(times.length, ENOUGH); i++)
      countInto(differences, (times[i] ?? NaN) - (times[i - 1] ?? NaN))
  }
  if (differences.size === 0)
    throw expected({ doing: 'inferring the step', want: 'at least 2 rows of a series', of: 'the table', got: '1 row' })
  const count = commonest(differences)
  const months = count >= 28 * DAY ? monthStep(axes) : undefined
  if (months !== undefined) return { step: months, why: 'the commonest difference' }
  const row: Step = { unit: 'row', count: 1 }
  const long = axes.filter(lastsWeeks)
  if (count <= DAY && long.length > 0 && long.every(leavesOutWeekdays)) {
    return {
      step: row,
      why: `${count === DAY ? 'Trading days' : 'Trading hours'}, since some days of the week never occur`,
    }
  }
  const step: Step = { unit: 'ms', count }
  let [off, rows] = [0, 0]
  for (const times of axes) {
    const phase = phaseOf(times, count)
    for (const time of times) if (Math.abs(offGrid(time, phase, count)) > TOLERANCE * count) off++
    rows += times.length
  }
  if (off > IRREGULAR * rows) {
    const share = Math.round((100 * off) / rows)
    return { step: row, why: `Irregular times, ${share} % of them off a grid that is ${describeStep(step)}` }
  }
  return { step, why: 'the commonest difference' }
}

/** Where the grid of an axis lies: the commonest remainder of its times. */
export function phaseOf(times: Float64Array, count: number): number {
  const remainders = new Map<number, number>()
  for (const time of times.subarray(0, ENOUGH)) countInto(remainders, ((time % count) + count) % count)
  return commonest(remainders)
}

/** How far after the nearest point of the grid a time lies, from -count / 2 to count / 2. */
export function offGrid(time: number, phase: number, count: number): number {
  return time - phase - count * Math.round((time - phase) / count)
}

function monthStep(axes: readonly Float64Array[]): Step | undefined {
  const differences = new Map<number, number>()
  for (const times of axes) {
    const first = calendar(times[0] ?? 0)
    let [before, sameDay, lastDay] = [first.month, true, true]
    for (const [at, time] of times.entries()) {
      const { month, day, clock, isLast } = calendar(time)
      if (at > 0) countInto(differences, month - before)
      before = month
      sameDay &&= day === first.day && clock === first.clock
      lastDay &&= isLast && clock === first.clock
    }
    if (!sameDay && !lastDay) return undefined
  }
  return { unit: 'month', count: commonest(differences) }
}

/** Whether an axis is long enough, two weeks, to show on which days of the week there are rows. */
function lastsWeeks(times: Float64Array): boolean {
  return (times.at(-1) ?? 0) - (times[0] ?? 0) >= 13 * DAY
}

function leavesOutWeekdays(times: Float64Array): boolean {
  const seen = new Set<number>()
  for (const time of times) seen.add((((Math.floor(time / DAY) + 4) % 7) + 7) % 7)
  return seen.size < 7
}
