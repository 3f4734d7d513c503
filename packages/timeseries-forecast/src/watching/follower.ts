/**
 * What answers each row that is watched: a saved detector with a score and perhaps an alarm, or a saved model with a forecast. Where rows
 * come from is not its concern.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { formatNumber } from '@weft/core/cli'
import { UserError } from '@weft/core/errors'
import { readJson } from '@weft/core/files'
import { type RowDetection, Watcher } from '../anomaly/watcher.js'
import { LiveForecast } from '../forecasting/live-forecast.js'
import { ForecastModel } from '../model.js'
import { RowClock } from '../series/row-clock.js'
import type { Step } from '../series/series.js'
import { readHolidays } from '../table/holidays.js'
import type { TableFormat } from './row-reader.js'

/** What is said after a row. */
export interface RowMessage {
  /** ISO 8601. */
  readonly time: string
  readonly alarm: boolean
  /** For people. */
  readonly text: string
}

/** Says something of a row. */
export interface Follower {
  readonly table: TableFormat
  /** Rows up to here it has seen already, ms since 1970 UTC. */
  readonly seenUntil: number
  /** Whether rows that were there before matter only for what comes after them. */
  readonly looksAhead: boolean
  /** @throws UserError for a row that cannot be used, which then changes nothing. */
  take(time: number, values: readonly number[]): void
  /** Of the row that it took last; undefined while there are too few. */
  say(): RowMessage | undefined
}

/** A detector that `detect` saved, or a model that `train` saved. */
export async function openFollower(path: string): Promise<Follower> {
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
  if (!isTableFormat(table)) {
    throw new UserError(
      `loading ${dir}: expected timeColumn, timeZone, step and columns in table.json, received others`,
    )
  }
  const watcher = await Watcher.load(dir)
  const clock = new RowClock(table.step, watcher.lastTime)
  const nothing = table.columns.map(() => Number.NaN)
  let last: { watched: RowDetection; values: readonly number[] } | undefined
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
  { time, alarm, score, expected, forecast }: RowDetection,
  values: readonly number[],
  columns: readonly string[],
): RowMessage {
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

function isTableFormat(table: unknown): table is TableFormat & { step: Step } {
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
  const { timeColumn, options, layout } = model.spec
  const { timeZone, dateOrder, missingText, holidays } = options
  const live = new LiveForecast(model, await readHolidays(holidays))
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
