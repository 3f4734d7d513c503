/**
 * Forecasts beyond the end of a table by a saved model: of every series the rows after the last that holds a target. What is known ahead
 * must be in the table, in rows whose targets are empty; the calendar is known anyway.
 */
import { join } from 'node:path'
import { expected } from '@weft/core/errors'
import type { RuntimeReport } from '@weft/core/runtime'
import { writeFileAtomic } from '@weft/core/files'
import { onRuntime, toCsv, type Hooks } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import type { EnrichedSeries } from './data.js'
import { futureTimes } from './series/future-times.js'
import type { ForecastWithHistory, Prediction } from './forecasting/prediction.js'
import { ForecastModel } from './model.js'
import { predictOptions } from './options.js'
import { readTableForModel, type TableForModel } from './forecasting/table-for-model.js'
import { prepareEnd } from './forecasting/series-end.js'
import type { Table } from './series/series.js'

/** Rows of history that a plot shows, in horizons. */
const SHOWN_HORIZONS = 4

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
  hooks: Hooks = {},
): Promise<PredictResult> {
  const started = performance.now()
  const options = resolveOptions(predictOptions, given)
  return onRuntime({ ...options, purpose: 'predict' }, hooks, async (runtime) => {
    const model = await ForecastModel.load(options.model)
    const read = await readTableForModel(model, data)
    const forecasts = forecastEnd(model, read, data)
    const predictions = forecasts.map(({ series, target, rows }) => ({ series, target, rows }))
    const seconds = (performance.now() - started) / 1000
    const result = { predictions, notes: read.table.notes, runtime, seconds }
    if (options.out === undefined) return { ...result, files: [] }
    const [csv, report] = [join(options.out, 'forecast.csv'), join(options.out, 'report.html')]
    writeFileAtomic(csv, forecastCsv(predictions))
    const { writeFutureReport } = await import('./report/future-report.js')
    writeFutureReport(report, forecasts, model, { data, runtime, seconds, options, command: hooks.command })
    return { ...result, files: [csv, report] }
  })
}

/** The forecasts after the end of each series. */
function forecastEnd(
  model: ForecastModel,
  { table, enriched, holidays, set }: TableForModel,
  data: string,
): ForecastWithHistory[] {
  const { options, layout } = model.spec
  const ends = enriched.map((one) => endOf(one, layout.targets, options.lookBack, data))
  const ahead = enriched.map(({ series }, s) => timesFrom(series.times, ends[s] ?? 0, options.horizon, table))
  const forecaster = model.over(
    enriched.map(({ series }, s) => prepareEnd(model, series, ends[s] ?? 0, ahead[s], holidays)),
    ends.map(() => [options.lookBack]),
  )
  return enriched.flatMap(({ series }, s) => {
    const [end, times] = [ends[s] ?? 0, ahead[s]]
    const { mean, lower, upper } = forecaster.forecast(s, 0, 1)
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
function endOf({ series }: EnrichedSeries, targets: readonly string[], lookBack: number, data: string): number {
  const columns = targets.flatMap((name) => series.columns.get(name) ?? [])
  let end = series.times.length
  while (end > 0 && columns.every((values) => Number.isNaN(values[end - 1]))) end--
  if (end >= lookBack) return end
  const where = series.key === '' ? data : `series ${series.key} of ${data}`
  throw expected({
    doing: 'forecasting',
    want: `at least ${lookBack} rows up to the last value of ${targets.join(', ')}`,
    of: where,
    got: `${end} rows`,
  })
}

function timesFrom(times: Float64Array, end: number, count: number, { step }: Table): Float64Array | undefined {
  const there = times.slice(end, end + count)
  if (there.length === count) return there
  const after = futureTimes(times, step, count - there.length)
  return after && Float64Array.from([...there, ...after])
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
