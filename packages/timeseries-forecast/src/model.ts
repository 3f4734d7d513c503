/**
 * A model that forecasts: the network together with everything that forecasting needs (columns and how they are scaled, the step of time,
 * the parts that it was trained with, the margins of its intervals, the options). It is saved as a TensorFlow.js model with a weft.json
 * beside it. What becomes of windows is forecaster.ts's, training train.ts's.
 */
import type * as tfl from '@tensorflow/tfjs-layers'
import { saveModel } from '@weft/core/models'
import { UserError } from '@weft/core/errors'
import { loadSavedModel, type ModelFormat, pickOptions, seedOption } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { OptionsOf } from '@weft/core/cli'
import type { Layout } from './features.js'
import { WindowForecaster } from './forecasting/window-forecaster.js'
import { buildNetwork, type NetworkSizes } from './network.js'
import { chronologyOptions, columnOptions, datasetOption, readingOptions, windowOptions } from './options-data.js'
import { comparisonOptions, headOptions, modelOptions } from './options-network.js'
import { Conformal, type ConformalJson } from './judging/conformal.js'
import { Scaler } from './series/scaling.js'
import type { Step } from './series/series.js'
import type { StationGrid } from './series/station-grid.js'
import type { PreparedSeries } from './windows/prepared-series.js'

/** Whose saved models these are. */
export const FORMAT: ModelFormat = { app: 'timeseries-forecast', version: 1 }

