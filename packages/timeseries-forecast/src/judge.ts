/**
 * How good forecasts are: the model and what a statistician would have used, on the same windows of the same series, in the table's
 * units, with a test of whether the difference is more than chance. Figures are core's, baselines and verdicts in rooms of their own;
 * here windows are walked through once, in batches, and nothing is kept of them but scores and the few that a report shows.
 */
import { setImmediate } from 'node:timers/promises'
import { evenlySpread } from '@weft/core/data'
import { type ForecastFigures, ForecastScores } from './metrics/forecast-scores.js'
import { seasonalNaiveError } from './metrics/forecast.js'
import { normalQuantile } from './metrics/normal.js'
import { toCsv } from '@weft/core/app'
import { makeBaselines, type Forecaster } from './baselines/index.js'
import type { ForecastModel } from './model.js'
import type { Forecasts } from './forecasting/window-forecaster.js'
import { judge, type Judged, type Verdict } from './judging/verdict.js'
import type { ForecastSet, Line } from './forecasting/forecast-set.js'
import { quantilesOf } from './network.js'

/** Windows whose forecasts are shown, of each line. */
const SHOWN_WINDOWS = 3

/** One forecaster's scores on one line. */
export interface Scored {
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
export interface Compared extends Scored {
  /** The model against it. */
  readonly verdict: Verdict
}

/** A window whose forecast is shown. */
export interface ShownWindow {
  readonly origin: number
  readonly mean: Float64Array
  readonly lower: Float64Array | undefined
  readonly upper: Float64Array | undefined
  readonly baselines: readonly { readonly name: string; readonly values: Float64Array }[]
}

/** What became of one target of one series. */
export interface LineJudgement {
  readonly line: Line
  readonly model: Scored
  readonly baselines: readonly Compared[]
  readonly verdict: Verdict | undefined
  readonly shown: readonly ShownWindow[]
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
  /** Rows of a season, for the seasonal last value and MASE. */
  readonly season: number
  /** Baselines as text, such as `arima(2,1,2)`. */
  readonly baselines: readonly string[]
  /** Share of the truth that intervals are to hold. */
  readonly coverage: number
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Judges the model and the baselines by windows.
 *
 * @param origins First rows of the horizons in each series, ascending.
 */
export async function judgeForecasts(
  model: ForecastModel,
  set: ForecastSet,
  origins: readonly Uint32Array[],
  options: JudgeOptions,
): Promise<Judgement> {
  const windows = origins.reduce((sum, own) => sum + own.length, 0)
  const lines: LineJudgement[] = []
  const forecaster = model.over(set.prepared, origins)
  let done = 0
  for (const [series, own] of origins.entries()) {
    const walks = set.lines.filter((line) => line.series === series).map((line) => new LineWalk(line, own, options))
    for (let at = 0; at < own.length; at += options.batchSize) {
      const count = Math.min(options.batchSize, own.length - at)
      const forecasts = forecaster.forecast(series, at, count)
      for (const walk of walks) walk.add(at, forecasts)
      done += count
      options.onProgress?.(done, windows)
      await setImmediate()
    }
    // A series that ends before the part begins has nothing to be judged by.
    lines.push(...walks.filter((walk) => walk.count > 0).map((walk) => walk.judgement()))
  }
  return { items: { length: windows }, lines, standardised: standardise(lines), verdict: jointVerdict(lines, options) }
}

/** One line while its windows are walked through. */
class LineWalk {
  readonly #line: Line
  readonly #origins: Uint32Array
  readonly #options: JudgeOptions
  readonly #scores: ForecastScores
  readonly #baselines: readonly { readonly forecaster: Forecaster; readonly scores: ForecastScores }[]
  readonly #shown: ShownWindow[] = []
  readonly #showAt: ReadonlySet<number>
  readonly #residuals: Float64Array
  readonly #ahead: Float64Array

