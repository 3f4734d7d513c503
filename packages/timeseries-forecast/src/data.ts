/**
 * The table that `data` and the options describe, and the roles of its columns: forecast, known up to now, known ahead, constant.
 * Reading files is in table/.
 */
import { expected } from '@weft/core/errors'
import { didYouMean, flagOf } from '@weft/core/cli'
import type { Layout } from './features.js'
import { deriveColumns } from './columns/feature-columns.js'
import type { ColumnOptions, ReadingOptions } from './options/data.js'
import type { NetworkOptions } from './options/network.js'
import { Scaler } from './series/scaling.js'
import type { Series, Table } from './series/series.js'
import { calendarFeatures } from './table/calendar.js'
import { readTable } from './table/read-table.js'

/** Stands for all columns without another role. */
const ALL = 'all'

const DOING = 'choosing columns'

/** Reads a table, or as much of it as is needed. @param categories Values of columns of texts as training found them. */
export function readData(
  data: string,
  options: ReadingOptions & ColumnOptions & Pick<NetworkOptions, 'gridRow' | 'gridColumn'>,
  categories?: ReadonlyMap<string, readonly string[]>,
): Promise<Table> {
  const { target, past, known, features, gridRow = [], gridColumn = [] } = options
  // Indicators find their columns by themselves.
  const named = target.length > 0 && !past.includes(ALL) && features.length === 0
  const columns = named ? [...new Set([target, past, known, gridRow, gridColumn].flat())] : undefined
  return readTable({ ...options, data, columns, categories })
}

/**
 * Which columns of a table are forecast and from what, before derived ones and the calendar.
 *
 * @throws UserError for a column that is not there, and when the target is not told and there are several.
 */
export function layoutOf(table: Table, options: ColumnOptions): Layout {
  const [first] = table.series
  const names = [...(first?.columns.keys() ?? [])]
  const expand = (option: 'target' | 'past' | 'known') =>
    options[option].flatMap((name) => (name === ALL ? [] : expandColumn(name, option, names, table)))
  const knownAhead = expand('known')
  const targets =
    options.target.length > 0 ? expand('target') : onlyColumn(names.filter((name) => !knownAhead.includes(name)))
  const rest = names.filter((name) => !targets.includes(name) && !knownAhead.includes(name))
  const past = options.past.includes(ALL) ? rest : expand('past')
  const twice = [...targets, ...past, ...knownAhead].find((name, at, all) => all.indexOf(name) < at)
  if (twice !== undefined)
    throw expected({ doing: DOING, want: 'each column once', of: 'target, past and known', got: twice })
  return { targets, past, knownAhead, missing: options.missing, transform: options.transform }
}

/** A column by its name, or the columns of 0 and 1 that a column of texts has become. */
function expandColumn(name: string, option: string, names: readonly string[], { categories }: Table): string[] {
  if (names.includes(name)) return [name]
  const values = categories?.get(name)
  if (values !== undefined) return values.map((value) => `${name}=${value}`)
  throw expected({
    doing: DOING,
    want: `one of the columns ${names.join(', ')}`,
    of: flagOf(option),
    got: name,
    hint: didYouMean(name, names),
  })
}

function onlyColumn(names: readonly string[]): string[] {
  const [only] = names
  if (only !== undefined && names.length === 1) return [only]
  throw expected({
    doing: DOING,
    want: 'the columns to forecast',
    of: flagOf('target'),
    got: 'nothing',
    hint: `There are ${names.join(', ')}. Say which, such as ${flagOf('target')} ${names.at(-1) ?? 'NAME'}.`,
  })
}

/** A series with columns derived from others and of the calendar, and which of them are known ahead. */
export interface EnrichedSeries {
  readonly series: Series
  readonly layout: Layout
  /** Columns that are no matter of a scale fitted to the series: statics and the calendar. */
  readonly unscaled: readonly string[]
}

/** The scale of columns that are constant within a series, over all series. */
export function scaleOfStatics({ series }: Table, names: readonly string[]): Scaler {
  const columns = names.map((name): [string, Float64Array] => [
    name,
    Float64Array.from(series, ({ statics }) => statics?.get(name) ?? Number.NaN),
  ])
  return Scaler.from(new Map(columns), names, { from: 0, to: series.length }, 'standard')
}

/** Adds derived columns, statics and the calendar to every series of a table. @param holidays As `readHolidays` gives them. */
export function enrich(
  { series: all }: Table,
  layout: Layout,
  options: ColumnOptions & ReadingOptions,
  statics: Scaler,
  holidays: ReadonlySet<number> | undefined,
): EnrichedSeries[] {
  return all.map((series) => {
    const derived = deriveColumns(series, options.features)
    const constant = constantColumns(series, statics)
    const calendar = calendarColumns(series.times, options, holidays)
    return {
      series: { ...series, columns: new Map([...series.columns, ...derived, ...constant, ...calendar]) },
      layout: {
        ...layout,
        past: [...layout.past, ...derived.keys(), ...constant.keys()],
        knownAhead: [...layout.knownAhead, ...calendar.keys()],
      },
      unscaled: [...constant.keys(), ...calendar.keys()],
    }
  })
}

function constantColumns({ statics, times }: Series, scaler: Scaler): Map<string, Float64Array> {
  return new Map(
    scaler.columns.map((name): [string, Float64Array] => {
      const { centre, scale } = scaler.scaleOf(name)
      const value = ((statics?.get(name) ?? Number.NaN) - centre) / scale
      return [name, new Float64Array(times.length).fill(Number.isNaN(value) ? 0 : value)]
    }),
  )
}

/** Calendar features of these times, by their names. */
export function calendarColumns(
  times: Float64Array,
  { calendar, timeZone }: Pick<ColumnOptions, 'calendar'> & Pick<ReadingOptions, 'timeZone'>,
  holidays: ReadonlySet<number> | undefined,
): Map<string, Float64Array> {
  return calendar.length === 0 ? new Map() : calendarFeatures(times, calendar, { timeZone, holidays })
}
