/**
 * A session of watching: lines go to a follower row by row, its answers are printed, and rows, alarms and times are counted. A row that
 * cannot be used is named and skipped.
 */
import type { Hooks } from '@weft/core/app'
import { plural } from '@weft/core/cli'
import { UserError } from '@weft/core/errors'
import type { RuntimeReport } from '@weft/core/runtime'
import type { Follower } from './follower.js'
import { RowReader } from './row-reader.js'

export interface WatchHooks extends Hooks {
  readonly signal: AbortSignal
  readonly warn: (line: string) => void
  readonly print: (line: string) => void
  /** Where rows come from without a file. Default: standard input. */
  readonly input?: NodeJS.ReadableStream
}

export interface WatchResult {
  readonly rows: number
  readonly alarms: number
  /** Rows that could not be used. */
  readonly refused: number
  readonly device: RuntimeReport['device']
  /** From a row's arrival to what is said of it: the median, and the slowest. */
  readonly medianMs: number
  readonly slowestMs: number
}

/** What has been watched so far. */
export class Session {
  readonly #follower: Follower
  readonly #hooks: WatchHooks
  #reader: RowReader | undefined
  /** Whether rows are still read that were there before watching began, and nothing is said of them. */
  #silent: boolean
  #seen = 0
  #rows = 0
  #line = 0
  #alarms = 0
  #refused = 0
  readonly #spent: number[] = []

  constructor(follower: Follower, isFile: boolean, hooks: WatchHooks) {
    this.#follower = follower
    this.#hooks = hooks
    this.#silent = isFile && follower.looksAhead
  }

  /** @throws UserError for a first line that lacks a column. */
  line(text: string): void {
    this.#line++
    if (text.trim() === '') return
    if (this.#reader === undefined) {
      this.#reader = new RowReader(text, this.#follower.table)
      return
    }
    const arrived = performance.now()
    try {
      const { time, values } = this.#reader.read(text)
      if (time <= this.#follower.seenUntil) {
        this.#seen++
        return
      }
      this.#tellSeen()
      this.#follower.take(time, values)
      this.#rows++
      if (this.#silent) return
      this.#say()
      this.#spent.push(performance.now() - arrived)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      this.#refused++
      this.#hooks.warn(`row ${this.#line}: ${error.message}`)
    }
  }

  /** All that was there has been read. */
  caughtUp(): void {
    this.#tellSeen()
    if (!this.#silent) return
    this.#silent = false
    if (this.#rows > 0) this.#say()
  }

  result(): Omit<WatchResult, 'device'> {
    const sorted = Float64Array.from(this.#spent).sort()
    return {
      rows: this.#rows,
      alarms: this.#alarms,
      refused: this.#refused,
      medianMs: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
      slowestMs: sorted.at(-1) ?? Number.NaN,
    }
  }

  #say(): void {
    const said = this.#follower.say()
    if (said?.alarm) this.#alarms++
    if (said) this.#hooks.print(said.text)
  }

  #tellSeen(): void {
    if (this.#seen === 0) return
    const until = new Date(this.#follower.seenUntil).toISOString()
    this.#hooks.note?.(`Passed over ${plural(this.#seen, 'row')} up to ${until}, which the detector has seen already.`)
    this.#seen = 0
  }
}
