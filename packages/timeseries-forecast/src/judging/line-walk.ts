/**
 * One target of one series while its windows are judged: the forecasts of the model and of the baselines are scored window by window.
 * Only scores are kept, and the few windows that a report shows.
 */
import { evenlySpread } from '@weft/core/data'
import type { Forecaster } from '../baselines/index.js'
import type { Line } from '../forecasting/forecast-set.js'
import type { Forecasts } from '../forecasting/window-forecaster.js'
import { ForecastScores } from '../metrics/forecast-scores.js'
import { seasonalNaiveError } from '../metrics/forecast.js'
import { normalQuantile } from '../metrics/normal.js'
import { quantilesOf } from '../network.js'
import type { ForecasterJudgement, JudgeOptions, LineJudgement, WindowExample } from './judgement.js'
import { compareAll, lossesOf } from './joint-verdict.js'
import { judge } from './verdict.js'

/** Windows of each line that a report shows. */
const EXAMPLE_WINDOWS = 3

/** One line while its windows are walked through. */
export class LineWalk {
  readonly #line: Line
  readonly #origins: Uint32Array
  readonly #options: JudgeOptions
  readonly #scores: ForecastScores
  readonly #baselines: readonly { readonly forecaster: Forecaster; readonly scores: ForecastScores }[]
  readonly #examples: WindowExample[] = []
  readonly #showAt: ReadonlySet<number>
  readonly #residuals: Float64Array
  readonly #ahead: Float64Array

  constructor(line: Line, origins: Uint32Array, options: JudgeOptions) {
    const { season, horizon, coverage } = options
    const scales = [seasonalNaiveError(line.values.subarray(0, line.trained), season)]
    const quantiles = quantilesOf({ coverage })
    const scores = () => new ForecastScores({ horizon, targets: 1, scales, level: coverage, quantiles })
    this.#line = line
    this.#origins = origins
    this.#options = options
    this.#scores = scores()
    this.#baselines = options.baselines.of(line).map((forecaster) => ({ forecaster, scores: scores() }))
    this.#showAt = new Set(evenlySpread([...origins.keys()], EXAMPLE_WINDOWS))
    this.#residuals = new Float64Array(origins.length)
    this.#ahead = new Float64Array(origins.length)
  }

  /** Adds the forecasts of the windows from `from` on. */
  add(from: number, { count, targets, mean, lower, upper }: Forecasts): void {
    const { target, values } = this.#line
    const { horizon, coverage } = this.#options
    for (let b = 0; b < count; b++) {
      const origin = this.#origins[from + b] ?? 0
      const history = values.subarray(0, origin)
      const truth = new Float64Array(horizon).fill(Number.NaN)
      truth.set(values.subarray(origin, origin + horizon))
      const own = (all: Float64Array) =>
        new Float64Array(horizon).map((_, h) => all[(b * horizon + h) * targets + target] ?? Number.NaN)
      const last = [lastValue(history)]
      const point = own(mean)
      const ends = lower && upper ? { lower: own(lower), upper: own(upper) } : undefined
      this.#scores.add({ truth, forecast: point, last, ...(ends && spreadOf(point, ends)) })
      const compared = this.#baselines.map(({ forecaster, scores }) => {
        const { mean: forecast, deviation } = forecaster.forecast(history, horizon)
        const around = deviation && normalEnds(forecast, deviation, coverage)
        scores.add({ truth, forecast, last, ...(around && spreadOf(forecast, around)) })
        return { name: forecaster.name, values: forecast }
      })
      this.#residuals[from + b] = (truth[0] ?? Number.NaN) - (point[0] ?? Number.NaN)
      this.#ahead[from + b] = point[0] ?? Number.NaN
      if (this.#showAt.has(from + b))
        this.#examples.push({ origin, mean: point, lower: ends?.lower, upper: ends?.upper, baselines: compared })
    }
  }

  /** Values that were forecast and are known. */
  get count(): number {
    return this.#scores.overall().count
  }

  judgement(): LineJudgement {
    const line = this.#line
    const { horizon } = this.#options
    const model = scored('model', this.#scores)
    const baselines = this.#baselines.map(({ forecaster, scores }) => {
      const own = scored(forecaster.name, scores)
      return { ...own, note: forecaster.note, verdict: judge(lossesOf(model), [lossesOf(own)], { horizon }) }
    })
    return {
      line,
      model,
      baselines,
      verdict: compareAll(model, baselines, horizon),
      examples: this.#examples,
      residuals: { rows: this.#origins, values: this.#residuals },
      ahead: this.#ahead,
    }
  }
}

/** Ends of intervals, each [H]. */
interface Ends {
  readonly lower: Float64Array
  readonly upper: Float64Array
}

/** Intervals of normal errors around a forecast. */
function normalEnds(mean: Float64Array, deviation: Float64Array, coverage: number): Ends {
  const reach = normalQuantile((1 + coverage) / 2)
  const end = (side: number) => mean.map((value, h) => value + side * reach * (deviation[h] ?? Number.NaN))
  return { lower: end(-1), upper: end(1) }
}

/** An interval and its middle, also as the quantiles that they are: [H, Q]. */
function spreadOf(middle: Float64Array, { lower, upper }: Ends) {
  const quantiles = new Float64Array(3 * middle.length)
  ;[lower, middle, upper].forEach((values, q) => values.forEach((value, h) => (quantiles[3 * h + q] = value)))
  return { lower, upper, quantiles }
}

function lastValue(history: Float64Array): number {
  return history[history.findLastIndex((value) => !Number.isNaN(value))] ?? Number.NaN
}

function scored(name: string, scores: ForecastScores): ForecasterJudgement {
  const losses = { absolute: scores.losses('absolute'), squared: scores.losses('squared') }
  return { name, figures: scores.overall(), byLead: scores.byLead(), losses }
}
