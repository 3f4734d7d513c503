/**
 * A judgement: the scores of the model and of the baselines on every target of every series, and their comparison. Types only.
 */
import type { ForecastFigures } from '../metrics/forecast-scores.js'
import type { TrainedBaselines } from '../baselines/trained-baselines.js'
import type { Line } from '../forecasting/forecast-set.js'
import type { Verdict } from './verdict.js'

/** One forecaster's scores on one line. */
export interface ForecasterJudgement {
  readonly name: string
  /** In the table's units. */
  readonly figures: ForecastFigures
  readonly byLead: readonly ForecastFigures[]
  /** Mean absolute and mean squared error of each window, [N]. */
  readonly losses: { readonly absolute: Float64Array; readonly squared: Float64Array }
  /** What was odd, such as a model that could not be fitted. */
  readonly note?: string | undefined
}

/** A baseline beside the model. */
export interface BaselineJudgement extends ForecasterJudgement {
  /** The model against it. */
  readonly verdict: Verdict
}

/** A window whose forecast is shown. */
export interface WindowExample {
  readonly origin: number
  readonly mean: Float64Array
  readonly lower: Float64Array | undefined
  readonly upper: Float64Array | undefined
  readonly baselines: readonly { readonly name: string; readonly values: Float64Array }[]
}

/** What became of one target of one series. */
export interface LineJudgement {
  readonly line: Line
  readonly model: ForecasterJudgement
  readonly baselines: readonly BaselineJudgement[]
  readonly verdict: Verdict | undefined
  readonly examples: readonly WindowExample[]
  /** Errors of the first lead, truth less forecast, with the rows they belong to. */
  readonly residuals: { readonly rows: Uint32Array; readonly values: Float64Array }
  /** Forecasts of the first lead, [N]. */
  readonly ahead: Float64Array
}

/** What became of all windows. */
export interface Judgement {
  /** Windows. */
  readonly items: { readonly length: number }
  readonly lines: readonly LineJudgement[]
  /** Errors of values scaled by the training part's mean and deviation, over all targets and leads. */
  readonly standardised: readonly { readonly name: string; readonly mse: number; readonly mae: number }[]
  /** Of all targets together; undefined for several series, which have verdicts of their own. */
  readonly verdict: Verdict | undefined
}

/** How windows are judged. */
export interface JudgeOptions {
  readonly horizon: number
  readonly batchSize: number
  /** Rows of a season, for MASE. */
  readonly season: number
  readonly baselines: TrainedBaselines
  /** Share of the truth that intervals are to hold. */
  readonly coverage: number
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}