  constructor(line: Line, origins: Uint32Array, options: JudgeOptions) {
    const { season, horizon, coverage } = options
    const training = line.values.subarray(0, line.trained)
    const scales = [seasonalNaiveError(training, season)]
    const quantiles = quantilesOf({ coverage })
    const scores = () => new ForecastScores({ horizon, targets: 1, scales, level: coverage, quantiles })
    this.#line = line
    this.#origins = origins
    this.#options = options
    this.#scores = scores()
    this.#baselines = makeBaselines(options.baselines, { season }).map((forecaster) => {
      forecaster.fit(training)
      return { forecaster, scores: scores() }
    })
    this.#showAt = new Set(evenlySpread([...origins.keys()], SHOWN_WINDOWS))
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
        this.#shown.push({ origin, mean: point, lower: ends?.lower, upper: ends?.upper, baselines: compared })
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
      return { ...own, note: forecaster.note, verdict: judge(judged(model), [judged(own)], { horizon }) }
    })
    return {
      line,
      model,
      baselines,
      verdict: baselines.length === 0 ? undefined : judge(judged(model), baselines.map(judged), { horizon }),
      shown: this.#shown,
      residuals: { rows: this.#origins, values: this.#residuals },
      ahead: this.#ahead,
    }
  }
}

function scored(name: string, scores: ForecastScores): Scored {
  const losses = { absolute: scores.losses('absolute'), squared: scores.losses('squared') }
  return { name, figures: scores.overall(), byLead: scores.byLead(), losses }
}

const judged = ({ name, losses, figures }: Scored): Judged => ({ name, losses: losses.absolute, mean: figures.mae })

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

/** Errors over all lines, each divided by its line's deviation, for the model and for each baseline that all lines have. */
function standardise(lines: readonly LineJudgement[]): Judgement['standardised'] {
  const [first] = lines
  if (first === undefined) return []
  return [first.model, ...first.baselines].map((_, at) => {
    const all = lines.map(({ line, model, baselines }) => ({ line, scored: [model, ...baselines][at] ?? model }))
    const count = all.reduce((sum, { scored: { figures } }) => sum + figures.count, 0)
    const mean = (value: (one: (typeof all)[number]) => number) =>
      all.reduce((sum, one) => sum + value(one) * one.scored.figures.count, 0) / count
    return {
      // Orders that were searched may differ from line to line.
      name: new Set(all.map(({ scored: { name } }) => name)).size === 1 ? (all[0]?.scored.name ?? '') : 'baseline',
      mse: mean(({ line, scored: { figures } }) => figures.mse / line.deviation ** 2),
      mae: mean(({ line, scored: { figures } }) => figures.mae / line.deviation),
    }
  })
}

/** Of all targets of one series together, each in its deviations. */
function jointVerdict(
  lines: readonly LineJudgement[],
  { horizon }: Pick<JudgeOptions, 'horizon'>,
): Verdict | undefined {
  const [first] = lines
  if (first === undefined || first.baselines.length === 0) return undefined
  if (lines.length === 1) return first.verdict
  if (lines.some(({ line }) => line.series !== first.line.series)) return undefined
  const means = standardise(lines)
  const joint = [first.model, ...first.baselines].map(({ name }, at): Judged => {
    const losses = first.model.losses.absolute.map((_, window) => {
      const sum = lines.reduce((total, { line, model, baselines }) => {
        const loss = ([model, ...baselines][at] ?? model).losses.absolute[window] ?? Number.NaN
        return total + loss / line.deviation
      }, 0)
      return sum / lines.length
    })
    return { name, losses, ...(means[at] && { mean: means[at].mae }) }
  })
  const [model, ...baselines] = joint
  return model && judge(model, baselines, { horizon, measure: 'Standardised MAE' })
}

/** Judgements of the same lines in several stretches of time, one after the other, as one. */
export function pool(judgements: readonly Judgement[]): Judgement {
  const [first] = judgements
  if (first === undefined) return { items: { length: 0 }, lines: [], standardised: [], verdict: undefined }
  const lines = first.lines.flatMap(({ line: { key, target } }) => {
    const own = judgements.flatMap(({ lines: all }) =>
      all.filter(({ line }) => line.key === key && line.target === target),
    )
    return own.length === judgements.length ? [poolLines(own)] : []
  })
  const [line] = lines
  const horizon = line?.model.byLead.length ?? 1
  const items = { length: judgements.reduce((sum, one) => sum + one.items.length, 0) }
  return { items, lines, standardised: standardise(lines), verdict: jointVerdict(lines, { horizon }) }
}

