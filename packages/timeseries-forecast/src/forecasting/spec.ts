/**
 * The spec of a forecast: everything besides the network that forecasting needs (columns and their scales, the step of time, the borders
 * between the parts, the margins of the intervals, the options), and how it is written to weft.json and read back. It knows no network.
 */
import { pickOptions } from '@weft/core/app'
import { seedOption } from '@weft/core/options'
import type { OptionsOf } from '@weft/core/cli'
import { UserError } from '@weft/core/errors'
import type { Layout } from '../features.js'
import { Conformal, type ConformalJson } from '../judging/conformal.js'
import { chronologyOptions, columnOptions, datasetOption, readingOptions, windowOptions } from '../options/data.js'
import { comparisonOptions, headOptions, modelOptions } from '../options/network.js'
import { Scaler } from '../series/scaling.js'
import type { Step } from '../series/series.js'
import type { StationGrid } from '../series/station-grid.js'

/** The training options that a saved model keeps. */
export const savedOptions = {
  ...datasetOption,
  ...readingOptions,
  ...columnOptions,
  ...windowOptions,
  ...chronologyOptions,
  ...modelOptions,
  ...headOptions,
  ...comparisonOptions,
  ...seedOption,
} as const
export type SavedOptions = OptionsOf<typeof savedOptions>

/** The options of a run that its model keeps. */
export function optionsToSave(options: SavedOptions): SavedOptions {
  return pickOptions(options, savedOptions)
}

/** One series that the model was trained on. */
export interface SeriesSpec {
  readonly key: string
  readonly scaler: Scaler
  /** Standard deviation of each target in the training part, in the table's units, [C]: the divisor of standardised errors. */
  readonly deviations: readonly number[]
}

/** What a model needs besides its network to forecast as it was trained to. */
export interface ForecastSpec {
  readonly timeColumn: string
  readonly step: Step
  /** Values of each text column. */
  readonly categories: ReadonlyMap<string, readonly string[]>
  readonly layout: Layout
  readonly series: readonly SeriesSpec[]
  /** Scale of the columns that are constant within a series, over all series. */
  readonly statics: Scaler
  /** First moments of validation, of test and of what comes after it, in ms since 1970 UTC. */
  readonly borders: readonly number[]
  /** Rows of a season. */
  readonly season: number
  /** Places of the stations whose cells are the targets. */
  readonly grid: StationGrid | undefined
  /** Margins that widen the intervals, in scaled values; undefined without intervals. */
  readonly conformal: Conformal | undefined
  readonly options: SavedOptions
}

/** Rows that one call of the network forecasts. */
export function networkHorizon({ multiStep, horizon }: Pick<SavedOptions, 'multiStep' | 'horizon'>): number {
  return multiStep === 'recursive' ? 1 : horizon
}

/** The columns that are forecast, of each series or station. */
export function targetNames({ grid, layout }: ForecastSpec): readonly string[] {
  return grid ? [grid.target] : layout.targets
}

/** The spec of the series with this key. @throws UserError for a series that the model was not trained on. */
export function seriesSpec(spec: ForecastSpec, key: string): SeriesSpec {
  const own = spec.series[seriesNumber(spec, key)]
  if (own === undefined) throw new Error(`forecasting: no series ${key}`)
  return own
}

/** The number of a series in the network. @throws UserError for a series that the model was not trained on. */
export function seriesNumber({ series }: ForecastSpec, key: string): number {
  const names = series.map((one) => one.key)
  const at = names.indexOf(key)
  if (at >= 0) return at
  const list = names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ')
  throw new UserError(
    `forecasting: expected a series that the model was trained on (${list || 'one without a key'}), received ${key || 'one without a key'}`,
    'A model has the level and scale of its training series only: train again with this one.',
  )
}

/** What weft.json holds besides the options. */
export interface SpecJson extends Omit<
  ForecastSpec,
  'categories' | 'layout' | 'series' | 'options' | 'conformal' | 'statics'
> {
  readonly layout: LayoutJson
  readonly statics: unknown
  readonly conformal?: ConformalJson
  readonly categories: Readonly<Record<string, readonly string[]>>
  readonly series: readonly (Omit<SeriesSpec, 'scaler'> & { readonly scaler: unknown })[]
}

/** In weft.json the columns known ahead are called `known`, as the option is. */
type LayoutJson = Omit<Layout, 'knownAhead'> & { readonly known: Layout['knownAhead'] }

/** The spec as weft.json holds it. */
export function specToJson({ series, categories, conformal, statics, layout, ...rest }: ForecastSpec) {
  const { targets, past, knownAhead, ...more } = layout
  const { timeColumn, step, ...others } = rest
  return {
    timeColumn,
    step,
    layout: { targets, past, known: knownAhead, ...more },
    ...others,
    statics: statics.toJSON(),
    categories: Object.fromEntries(categories),
    ...(conformal && { conformal: conformal.toJson() }),
    series: series.map(({ scaler, ...one }) => ({ ...one, scaler: scaler.toJSON() })),
  }
}

/** The spec that weft.json holds. */
export function specFromJson(json: SpecJson, options: SavedOptions): ForecastSpec {
  const { timeColumn, step, layout, borders, season, grid, conformal } = json
  const { known, ...columns } = layout
  return {
    timeColumn,
    step,
    layout: { ...columns, knownAhead: known },
    borders,
    season,
    grid,
    options,
    statics: Scaler.fromJson(json.statics),
    conformal: conformal && Conformal.fromJson(conformal),
    categories: new Map(Object.entries(json.categories)),
    series: json.series.map((one) => ({ ...one, scaler: Scaler.fromJson(one.scaler) })),
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isSpecJson(extras: object): extras is SpecJson {
  const { timeColumn, step, layout, series, borders, season, conformal, categories, statics, grid } = {
    ...extras,
  } as Record<string, unknown>
  const isNumbers = (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === 'number')
  const isNames = (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === 'string')
  const isScaling = (value: unknown) => isRecord(value) && isNames(value['columns'])
  return (
    typeof timeColumn === 'string' &&
    isRecord(step) &&
    ['ms', 'month', 'row'].includes(String(step['unit'])) &&
    Number(step['count']) > 0 &&
    isScaling(statics) &&
    isRecord(layout) &&
    isNames(layout['targets']) &&
    isNames(layout['past']) &&
    isNames(layout['known']) &&
    isRecord(categories) &&
    Object.values(categories).every(isNames) &&
    isNumbers(borders) &&
    (conformal === undefined || (isRecord(conformal) && Array.isArray(conformal['margins']))) &&
    typeof season === 'number' &&
    (grid === undefined || (isRecord(grid) && Array.isArray(grid['stations']))) &&
    Array.isArray(series) &&
    series.every(
      (one) =>
        isRecord(one) && typeof one['key'] === 'string' && isNumbers(one['deviations']) && isScaling(one['scaler']),
    )
  )
}
