/**
 * From a table to what a run trains on: columns chosen, time divided, scales fitted on the training part, windows cut. Nothing is
 * trained here.
 */
import { expected, UserError } from '@weft/core/errors'
import type { Hooks } from '@weft/core/app'
import { flagOf, plural } from '@weft/core/cli'
import type { PartName } from '@weft/core/options'
import { inferSeason } from './baselines/season.js'
import { TrainedBaselines } from './baselines/trained-baselines.js'
import { enrich, layoutOf, scaleOfStatics, type EnrichedSeries } from './data.js'
import { fillingOf, type Layout } from './features.js'
import {
  bordersOf,
  forecastSet,
  seriesSpecOf,
  maskedColumns,
  partsOf,
  rowsOf,
  type ForecastSet,
} from './forecasting/forecast-set.js'
import { type ForecastSpec, networkHorizon, optionsToSave } from './forecasting/spec.js'
import type { TrainOptions } from './options.js'
import type { Table } from './series/series.js'
import { gridOf, joinStations, optionsForGrid } from './series/station-grid.js'
import { readHolidays } from './table/holidays.js'
import { originsOfPart } from './windows/part-origins.js'
import { WindowSet } from './windows/window-set.js'

/** The windows of a part that are judged. */
export interface WindowOrigins {
  readonly length: number
  /** First rows of the horizons in each series. */
  readonly origins: readonly Uint32Array[]
}

export interface TrainingSet {
  readonly options: TrainOptions
  readonly set: ForecastSet
  /** What trains, and what says after each epoch how well. */
  readonly training: WindowSet
  readonly validating: WindowSet
  /** Windows of the training part, and those of the others that are judged. */
  readonly parts: Readonly<Record<PartName, { readonly length: number; readonly origins?: readonly Uint32Array[] }>>
  /** What the model is compared with. */
  readonly baselines: TrainedBaselines
  /** The spec of the model, before training. */
  readonly spec: ForecastSpec
  readonly warnings: readonly string[]
}

/**
 * What a run with these options trains on.
 *
 * @param read The table that the options describe.
 * @throws UserError for columns, borders or options that do not suit the table.
 */
export async function prepareTrainingSet(read: Table, given: TrainOptions, hooks: Hooks): Promise<TrainingSet> {
  const options = optionsForGrid(given)
  const chosen = layoutOf(read, options)
  const grid = gridOf(read, chosen, options)
  const { table, layout: plain } = joinStations(read, chosen, grid)
  const statics = scaleOfStatics(table, options.statics)
  const enriched = enrich(table, plain, options, statics, await readHolidays(options.holidays))
  const ranges = partsOf(table.series, options, options.timeZone)
  const { kept, warnings } = longEnough(enriched, ranges, options)
  const [all, parts] = [kept.map((s) => enriched[s]).filter(isThere), kept.map((s) => ranges[s]).filter(isThere)]
  const [first] = all
  if (first === undefined) throw new Error('reading the training set: no series')
  const layout: Layout = { ...first.layout, masked: maskedColumns(all, parts) }
  checkStrategy(layout, options)
  const specs = all.map((one, s) => seriesSpecOf(one, parts[s] ?? NO_PARTS, options, grid))
  const set = forecastSet(all, layout, specs, parts, grid)
  const { season, note } = seasonOf(set, table, options)
  const baselines = new TrainedBaselines(options.baselines, { season })
  hooks.note?.(summaryText(table, grid ? { ...layout, targets: [grid.target] } : layout, options))
  hooks.note?.([...table.notes, note].join(' '))
  const windows = (part: PartName) =>
    WindowSet.ofParts(set.prepared, rowsOf(parts, part), {
      lookBack: options.lookBack,
      horizon: networkHorizon(options),
      channels: options.channels,
      centring: options.centre,
      filling: fillingOf(options.missing),
      stride: part === 'train' ? options.stride : 1,
    })
  const [training, validating] = [windows('train'), windows('validation')]
  const judged = (part: PartName) => windowsToJudge(set, part, options)
  return {
    options,
    set,
    training,
    validating,
    parts: { train: training, validation: judged('validation'), test: judged('test') },
    baselines,
    spec: {
      timeColumn: table.timeColumn,
      step: table.step,
      categories: table.categories ?? new Map(),
      layout,
      series: specs,
      borders: bordersOf(
        all.map(({ series }) => series),
        parts,
      ),
      season,
      grid,
      statics,
      conformal: undefined,
      options: optionsToSave({ ...options, dateOrder: table.dateOrder }),
    },
    warnings,
  }
}

