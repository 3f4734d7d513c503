/**
 * Watching: rows of a CSV file as they are appended, or of standard input, and after each what a saved model says: a forecast of the rows to
 * come, or whether the row is an alarm. The first line names the columns. A row that cannot be used is named and passed over.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readJson } from '@weft/core/files'
import { setupRuntime, type RuntimeReport } from '@weft/core/runtime'
import { UserError } from '@weft/core/errors'
import { formatNumber, plural, resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { followFile, followStream } from './watching/follow.js'
import { type Watched, Watcher } from './anomaly/watcher.js'
import { LiveForecast } from './forecasting/live-forecast.js'
import { ForecastModel } from './model.js'
import { watchOptions } from './options.js'
import { RowClock } from './series/row-clock.js'
import type { Step } from './series/series.js'
import { splitRecord } from './table/csv.js'
import { MISSING_TEXTS } from './table/columns.js'
import { parseInstant, parseNumberedInstant } from './table/instants.js'
import { readHolidays } from './table/holidays.js'
import type { DateOrder } from './table/table-options.js'
import { TimeZone } from './table/time-zone.js'

/** What is said after a row. */
export interface WatchedRow {
  /** ISO 8601. */
  readonly time: string
  readonly alarm: boolean
  /** For people. */
  readonly text: string
}

export interface WatchHooks {
  readonly signal: AbortSignal
  print(line: string): void
  warn(line: string): void
  note?(line: string): void
  /** Where rows come from without a file; default standard input. */
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

/** How the cells of a row are read. */
interface WatchedTable {
  readonly timeColumn: string
  readonly timeZone: string
  readonly columns: readonly string[]
  readonly dateOrder?: DateOrder | undefined
  readonly missingText: readonly string[]
}

/** Says something of a row. */
interface Follower {
  readonly table: WatchedTable
  /** Rows up to here it has seen already, ms since 1970 UTC. */
  readonly seenUntil: number
  /** Whether rows that were there before matter only for what comes after them. */
  readonly looksAhead: boolean
  /** @throws UserError for a row that cannot be used, which then changes nothing. */
  take(time: number, values: readonly number[]): void
  /** Of the row that it took last; undefined while there are too few. */
  say(): WatchedRow | undefined
}

/** Watches until the input ends or the signal aborts. */
export async function watch(given: GivenOptions<typeof watchOptions>, hooks: WatchHooks): Promise<WatchResult> {
  const options = resolveOptions(watchOptions, given)
  const runtime = await setupRuntime({ device: options.device, threads: options.threads, purpose: 'predict' })
  const session = new Session(await openFollower(options.model), options.data !== undefined, hooks)
  const { signal, input = process.stdin } = hooks
  const lines =
    options.data === undefined
      ? followStream(input, { signal })
      : followFile(options.data, { signal, onCaughtUp: () => session.caughtUp() })
  for await (const line of lines) session.line(line)
  session.caughtUp()
  return { ...session.result(), device: runtime.device }
}

/** What has been watched so far. */
class Session {
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

/** A detector that `detect` saved, or a model that `train` saved. */
async function openFollower(path: string): Promise<Follower> {
  const detector = [path, join(path, 'detector')].find((dir) => existsSync(join(dir, 'table.json')))
  if (detector !== undefined) return followDetector(detector)
  if (existsSync(join(path, 'detectors')))
    throw new UserError(
      `watching a table: expected one detector for --model, received ${path}, which holds several`,
      `Name one of them: ${readdirSync(join(path, 'detectors'))
        .slice(0, 3)
        .map((name) => join(path, 'detectors', name))
        .join(', ')}, …`,
    )
  return followForecast(await ForecastModel.load(path))
}

async function followDetector(dir: string): Promise<Follower> {
  const table: unknown = readJson(join(dir, 'table.json'))
  if (!isDetectedTable(table)) {
    throw new UserError(
      `loading ${dir}: expected timeColumn, timeZone, step and columns in table.json, received others`,
    )
  }
  const watcher = await Watcher.load(dir)
  const clock = new RowClock(table.step, watcher.lastTime)
  const nothing = table.columns.map(() => Number.NaN)
  let last: { watched: Watched; values: readonly number[] } | undefined
  return {
    table,
    seenUntil: watcher.lastTime,
    looksAhead: false,
    take(time, values) {
      const tick = clock.tick(time)
      for (const missing of tick.missing) watcher.update(missing, nothing)
      last = { watched: watcher.update(tick.time, values), values }
    },
    say: () => last && detectionText(last.watched, last.values, table.columns),
  }
}

function detectionText(
  { time, alarm, score, expected, forecast }: Watched,
  values: readonly number[],
  columns: readonly string[],
): WatchedRow {
  const iso = new Date(time).toISOString()
  const shown = columns.map((column, c) => {
    const usual = expected?.[c]
    const instead = usual === undefined || Number.isNaN(usual) ? '' : ` (expected ${formatNumber(usual, 4)})`
    return `${column} ${formatNumber(values[c] ?? Number.NaN, 4)}${instead}`
  })
  const next = forecast ? `  next ${[...forecast].map((value) => formatNumber(value, 4)).join(', ')}` : ''
  const text = `${iso}  ${shown.join('; ')}  score ${score.toFixed(3)}${next}${alarm ? '  ALARM' : ''}`
  return { time: iso, alarm, text }
}

function isDetectedTable(table: unknown): table is WatchedTable & { step: Step } {
  if (typeof table !== 'object' || table === null) return false
  const { timeColumn, timeZone, columns, step, missingText } = { ...table } as Record<string, unknown>
  return (
    typeof timeColumn === 'string' &&
    typeof timeZone === 'string' &&
    typeof step === 'object' &&
    step !== null &&
    Array.isArray(columns) &&
    Array.isArray(missingText)
  )
}

async function followForecast(model: ForecastModel): Promise<Follower> {
  const { timeColumn, options, layout } = model.forecasting
  const { timeZone, dateOrder, missingText, holidays } = options
  const live = new LiveForecast(model, holidays === undefined ? undefined : await readHolidays(holidays))
  let last = Number.NaN
  return {
    table: { timeColumn, timeZone, columns: live.columns, dateOrder, missingText },
    seenUntil: -Infinity,
    looksAhead: true,
    take(time, values) {
      live.push(time, values)
      last = time
    },
    say() {
      const forecast = live.forecast()
      if (forecast === undefined) return undefined
      const iso = new Date(last).toISOString()
      const shown = layout.targets.map((target, c) => {
        const leads = Array.from(
          { length: options.horizon },
          (_, h) => forecast.mean[h * layout.targets.length + c] ?? Number.NaN,
        )
        return `${target} ${leads.map((value) => formatNumber(value, 4)).join(' ')}`
      })
      return { time: iso, alarm: false, text: `${iso}  ${shown.join('; ')}` }
    },
  }
}

/** Reads the rows of a CSV file whose first line names the columns. */
class RowReader {
  readonly #delimiter: string
  readonly #names: readonly string[]
  readonly #times: readonly number[]
  readonly #values: readonly number[]
  readonly #table: WatchedTable
  readonly #missing: ReadonlySet<string>
  readonly #zone: TimeZone
  #last = -Infinity

