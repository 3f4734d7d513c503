/**
 * A model that forecasts: the network together with its spec, saved as a TensorFlow.js model with a weft.json beside it. Training is in
 * train.ts, forecasting windows in forecasting/window-forecaster.ts.
 */
import type * as tfl from '@tensorflow/tfjs-layers'
import { saveModel } from '@weft/core/models'
import { UserError } from '@weft/core/errors'
import { loadSavedModel, type ModelFormat } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import {
  type ForecastSpec,
  isRecord,
  isSpecJson,
  networkHorizon,
  type SavedOptions,
  savedOptions,
  type SeriesSpec,
  seriesSpec,
  specFromJson,
  type SpecJson,
  specToJson,
  targetNames,
} from './forecasting/spec.js'
import { WindowForecaster } from './forecasting/window-forecaster.js'
import type { Conformal } from './judging/conformal.js'
import { buildNetwork, type NetworkSizes } from './network.js'
import type { PreparedSeries } from './windows/prepared-series.js'

/** The format of this application's saved models. */
export const FORMAT: ModelFormat = { app: 'timeseries-forecast', version: 1 }

export class ForecastModel {
  readonly network: tfl.LayersModel
  readonly spec: ForecastSpec

  constructor(network: tfl.LayersModel, spec: ForecastSpec) {
    this.network = network
    this.spec = spec
  }

  /** A model with new weights. */
  static create(
    spec: ForecastSpec,
    sizes: Pick<NetworkSizes, 'inputs' | 'targets' | 'futureInputs' | 'series'>,
  ): ForecastModel {
    const { options, grid } = spec
    const { lookBack, seed } = options
    const network = buildNetwork(options, { ...sizes, lookBack, seed, grid, horizon: networkHorizon(options) })
    return new ForecastModel(network, spec)
  }

  /** The columns that are forecast, of each series or station. */
  get targetNames(): readonly string[] {
    return targetNames(this.spec)
  }

  /** The same model with margins for its intervals. */
  withIntervals(conformal: Conformal): ForecastModel {
    return new ForecastModel(this.network, { ...this.spec, conformal })
  }

  /** The spec of the series with this key. @throws UserError for a series that the model was not trained on. */
  seriesSpec(key: string): SeriesSpec {
    return seriesSpec(this.spec, key)
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
    await saveModel(this.network, dir, { ...FORMAT, ...specToJson(this.spec) })
  }

  /**
   * Loads the model of a run's folder, or a model's own folder.
   *
   * @throws UserError when the folder holds no model, or one of another application.
   */
  static async load(path: string): Promise<ForecastModel> {
    const { dir, network, extras } = await loadSavedModel(path, FORMAT)
    const options = resolveOptions(savedOptions, isRecord(extras['options']) ? extras['options'] : {}, undefined, {
      doing: `loading ${dir}`,
    })
    if (!isSpecJson(extras) || !agrees(extras, options, network)) {
      throw new UserError(
        `loading ${dir}: expected the columns, series and borders that the network needs in weft.json, received a file without some of them`,
        'The file was changed or damaged: train again, or use a copy of the model.',
      )
    }
    return new ForecastModel(network, specFromJson(extras, options))
  }
}

/** Whether the columns and series of a spec agree with one another and with the network. */
function agrees({ layout, series, conformal }: SpecJson, options: SavedOptions, network: tfl.LayersModel): boolean {
  const targets = layout.targets.length
  const past = network.inputs.find(({ name }) => name.startsWith('past'))
  return (
    series.length > 0 &&
    series.every(({ deviations }) => deviations.length === targets) &&
    past?.shape[1] === options.lookBack &&
    (conformal === undefined || conformal.margins.length === options.horizon * targets)
  )
}