const NO_PARTS = {
  train: { from: 0, to: 0 },
  validation: { from: 0, to: 0 },
  test: { from: 0, to: 0 },
} as const

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined
}

/** Series with at least one window to train on; the others are left out and named. */
function longEnough(
  all: readonly EnrichedSeries[],
  parts: ReturnType<typeof partsOf>,
  { lookBack, horizon, data }: TrainOptions,
): { kept: number[]; warnings: string[] } {
  const rows = (s: number) => parts[s]?.train.to ?? 0
  const kept = [...all.keys()].filter((s) => rows(s) >= lookBack + horizon)
  const short = [...all.keys()].filter((s) => rows(s) < lookBack + horizon)
  if (kept.length === 0) {
    const most = Math.max(...[...all.keys()].map(rows))
    throw new UserError(
      `cutting windows of ${data}: expected at least ${lookBack + horizon} rows in the training part, received ${most}`,
      `A window is ${lookBack} rows of look-back and ${horizon} of horizon: give a smaller ${flagOf('lookBack')} or ${flagOf('horizon')}, or more rows.`,
    )
  }
  return {
    kept,
    warnings: short.map(
      (s) =>
        `series ${all[s]?.series.key ?? ''}: left out, its training part of ${rows(s)} rows is shorter than a window`,
    ),
  }
}

/** The windows of a part whose truth is known, at most so many, evenly spread. */
export function windowsToJudge(
  { prepared, parts }: ForecastSet,
  part: PartName | undefined,
  { lookBack, horizon, judgedWindows: most }: Pick<TrainOptions, 'lookBack' | 'horizon' | 'judgedWindows'>,
): WindowOrigins {
  const ranges = rowsOf(parts, part)
  const all = prepared.map((series, s) => {
    const { origins: own } = originsOfPart(series, ranges[s] ?? NO_PARTS.test, { lookBack, horizon })
    return own[0] ?? new Uint32Array(0)
  })
  const share = Math.min(1, most / all.reduce((sum, own) => sum + own.length, 0))
  const origins = all.map((own) => {
    const count = Math.max(Math.min(1, own.length), Math.floor(own.length * share))
    return Uint32Array.from({ length: count }, (__, at) => own[Math.floor((at * own.length) / count)] ?? 0)
  })
  return { length: origins.reduce((sum, own) => sum + own.length, 0), origins }
}

/** One row after the other is forecast only from what will be known or was forecast. */
function checkStrategy({ past }: Layout, { multiStep, intervals }: TrainOptions): void {
  if (multiStep === 'direct') return
  if (past.length > 0)
    throw expected({
      doing: 'forecasting row by row',
      want: 'only targets and columns known ahead',
      of: `${flagOf('past')} and ${flagOf('features')}`,
      got: past.join(', '),
      hint: `Their future values are unknown: use ${flagOf('multiStep')} direct, or name them with ${flagOf('known')} if it is.`,
    })
  if (intervals !== 'conformal' && intervals !== 'none')
    throw expected({
      doing: 'forecasting row by row',
      want: 'conformal or none',
      of: flagOf('intervals'),
      got: intervals,
    })
}

function seasonOf({ lines }: ForecastSet, { step }: Table, options: TrainOptions): { season: number; note: string } {
  const longest = lines.reduce((most, { trained }) => Math.max(most, trained), 0)
  if (options.season !== undefined && options.season >= longest)
    throw expected({
      doing: 'choosing the season',
      want: `less than the ${longest} rows of the training part`,
      of: flagOf('season'),
      got: options.season,
    })
  if (options.season !== undefined)
    return { season: options.season, note: `A season is ${options.season} rows, as ${flagOf('season')} says.` }
  const [first] = lines
  if (first === undefined) throw new Error('finding the season: no target')
  const { length, note } = inferSeason(first.values.subarray(0, first.trained), step)
  return { season: length, note }
}

/** How the table was understood, so that a mistake shows before training. */
function summaryText(
  { series }: Table,
  { targets, past, knownAhead }: Layout,
  { horizon, lookBack }: TrainOptions,
): string {
  const rows = series.reduce((sum, { times }) => sum + times.length, 0)
  const several = series.length > 1 ? ` of ${plural(series.length, 'series', 'series')}` : ''
  const others = past.length + knownAhead.length
  const from = [`${past.length} known up to now`, `${knownAhead.length} known ahead`].join(', ')
  return `${plural(rows, 'row')}${several}: ${targets.join(', ')} forecast ${plural(horizon, 'row')} ahead from ${plural(lookBack, 'row')}${others === 0 ? '' : ` and ${plural(others, 'other column')} (${from})`}.`
}