  /** @throws UserError for a header that lacks a column. */
  constructor(header: string, table: WatchedTable) {
    this.#delimiter = [',', ';', '\t', '|'].reduce((best, mark) =>
      header.split(mark).length > header.split(best).length ? mark : best,
    )
    const names = splitRecord(header.replace(/^\uFEFF/, ''), this.#delimiter).map((name) => name.trim())
    const place = (name: string) => {
      const at = names.indexOf(name)
      if (at >= 0) return at
      throw new UserError(`watching: expected the column ${name} in the first line, received ${names.join(', ')}`)
    }
    this.#names = names
    this.#times = (names.includes(table.timeColumn) ? [table.timeColumn] : table.timeColumn.split('+')).map(place)
    this.#values = table.columns.map(place)
    this.#table = table
    this.#missing = new Set([...MISSING_TEXTS, ...table.missingText.map((text) => text.trim().toLowerCase())])
    this.#zone = new TimeZone(table.timeZone)
  }

  /** @throws UserError that names the column of a cell that cannot be used. */
  read(text: string): { time: number; values: number[] } {
    const cells = splitRecord(text, this.#delimiter)
    if (cells.length !== this.#names.length)
      throw new UserError(`expected ${this.#names.length} cells, received ${cells.length}`)
    const parts = this.#times.map((at) => (cells[at] ?? '').trim())
    const [year = '', month = '1', day = '1', ...clock] = parts
    const written =
      parts.length === 1
        ? year
        : `${year}-${month}-${day} ${clock.map((part) => part.padStart(2, '0')).join(':')}`.trim()
    const { timeColumn, dateOrder } = this.#table
    const instant = parseInstant(written, isDayFirst(written, dateOrder)) ?? parseNumberedInstant(written)
    if (instant === undefined)
      throw new UserError(`expected a time for ${timeColumn}, received ${JSON.stringify(written)}`)
    const time = instant.zoned ? instant.ms : this.#zone.toUtc(instant.ms, this.#last)
    if (time === undefined)
      throw new UserError(
        `expected a time that exists in ${this.#zone.name} for ${timeColumn}, received ${JSON.stringify(written)}`,
      )
    this.#last = time
    return { time, values: this.#values.map((at) => this.#number(cells[at] ?? '', this.#names[at] ?? '')) }
  }

  #number(cell: string, column: string): number {
    const text = cell.trim()
    if (this.#missing.has(text.toLowerCase())) return Number.NaN
    const value = Number(text)
    if (Number.isFinite(value)) return value
    throw new UserError(`expected a finite number for ${column}, received ${JSON.stringify(text)}`)
  }
}

/** Of dates such as 01/02/2003, which one row alone leaves open. */
function isDayFirst(text: string, order: DateOrder | undefined): boolean {
  return order === undefined ? /^\s*\d{1,2}\./.test(text) : order === 'day-first'
}
