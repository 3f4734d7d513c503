/** The times of rows that are still to come. Trading days are followed by the next weekdays; other rows without a step by nothing. */
import type { Step } from './series.js'
import { stepForward } from '../table/step.js'

const DAY = 86_400_000

/**
 * The times of the next `count` rows after the last of `times`; undefined where rows have only an order.
 *
 * @param times Ascending, at least one.
 */
export function futureTimes(times: Float64Array, step: Step, count: number): Float64Array | undefined {
  const last = times.at(-1)
  if (last === undefined) return undefined
  if (step.unit !== 'row') return Float64Array.from({ length: count }, (_, at) => stepForward(last, step, at + 1))
  if (!areWeekdays(times)) return undefined
  const days = new Float64Array(count)
  let day = last
  for (let at = 0; at < count; at++) {
    do day += DAY
    while (isWeekend(day))
    days[at] = day
  }
  return days
}

/** Whether rows are whole days, none of them a Saturday or Sunday, mostly one after the other. */
function areWeekdays(times: Float64Array): boolean {
  const [first = 0] = times
  const whole = times.every((time) => (time - first) % DAY === 0 && !isWeekend(time))
  const neighbours = times.filter((time, at) => at > 0 && time - (times[at - 1] ?? 0) === DAY).length
  return whole && neighbours * 2 >= times.length - 1
}

function isWeekend(time: number): boolean {
  const day = new Date(time).getUTCDay()
  return day === 0 || day === 6
}

/** ISO times as people read them: `2024-10-29 13:00`, or `2024-10-29` where all are the beginnings of days. What is no time stays. */
export function shortTimes(times: readonly string[]): string[] {
  const days = times.every((time) => time.endsWith('T00:00:00.000Z'))
  return times.map((time) => (days ? time.slice(0, 10) : time.replace('T', ' ').replace(/(:00)?(\.000)?Z$/, '')))
}
