/**
 * The baselines that a model is compared with, trained once for each line, however many parts of it are judged: a search for the orders of
 * an ARIMA takes longer than all its forecasts.
 */
import type { Line } from '../forecasting/forecast-set.js'
import { makeBaselines, type BaselineContext, type Forecaster } from './index.js'

export class TrainedBaselines {
  readonly #make: () => Forecaster[]
  readonly #trained = new Map<Line, readonly Forecaster[]>()

  /** @throws UserError for a baseline that does not exist, before any is trained. */
  constructor(specs: readonly string[], context: BaselineContext) {
    this.#make = () => makeBaselines(specs, context)
    this.#make()
  }

  /** The baselines of a line, trained on its training part. */
  of(line: Line): readonly Forecaster[] {
    const known = this.#trained.get(line)
    if (known !== undefined) return known
    const forecasters = this.#make()
    const training = line.values.subarray(0, line.trained)
    for (const forecaster of forecasters) forecaster.train(training)
    this.#trained.set(line, forecasters)
    return forecasters
  }
}
