/**
 * Watching: rows of a CSV file as they are appended, or of standard input, and after each what a saved model says: a forecast of the rows to
 * come, or whether the row is an alarm. The first line names the columns. A row that cannot be used is named and passed over.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, setupRuntime, UserError, type RuntimeReport } from '@weft/core'
import { formatNumber, resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { followFile, followStream } from './anomaly/follow.js'
import { Watcher } from './anomaly/watcher.js'
import { LiveForecast } from './live-forecast.js'
import { ForecastModel } from './model.js'
import { watchOptions } from './options.js'
import { splitRecord } from './table/csv.js'
import { MISSING_TEXTS } from './table/columns.js'
import { parseInstant, parseNumberedInstant } from './table/instants.js'
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

/** Says something of a row. */
interface Follower {
  /** Columns that it needs, the time first. */
  readonly timeColumn: string
  readonly timeZone: string
  readonly columns: readonly string[]
  /** Undefined while there are too few rows. */
  take(time: number, values: readonly number[]): WatchedRow | undefined
}

/** Watches until the input ends or the signal aborts. */
export async function watch(given: GivenOptions<typeof watchOptions>, hooks: WatchHooks): Promise<WatchResult> {
  const options = resolveOptions(watchOptions, given)
  const runtime = await setupRuntime({ device: options.device, threads: options.threads, purpose: 'predict' })
  const follower = await openFollower(options.model)
  const { signal } = hooks
  const lines =
    options.data === undefined ? followStream(process.stdin, { signal }) : followFile(options.data, { signal })
  let reader: RowReader | undefined
  const spent: number[] = []
  let [alarms, refused, line] = [0, 0, 0]
  for await (const text of lines) {
    line++
    if (text.trim() === '') continue
    if (reader === undefined) {
      reader = new RowReader(text, follower)
      continue
    }
    const arrived = performance.now()
    try {
      const { time, values } = reader.read(text)
      const said = follower.take(time, values)
      spent.push(performance.now() - arrived)
      if (said?.alarm) alarms++
      if (said) hooks.print(said.text)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      refused++
      hooks.warn(`row ${line}: ${error.message}`)
    }
  }
  const sorted = Float64Array.from(spent).sort()
  return {
    rows: spent.length,
    alarms,
    refused,
    device: runtime.device,
    medianMs: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    slowestMs: sorted.at(-1) ?? Number.NaN,
  }
}

/** A detector that `detect` saved, or a model that `train` saved. */
async function openFollower(path: string): Promise<Follower> {
  const detector = [path, join(path, 'detector')].find((dir) => existsSync(join(dir, 'table.json')))
  return detector === undefined ? followForecast(await ForecastModel.load(path)) : followDetector(detector)
}

async function followDetector(dir: string): Promise<Follower> {
  const table = readJson(join(dir, 'table.json'))
  if (!isWatchedTable(table)) {
    throw new UserError(`loading ${dir}: expected timeColumn, timeZone and columns in table.json, received others`)
  }
  const watcher = await Watcher.load(dir)
  return {
    ...table,
    take(time, values) {
      const { alarm, score, expected, forecast } = watcher.update(time, values)
      const iso = new Date(time).toISOString()
      const shown = table.columns.map((column, c) => {
        const usual = expected?.[c]
        const instead = usual === undefined || Number.isNaN(usual) ? '' : ` (expected ${formatNumber(usual, 4)})`
        return `${column} ${formatNumber(values[c] ?? Number.NaN, 4)}${instead}`
      })
      const next = forecast ? `  next ${[...forecast].map((value) => formatNumber(value, 4)).join(', ')}` : ''
      return {
        time: iso,
        alarm,
        text: `${iso}  ${shown.join('; ')}  score ${score.toFixed(3)}${next}${alarm ? '  ALARM' : ''}`,
      }
    },
  }
}

function isWatchedTable(table: unknown): table is { timeColumn: string; timeZone: string; columns: string[] } {
  if (typeof table !== 'object' || table === null) return false
  const { timeColumn, timeZone, columns } = { timeColumn: undefined, timeZone: undefined, columns: undefined, ...table }
  return typeof timeColumn === 'string' && typeof timeZone === 'string' && Array.isArray(columns)
}

function followForecast(model: ForecastModel): Follower {
  const live = new LiveForecast(model)
  const { timeColumn, options, layout } = model.forecasting
  return {
    timeColumn,
    timeZone: options.timeZone,
    columns: live.columns,
    take(time, values) {
      const forecast = live.update(time, values)
      if (forecast === undefined) return undefined
      const iso = new Date(time).toISOString()
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
  readonly #follower: Follower
  readonly #zone: TimeZone
  #last = -Infinity

  /** @throws UserError for a header that lacks a column. */
  constructor(header: string, follower: Follower) {
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
    this.#times = (names.includes(follower.timeColumn) ? [follower.timeColumn] : follower.timeColumn.split('+')).map(
      place,
    )
    this.#values = follower.columns.map(place)
    this.#follower = follower
    this.#zone = new TimeZone(follower.timeZone)
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
    const instant = parseInstant(written) ?? parseNumberedInstant(written)
    if (instant === undefined)
      throw new UserError(`expected a time for ${this.#follower.timeColumn}, received ${written}`)
    const time = instant.zoned ? instant.ms : (this.#zone.toUtc(instant.ms, this.#last) ?? instant.ms)
    this.#last = time
    return { time, values: this.#values.map((at) => this.#number(cells[at] ?? '', this.#names[at] ?? '')) }
  }

  #number(cell: string, column: string): number {
    const text = cell.trim()
    if (MISSING_TEXTS.includes(text.toLowerCase())) return Number.NaN
    const value = Number(text)
    if (Number.isFinite(value)) return value
    throw new UserError(`expected a finite number for ${column}, received ${text}`)
  }
}
