/**
 * Several targets together: errors standardised by each target's deviation, and one verdict on all targets of a series.
 */
import type { BaselineJudgement, ForecasterJudgement, JudgeOptions, Judgement, LineJudgement } from './judgement.js'
import { judge, type ForecastLosses, type Verdict } from './verdict.js'

/** The losses of a forecaster, as a verdict takes them. */
export function lossesOf({ name, losses, figures }: ForecasterJudgement): ForecastLosses {
  return { name, losses: losses.absolute, mean: figures.mae }
}

/** The model against the best of the baselines; undefined without baselines. */
export function compareAll(
  model: ForecasterJudgement,
  baselines: readonly BaselineJudgement[],
  horizon: number,
): Verdict | undefined {
  return baselines.length === 0 ? undefined : judge(lossesOf(model), baselines.map(lossesOf), { horizon })
}

/** Errors over all lines, each divided by its line's deviation, for the model and for each baseline that all lines have. */
export function standardise(lines: readonly LineJudgement[]): Judgement['standardised'] {
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
export function jointVerdict(
  lines: readonly LineJudgement[],
  { horizon }: Pick<JudgeOptions, 'horizon'>,
): Verdict | undefined {
  const [first] = lines
  if (first === undefined || first.baselines.length === 0) return undefined
  if (lines.length === 1) return first.verdict
  if (lines.some(({ line }) => line.series !== first.line.series)) return undefined
  const means = standardise(lines)
  const joint = [first.model, ...first.baselines].map(({ name }, at): ForecastLosses => {
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