/** What a saved model remembers of the options that it was trained with. */
const rememberedOptions = {
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
export type RememberedOptions = OptionsOf<typeof rememberedOptions>

/** What a model knows of a series that it was trained on. */
export interface KnownSeries {
  readonly key: string
  readonly scaler: Scaler
  /** Standard deviation of each target in the training part, in the table's units, [C]: what errors are standardised by. */
  readonly deviations: readonly number[]
}

/** What makes a model forecast as it was trained to. */
export interface Forecasting {
  readonly timeColumn: string
  readonly step: Step
  /** Values of each column of texts. */
  readonly categories: ReadonlyMap<string, readonly string[]>
  readonly layout: Layout
  readonly series: readonly KnownSeries[]
  /** Scale of the columns that are constant within a series, over all series. */
  readonly statics: Scaler
  /** First moments of validation, of test and of what comes after it, in ms since 1970 UTC. */
  readonly borders: readonly number[]
  /** Rows of a season. */
  readonly season: number
  /** Where the stations stand whose cells are the targets. */
  readonly grid: StationGrid | undefined
  /** By how much intervals are widened, in scaled values; undefined without intervals. */
  readonly conformal: Conformal | undefined
  readonly options: RememberedOptions
}

/** Rows that one call of the network forecasts. */
export function networkHorizon({ multiStep, horizon }: Pick<RememberedOptions, 'multiStep' | 'horizon'>): number {
  return multiStep === 'recursive' ? 1 : horizon
}

export class ForecastModel {
  readonly network: tfl.LayersModel
  readonly forecasting: Forecasting

  constructor(network: tfl.LayersModel, forecasting: Forecasting) {
    this.network = network
    this.forecasting = forecasting
  }

  /** A model with new weights. */
  static create(
    forecasting: Forecasting,
    sizes: Pick<NetworkSizes, 'inputs' | 'targets' | 'known' | 'series'>,
  ): ForecastModel {
    const { options, grid } = forecasting
    const { lookBack, seed } = options
    const network = buildNetwork(options, { ...sizes, lookBack, seed, grid, horizon: networkHorizon(options) })
    return new ForecastModel(network, forecasting)
  }

  /** The columns that are forecast, of each series or station. */
  get targetNames(): readonly string[] {
    const { grid, layout } = this.forecasting
    return grid ? [grid.target] : layout.targets
  }

  /** The same model with margins for its intervals. */
  withIntervals(conformal: Conformal): ForecastModel {
    return new ForecastModel(this.network, { ...this.forecasting, conformal })
  }

  /** What this model knows of the series of this key. @throws UserError for one that it was not trained on. */
  known(key: string): KnownSeries {
    const found = this.forecasting.series[this.numberOf(key)]
    if (found === undefined) throw new Error(`forecasting: no series ${key}`)
    return found
  }

  /** The number by which the network knows a series. @throws UserError for one that it was not trained on. */
  numberOf(key: string): number {
    const names = this.forecasting.series.map((one) => one.key)
    const at = names.indexOf(key)
    if (at >= 0) return at
    const shown = names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ')
    throw new UserError(
      `forecasting: expected a series that the model was trained on (${shown || 'one without a key'}), received ${key || 'one without a key'}`,
      'A model knows the level and scale of the series in its training part only: train again with this one.',
    )
  }

  /**
   * Forecasts of windows of these series, which were prepared for this model.
   *
   * @param origins First rows of the horizons in each series.
   */
  over(prepared: readonly PreparedSeries[], origins: readonly ArrayLike<number>[]): WindowForecaster {
    return new WindowForecaster(this, prepared, origins)
  }

  async save(dir: string): Promise<void> {
    const { series, categories, conformal, statics, ...rest } = this.forecasting
    await saveModel(this.network, dir, {
      ...FORMAT,
      ...rest,
      statics: statics.toJSON(),
      categories: Object.fromEntries(categories),
      ...(conformal && { conformal: conformal.toJson() }),
      series: series.map(({ scaler, ...one }) => ({ ...one, scaler: scaler.toJSON() })),
    })
  }

  /**
   * Loads the model of a run's folder, or of the model's own.
   *
   * @throws UserError when it is no model, or one of another application.
   */
  static async load(path: string): Promise<ForecastModel> {
    const { dir, network, extras } = await loadSavedModel(path, FORMAT)
    const options = resolveOptions(rememberedOptions, isRecord(extras['options']) ? extras['options'] : {}, undefined, {
      doing: `loading ${dir}`,
    })
    if (!isForecasting(extras) || !fits(extras, options, network)) {
      throw new UserError(
        `loading ${dir}: expected the columns, series and borders of a forecast in weft.json, as its network needs them, received a file without some of them`,
        'The file was changed or damaged: train again, or take a copy of the model.',
      )
    }
    const { timeColumn, step, layout, borders, season, grid, conformal } = extras
    return new ForecastModel(network, {
      timeColumn,
      step,
      layout,
      borders,
      season,
      grid,
      options,
      statics: Scaler.fromJson(extras.statics),
      conformal: conformal && Conformal.fromJson(conformal),
      categories: new Map(Object.entries(extras.categories)),
      series: extras.series.map((one) => ({ ...one, scaler: Scaler.fromJson(one.scaler) })),
    })
  }
}

/** What weft.json holds besides the options. */
interface SavedForecasting extends Omit<Forecasting, 'categories' | 'series' | 'options' | 'conformal' | 'statics'> {
  readonly statics: unknown
  readonly conformal?: ConformalJson
  readonly categories: Readonly<Record<string, readonly string[]>>
  readonly series: readonly (Omit<KnownSeries, 'scaler'> & { readonly scaler: unknown })[]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isForecasting(extras: object): extras is SavedForecasting {
  const { timeColumn, step, layout, series, borders, season, conformal, categories, statics, grid } = {
    ...extras,
  } as Record<string, unknown>
  const isNumbers = (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === 'number')
  const isScaling = (value: unknown) => isRecord(value) && isNames(value['columns'])
  const isNames = (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === 'string')
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

/** Whether what is known of columns and series agrees with itself and with the network. */
function fits({ layout, series, conformal }: SavedForecasting, options: RememberedOptions, network: tfl.LayersModel) {
  const targets = layout.targets.length
  const past = network.inputs.find(({ name }) => name.startsWith('past'))
  return (
    series.length > 0 &&
    series.every(({ deviations }) => deviations.length === targets) &&
    past?.shape[1] === options.lookBack &&
    (conformal === undefined || conformal.margins.length === options.horizon * targets)
  )
}

/** The options of a run that its model must remember. */
export function remembered(options: RememberedOptions): RememberedOptions {
  return pickOptions(options, rememberedOptions)
}
