/**
 * The end of a series as its next forecast needs it: the rows of one look-back, and what is known ahead of the rows to come. Where the
 * end is and which columns there are is the caller's.
 */
import { expected, UserError } from '@weft/core/errors'
import { calendarColumns } from '../data.js'
import { prepareSeries } from '../features.js'
import type { ForecastModel } from '../model.js'
import type { Series } from '../series/series.js'
import type { PreparedSeries } from '../windows/prepared-series.js'

/**
 * The look-back of `series` before row `end`: the origin of its forecast is the model's look-back.
 *
 * @param series With derived columns; those of the calendar are made here.
 * @param ahead Times of the horizon; undefined where rows have only an order.
 * @throws UserError when a column known ahead ends before the horizon.
 */
export function prepareEnd(
  model: ForecastModel,
  series: Series,
  end: number,
  ahead: Float64Array | undefined,
  holidays?: ReadonlySet<number>,
): PreparedSeries {
  const { options, layout } = model.spec
  const from = end - options.lookBack
  const times = series.times.subarray(from, end)
  if (ahead === undefined && options.calendar.length > 0) {
    throw new UserError(
      `forecasting: expected rows with a step of time for the calendar (${options.calendar.join(', ')}), received rows that have only an order`,
      'Train without a calendar, or name the step.',
    )
  }
  const calendar = calendarColumns(Float64Array.from([...times, ...(ahead ?? [])]), options, holidays)
  const futureColumns = layout.knownAhead.map((name): [string, Float64Array] => [
    name,
    calendar.get(name) ?? valuesAhead(series, name, end + options.horizon).subarray(from),
  ])
  const columns = new Map([...series.columns].map(([name, values]) => [name, values.subarray(from, end)]))
  return prepareSeries(
    { ...series, times, columns },
    layout,
    model.seriesSpec(series.key).scaler,
    new Map(futureColumns),
  )
}

/** The first `rows` values of a column, all of those to come among them. */
function valuesAhead({ key, times, columns }: Series, name: string, rows: number): Float64Array {
  const values = (columns.get(name) ?? new Float64Array(0)).subarray(0, rows)
  const last = values.findLastIndex((value) => !Number.isNaN(value))
  if (last + 1 === rows) return values
  const time = times[last]
  throw expected({
    doing: 'forecasting',
    want: `values for all rows of the horizon (${rows - 1 - last} more)`,
    of: key === '' ? name : `${name} of series ${key}`,
    got: time === undefined ? 'nothing' : `values up to ${new Date(time).toISOString()}`,
    hint: 'The column is known ahead: add rows that hold its values and empty targets.',
  })
}
