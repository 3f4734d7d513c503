/**
 * What the clock shows at an instant in a time zone, and which instant it was when the clock showed something: an hour occurs twice when
 * the clock is put back, and one is missing when it is put forward. Offsets come from Intl, asked once a day and kept; UTC asks nothing.
 */
import { expected } from '@weft/core/errors'

const DAY = 86_400_000

/** The offset of a day, and where in it the offset changes, if it does. */
interface DayOffsets {
  readonly before: number
  readonly after: number
  /** First instant of the offset `after`; Infinity when nothing changes. */
  readonly change: number
}

/** A time zone by its IANA name. */
export class TimeZone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat | undefined
  readonly #days = new Map<number, DayOffsets>()
  #lastDay = NaN
  #last: DayOffsets = { before: 0, after: 0, change: Infinity }

  /** @throws UserError when there is no zone of this name. */
  constructor(name: string) {
    this.name = name
    if (name === 'UTC') return
    const numeric = 'numeric'
    const fields = {
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    } as const
    try {
      this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', era: 'short', ...fields })
    } catch {
      const hint = 'Such as UTC, Europe/Berlin or America/New_York.'
      throw expected({
        doing: 'reading times',
        want: 'a time zone of the IANA database',
        of: '--time-zone',
        got: name,
        hint,
      })
    }
  }

  /** Milliseconds by which the clock is ahead of UTC at an instant. */
  offsetAt(utc: number): number {
    if (this.#format === undefined) return 0
    const day = Math.floor(utc / DAY)
    if (day !== this.#lastDay) {
      this.#last = this.#days.get(day) ?? this.#offsetsOf(day)
      this.#lastDay = day
    }
    return utc < this.#last.change ? this.#last.before : this.#last.after
  }

  /** What the clock shows, as milliseconds as if it were UTC. */
  toLocal(utc: number): number {
    return utc + this.offsetAt(utc)
  }

  /**
   * The instant at which the clock shows `local`. Of two, the earlier one that comes after `previous`, so that rows in their order
   * go through the hour that occurs twice; the later one when neither does. Undefined when the clock never shows it.
   */
  toUtc(local: number, previous = -Infinity): number | undefined {
    if (this.#format === undefined) return local
    const earlier = local - this.offsetAt(local - DAY)
    const later = local - this.offsetAt(local + DAY)
    const isEarlier = this.toLocal(earlier) === local
    if (earlier === later) return isEarlier ? earlier : undefined
    const isLater = this.toLocal(later) === local
    if (isEarlier && isLater)
      return Math.min(earlier, later) > previous ? Math.min(earlier, later) : Math.max(earlier, later)
    if (isEarlier) return earlier
    return isLater ? later : undefined
  }

  #offsetsOf(day: number): DayOffsets {
    const [before, after] = [this.#ask(day * DAY), this.#ask((day + 1) * DAY)]
    let [low, high] = [day * DAY, (day + 1) * DAY]
    // Bisection to the second: the offset is `before` at low and no longer at high.
    while (before !== after && high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000
      if (this.#ask(middle) === before) low = middle
      else high = middle
    }
    const offsets = { before, after, change: before === after ? Infinity : high }
    this.#days.set(day, offsets)
    return offsets
  }

  #ask(utc: number): number {
    const part: Record<string, string> = {}
    for (const { type, value } of this.#format?.formatToParts(utc) ?? []) part[type] = value
    const year = part.era?.startsWith('B') ? 1 - Number(part.year) : Number(part.year)
    const shown = new Date(0)
    shown.setUTCFullYear(year, Number(part.month) - 1, Number(part.day))
    shown.setUTCHours(Number(part.hour), Number(part.minute), Number(part.second))
    return shown.getTime() - Math.floor(utc / 1000) * 1000
  }
}

/** An instant as a person writes it: the date alone at midnight, else with minutes, and with seconds where there are any. */
export function formatInstant(utc: number, zone: TimeZone): string {
  const local = zone.toLocal(utc)
  if (!Number.isFinite(local) || Math.abs(local) > 8.64e15) return String(utc)
  const [date = '', clock = ''] = new Date(local).toISOString().split('T')
  if (local % DAY === 0) return date
  if (local % 1000 !== 0) return `${date} ${clock.slice(0, 12)}`
  return `${date} ${clock.slice(0, local % 60_000 === 0 ? 5 : 8)}`
}
