/**
 * A table as forecasts need it: series as they stand in the table and as the network sees them, the parts of time, and of every target of
 * every series the scale of its errors. Reading a table is in data.ts, what a network sees of it in features.ts.
 */
import { expected, UserError } from '@weft/core/errors'
import { PART_NAMES, type PartName } from '@weft/core/options'
import { flagOf } from '@weft/core/cli'
import type { EnrichedSeries } from '../data.js'
import { gappyColumns, type Layout, prepareSeries, transformTargets } from '../features.js'
import type { SeriesSpec } from './spec.js'
import type { ChronologyOptions, ColumnOptions } from '../options/data.js'
import { Scaler } from '../series/scaling.js'
import type { Series } from '../series/series.js'
import { ownerOf, type StationGrid } from '../series/station-grid.js'
import { parseInstant } from '../table/instants.js'
import { TimeZone } from '../table/time-zone.js'
import { chronologicalParts, type PartRanges } from '../windows/parts.js'
import type { PreparedSeries } from '../windows/prepared-series.js'

/** One target of one series, or of one station of a grid: what a baseline forecasts, and what a verdict is about. */
export interface Line {
  /** Index of the series. */
  readonly series: number
  readonly key: string
  /** Index of the target. */
  readonly target: number
  readonly name: string
  /** In the table's units, NaN where missing, [T]. */
  readonly values: Float64Array
  readonly times: Float64Array
  /** Standard deviation in the training part: what errors are standardised by. */
  readonly deviation: number
  /** Rows of the training part. */
  readonly trained: number
}

export interface ForecastSet {
  readonly prepared: readonly PreparedSeries[]
  /** Every target of every series, those of a series together. */
  readonly lines: readonly Line[]
  /** Rows of each part of each series. */
  readonly parts: readonly PartRanges[]
}

/** Series and target, as far as there are several series. */
export function nameOfLine({ key, name }: Pick<Line, 'key' | 'name'>): string {
  return key === '' ? name : `${key}, ${name}`
}

const DOING = 'dividing the time'
const BORDER_FLAGS = '--validation-from, --test-from and --until'

/** The parts of each series as the options say. */
export function partsOf(series: readonly Series[], options: ChronologyOptions, timeZone: string): PartRanges[] {
  const times = series.map((one) => one.times)
  const { validationFrom, testFrom, until, validationShare, testShare } = options
  if (validationFrom === undefined && testFrom === undefined) {
    if (until !== undefined) throw new UserError(`${DOING}: --until needs --validation-from and --test-from`)
    return chronologicalParts(times, { validationShare, testShare })
  }
  if (validationFrom === undefined || testFrom === undefined) {
    const [missing, given] =
      validationFrom === undefined
        ? (['validationFrom', 'testFrom'] as const)
        : (['testFrom', 'validationFrom'] as const)
    throw new UserError(`${DOING}: ${flagOf(given)} needs ${flagOf(missing)}`)
  }
  const given = [validationFrom, testFrom, ...(until === undefined ? [] : [until])]
  const isRow = (text: string) => /^\d{1,9}$/.test(text) && !/^(19|20)\d\d$/.test(text)
  if (given.every(isRow)) {
    const [validation = 0, test = 0, end] = given.map(Number)
    return chronologicalParts(times, { borderRows: end === undefined ? [validation, test] : [validation, test, end] })
  }
  if (given.some(isRow))
    throw expected({ doing: DOING, want: 'row numbers alone or times alone', of: BORDER_FLAGS, got: given.join(', ') })
  const zone = new TimeZone(timeZone)
  const [validation = 0, test = 0, end] = given.map((text) => momentOf(text, zone))
  return chronologicalParts(times, { borderTimes: end === undefined ? [validation, test] : [validation, test, end] })
}

function momentOf(text: string, zone: TimeZone): number {
  const instant = parseInstant(/^\d{4}$/.test(text) ? `${text}-01-01` : text)
  if (instant === undefined)
    throw expected({ doing: DOING, want: 'a row number, or a time such as 2024-07-01', of: BORDER_FLAGS, got: text })
  return instant.zoned ? instant.ms : (zone.toUtc(instant.ms) ?? instant.ms)
}

