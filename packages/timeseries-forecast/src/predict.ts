/**
 * Forecasts beyond the end of a table by a saved model: of every series the rows after the last that holds a target. What is known ahead
 * must be in the table, in rows whose targets are empty; the calendar is known anyway.
 */
import { basename, join } from 'node:path'
import { expected, setupRuntime, UserError, writeFileAtomic, type RuntimeReport } from '@weft/core'
import { toCsv } from '@weft/core/app'
import { formatDuration, resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { writeReport } from '@weft/core/report'
import { calendarColumns, type Enriched } from './data.js'
import { prepareSeries } from './features.js'
import { futureTimes } from './future-times.js'
import { FORMAT, ForecastModel } from './model.js'
import { predictOptions } from './options.js'
import { readForModel, type ReadForModel } from './reading.js'
import { futureSections } from './shown.js'
import type { Table } from './series.js'
import { readHolidays } from './table/holidays.js'
import type { PreparedSeries } from './windows/prepared-series.js'

/** Rows of history that a plot shows, in horizons. */
const SHOWN_HORIZONS = 4

/** The forecast of one target of one series. */
export interface Prediction {
  readonly series: string
  readonly target: string
  /** One for each row of the horizon. */
  readonly rows: readonly PredictedRow[]
}

export interface PredictedRow {
  /** ISO 8601 in UTC; of rows that have only an order `+1`, `+2`, … after the last. */
  readonly time: string
  readonly forecast: number
  readonly lower?: number
  readonly upper?: number
}

/** What is drawn of a forecast. */
export interface DrawnForecast extends Prediction {
  readonly history: { readonly times: Float64Array; readonly values: Float64Array }
  /** Undefined where rows have only an order. */
  readonly times: Float64Array | undefined
}

export interface PredictResult {
  readonly predictions: readonly Prediction[]
  readonly notes: readonly string[]
  readonly runtime: RuntimeReport
  readonly seconds: number
  /** Files that were written. */
  readonly files: readonly string[]
}

/** Forecasts what comes after the end of the table `data`. */
export async function predict(
  data: string,
  given: GivenOptions<typeof predictOptions>,
  command?: string,
): Promise<PredictResult> {
  const started = performance.now()
  const options = resolveOptions(predictOptions, given)
  const runtime = await setupRuntime({ device: options.device, threads: options.threads, purpose: 'predict' })
  const model = await ForecastModel.load(options.model)
  const read = await readForModel(model, data)
  const drawn = await forecastEnd(model, read, data)
  const predictions = drawn.map(({ series, target, rows }) => ({ series, target, rows }))
  const seconds = (performance.now() - started) / 1000
  const files: string[] = []
  if (options.out !== undefined) {
    const [csv, report] = [join(options.out, 'forecast.csv'), join(options.out, 'report.html')]
    writeFileAtomic(csv, forecastCsv(predictions))
    writeReport(report, {
      kicker: `Weft ${FORMAT.app}`,
      title: 'Forecast',
      subtitle: `${model.targetNames.join(', ')} after the end of ${basename(data)}`,
      sections: futureSections(drawn, model),
      footer: {
        ...(command !== undefined && { command }),
        device: runtime.device,
        duration: formatDuration(seconds),
        finished: new Date(),
        versions: runtime.versions,
        options,
      },
    })
    files.push(csv, report)
  }
  return { predictions, notes: read.table.notes, runtime, seconds, files }
}

/** The forecasts after the end of each series. */
async function forecastEnd(
  model: ForecastModel,
  { table, enriched, set }: ReadForModel,
  data: string,
): Promise<DrawnForecast[]> {
  const { options, layout } = model.forecasting
  const holidays = options.holidays === undefined ? undefined : await readHolidays(options.holidays)
  const ends = enriched.map((one) => endOf(one, layout.targets, options.lookBack, data))
  const prepared = enriched.map((one, s) => prepareAhead(model, one, ends[s] ?? 0, { table, data, holidays }))
  const forecaster = model.over(
    prepared,
    ends.map((end) => [end]),
  )
  return enriched.flatMap(({ series }, s) => {
    const end = ends[s] ?? 0
    const { mean, lower, upper } = forecaster.forecast(s, 0, 1)
    const times = timesFrom(series.times, end, options.horizon, table)
    const lines = set.lines.filter((line) => line.series === s)
    return lines.map(({ key, name, target, values }) => {
      const cell = (h: number) => h * layout.targets.length + target
      const rows = Array.from({ length: options.horizon }, (_, h) => ({
        time: times === undefined ? `+${h + 1}` : new Date(times[h] ?? 0).toISOString(),
        forecast: mean[cell(h)] ?? Number.NaN,
        ...(lower && upper && { lower: lower[cell(h)] ?? Number.NaN, upper: upper[cell(h)] ?? Number.NaN }),
      }))
      const from = Math.max(0, end - SHOWN_HORIZONS * options.horizon)
      const history = { times: series.times.slice(from, end), values: values.slice(from, end) }
      return { series: key, target: name, rows, history, times }
    })
  })
}

/** The row after the last that holds a target. @throws UserError when what is before it is no whole look-back. */
function endOf({ series }: Enriched, targets: readonly string[], lookBack: number, data: string): number {
  const columns = targets.flatMap((name) => series.columns.get(name) ?? [])
  let end = series.times.length
  while (end > 0 && columns.every((values) => Number.isNaN(values[end - 1]))) end--
  if (end >= lookBack) return end
  const where = series.key === '' ? data : `series ${series.key} of ${data}`
  throw expected(
    'forecasting',
    `at least ${lookBack} rows up to the last value of ${targets.join(', ')}`,
    where,
    `${end} rows`,
  )
}

function timesFrom(times: Float64Array, end: number, count: number, { step }: Table): Float64Array | undefined {
  const there = times.slice(end, end + count)
  if (there.length === count) return there
  const after = futureTimes(times, step, count - there.length)
  return after && Float64Array.from([...there, ...after])
}

/** The series with what is known ahead of its horizon. */
function prepareAhead(
  model: ForecastModel,
  { series }: Enriched,
  end: number,
  { table, data, holidays }: { table: Table; data: string; holidays: ReadonlySet<number> | undefined },
): PreparedSeries {
  const { options, layout } = model.forecasting
  const { scaler } = model.known(series.key)
  const rows = end + options.horizon
  const beyond = timesFrom(series.times, end, options.horizon, table)
  if (layout.known.length === 0) return prepareSeries(series, layout, scaler)
  const times = beyond && Float64Array.from([...series.times.subarray(0, end), ...beyond])
  const calendar = times && calendarColumns(times, options, holidays)
  if (!calendar && options.calendar.length > 0) {
    throw new UserError(
      `forecasting: expected rows with a step of time for the calendar (${options.calendar.join(', ')}), received rows that have only an order`,
      'Train without a calendar, or name the step.',
    )
  }
  const ahead = layout.known.map((name): [string, Float64Array] => {
    const own = calendar?.get(name) ?? (series.columns.get(name) ?? new Float64Array(0)).slice(0, rows)
    const last = own.findLastIndex((value) => !Number.isNaN(value))
    if (last + 1 < rows) throw tooShort(name, last, rows, series.times, data)
    const whole = new Float64Array(Math.max(rows, series.times.length)).fill(Number.NaN)
    whole.set(own)
    return [name, whole]
  })
  return prepareSeries(series, layout, scaler, new Map(ahead))
}

function tooShort(name: string, last: number, rows: number, times: Float64Array, data: string): UserError {
  const time = times[last]
  const until = time === undefined ? 'nothing' : `values up to ${new Date(time).toISOString()}`
  return expected(
    `forecasting ${data}`,
    `its values for all rows of the horizon, ${rows - 1 - last} more,`,
    name,
    until,
    'It was said to be known ahead: add rows in which it stands and the targets are empty.',
  )
}

function forecastCsv(predictions: readonly Prediction[]): string {
  const rows = predictions.flatMap(({ series, target, rows: all }) =>
    all.map(({ time, forecast, lower, upper }) => [
      series,
      target,
      time,
      ...[forecast, lower, upper].map((value) => (value === undefined ? '' : String(value))),
    ]),
  )
  return toCsv([['series', 'target', 'time', 'forecast', 'lower', 'upper'], ...rows])
}
