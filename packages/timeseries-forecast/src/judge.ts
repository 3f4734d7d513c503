/**
 * Judges forecasts: the model and the baselines on the same windows of the same series, in the table's units, with a test of whether the
 * difference is more than chance. Here the windows are walked through once, in batches; scores, verdicts and files are in judging/.
 */
import { setImmediate } from 'node:timers/promises'
import type { ForecastSet } from './forecasting/forecast-set.js'
import { jointVerdict, standardise } from './judging/joint-verdict.js'
import type { Judgement, JudgeOptions, LineJudgement } from './judging/judgement.js'
import { LineWalk } from './judging/line-walk.js'
import type { ForecastModel } from './model.js'

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