/** The first moments of validation and test and the last of all, by which other tables are divided alike. */
export function bordersOf(series: readonly Series[], parts: readonly PartRanges[]): number[] {
  const firstOf = (row: (part: PartRanges) => number) =>
    series.reduce((least, { times }, s) => {
      const part = parts[s]
      const time = part === undefined ? undefined : times[row(part)]
      return Math.min(least, time ?? Infinity)
    }, Infinity)
  const borders = [
    firstOf((part) => part.validation.from),
    firstOf((part) => part.test.from),
    firstOf((part) => part.test.to),
  ]
  // JSON knows no infinity; a moment that never comes will do.
  return borders.map((border) => Math.min(border, Number.MAX_SAFE_INTEGER))
}

/** The spec of a series, estimated on its training rows alone. */
export function seriesSpecOf(
  { series, layout, unscaled }: EnrichedSeries,
  { train }: PartRanges,
  { scaling }: ColumnOptions,
  grid: StationGrid | undefined,
): SeriesSpec {
  const where = series.key === '' ? '' : ` of series ${series.key}`
  layout.targets.forEach((name, target) => {
    if (ownerOf(series, name, target, grid) !== undefined)
      checkTarget(series.columns.get(name) ?? new Float64Array(0), train.to, `${name}${where}`)
  })
  const names = [...layout.targets, ...layout.past, ...layout.knownAhead].filter((name) => !unscaled.includes(name))
  const raw = Scaler.from(series.columns, layout.targets, train, 'standard')
  return {
    key: series.key,
    scaler: Scaler.from(transformTargets(series, layout), names, train, scaling),
    deviations: layout.targets.map((name) => raw.scaleOf(name).scale),
  }
}

/** @throws UserError for a target from which nothing can be learnt. */
function checkTarget(values: Float64Array, rows: number, name: string): void {
  const first = values.subarray(0, rows).find((value) => !Number.isNaN(value))
  if (first === undefined)
    throw expected({
      doing: 'training',
      want: 'values in the training part',
      of: name,
      got: `${rows} rows that are all missing`,
    })
  if (values.subarray(0, rows).some((value) => value !== first && !Number.isNaN(value))) return
  throw new UserError(
    `training: expected a target that varies for ${name}, received ${first} in all ${rows} rows of the training part`,
    'A constant needs no forecast.',
  )
}

/** With the policy `mask`, the columns of all series that lack values in training rows become inputs. */
export function maskedColumns(all: readonly EnrichedSeries[], parts: readonly PartRanges[]): string[] | undefined {
  if (all[0]?.layout.missing !== 'mask') return undefined
  const gappy = all.flatMap(({ series, layout }, s) =>
    gappyColumns(series, layout, parts[s]?.train ?? { from: 0, to: 0 }),
  )
  return [...new Set(gappy)]
}

/** Prepares enriched series as a model sees them. @param specs Of each series. */
export function forecastSet(
  all: readonly EnrichedSeries[],
  layout: Layout,
  specs: readonly SeriesSpec[],
  parts: readonly PartRanges[],
  grid: StationGrid | undefined,
): ForecastSet {
  const prepared = all.map(({ series }, s) => prepareSeries(series, layout, scalerOf(specs, s)))
  const lines = all.flatMap(({ series }, s) =>
    layout.targets.flatMap((column, target): Line[] => {
      const owner = ownerOf(series, column, target, grid)
      const values = series.columns.get(column) ?? new Float64Array(0)
      // A table may lack some of the stations that a model knows.
      if (owner === undefined || (grid !== undefined && values.every(Number.isNaN))) return []
      return [
        {
          series: s,
          ...owner,
          target,
          values,
          times: series.times,
          deviation: specs[s]?.deviations[target] ?? 1,
          trained: parts[s]?.train.to ?? 0,
        },
      ]
    }),
  )
  return { prepared, lines, parts }
}

function scalerOf(specs: readonly SeriesSpec[], at: number): Scaler {
  const one = specs[at]
  if (one === undefined) throw new Error('preparing series: one has no spec')
  return one.scaler
}

/** Rows of one part, or of all parts, of each series. */
export function rowsOf(parts: readonly PartRanges[], part: PartName | undefined) {
  return parts.map((ranges) =>
    part === undefined
      ? { from: ranges.train.from, to: Math.max(...PART_NAMES.map((name) => ranges[name].to)) }
      : ranges[part],
  )
}