function poolLines(all: readonly LineJudgement[]): LineJudgement {
  const [last] = all.slice(-1)
  if (last === undefined) throw new Error('pooling judgements: none was given')
  const horizon = last.model.byLead.length
  const model = poolScored(all.map((one) => one.model))
  const baselines = last.baselines.map((_, at) => {
    const own = poolScored(all.flatMap((one) => one.baselines[at] ?? []))
    return { ...own, verdict: judge(judged(model), [judged(own)], { horizon }) }
  })
  return {
    ...last,
    model,
    baselines,
    verdict: baselines.length === 0 ? undefined : judge(judged(model), baselines.map(judged), { horizon }),
    residuals: {
      rows: Uint32Array.from(all.flatMap(({ residuals }) => [...residuals.rows])),
      values: Float64Array.from(all.flatMap(({ residuals }) => [...residuals.values])),
    },
    ahead: Float64Array.from(all.flatMap(({ ahead }) => [...ahead])),
  }
}

function poolScored(all: readonly Scored[]): Scored {
  const [first] = all
  if (first === undefined) throw new Error('pooling scores: none was given')
  const losses = (kind: keyof Scored['losses']) => Float64Array.from(all.flatMap((one) => [...one.losses[kind]]))
  return {
    name: first.name,
    figures: poolFigures(all.map(({ figures }) => figures)),
    byLead: first.byLead.map((_, lead) => poolFigures(all.flatMap(({ byLead }) => byLead[lead] ?? []))),
    losses: { absolute: losses('absolute'), squared: losses('squared') },
    note: first.note,
  }
}

/** Means over all values that count. */
function poolFigures(all: readonly ForecastFigures[]): ForecastFigures {
  const count = all.reduce((sum, one) => sum + one.count, 0)
  const mean = (name: keyof ForecastFigures) => {
    const there = all.filter((one) => one.count > 0 && !Number.isNaN(one[name]))
    const weight = there.reduce((sum, one) => sum + one.count, 0)
    return weight === 0 ? Number.NaN : there.reduce((sum, one) => sum + one[name] * one.count, 0) / weight
  }
  const mse = mean('mse')
  return {
    count,
    mae: mean('mae'),
    mse,
    rmse: Math.sqrt(mse),
    smape: mean('smape'),
    mase: mean('mase'),
    pinball: mean('pinball'),
    coverage: mean('coverage'),
    width: mean('width'),
    winkler: mean('winkler'),
    direction: mean('direction'),
  }
}

/** A judgement as JSON prints it: `mse` and `mae` of standardised values. */
export function judgementJson({ items, standardised, lines, verdict }: Judgement): object {
  const [model, ...baselines] = standardised
  return {
    mse: model?.mse,
    mae: model?.mae,
    items: items.length,
    baselines,
    verdict: verdict?.verdict,
    sentence: verdict?.sentence,
    lines: lines.map(({ line, model: own, baselines: others, verdict: said }) => ({
      ...(line.key !== '' && { series: line.key }),
      target: line.name,
      ...own.figures,
      baselines: others.map(({ name, figures, note, verdict: compared }) => ({
        name,
        ...figures,
        pValue: compared.test.pValue,
        ...(note !== undefined && { note }),
      })),
      verdict: said?.verdict,
      sentence: said?.sentence,
    })),
  }
}

/** A line for each window and target: what was forecast for the first row, and the errors of all. */
export function forecastsCsv({ lines }: Judgement): string {
  const rows = lines.flatMap(({ line, residuals, ahead, model }) =>
    Array.from(residuals.rows, (row, at) => [
      line.key,
      line.name,
      new Date(line.times[row] ?? 0).toISOString(),
      String(ahead[at] ?? ''),
      String(line.values[row] ?? ''),
      String(model.losses.absolute[at] ?? ''),
    ]),
  )
  return toCsv([['series', 'target', 'origin', 'first_forecast', 'first_truth', 'mean_absolute_error'], ...rows])
}
