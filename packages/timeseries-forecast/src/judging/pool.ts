/**
 * Judgements of several stretches of time as one judgement: means over all their windows.
 */
import type { ForecastFigures } from '../metrics/forecast-scores.js'
import { compareAll, jointVerdict, lossesOf, standardise } from './joint-verdict.js'
import type { ForecasterJudgement, Judgement, LineJudgement } from './judgement.js'
import { judge } from './verdict.js'

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
  const model = poolForecaster(all.map((one) => one.model))
  const baselines = last.baselines.map((_, at) => {
    const own = poolForecaster(all.flatMap((one) => one.baselines[at] ?? []))
    return { ...own, verdict: judge(lossesOf(model), [lossesOf(own)], { horizon }) }
  })
  return {
    ...last,
    model,
    baselines,
    verdict: compareAll(model, baselines, horizon),
    residuals: {
      rows: Uint32Array.from(all.flatMap(({ residuals }) => [...residuals.rows])),
      values: Float64Array.from(all.flatMap(({ residuals }) => [...residuals.values])),
    },
    ahead: Float64Array.from(all.flatMap(({ ahead }) => [...ahead])),
  }
}

function poolForecaster(all: readonly ForecasterJudgement[]): ForecasterJudgement {
  const [first] = all
  if (first === undefined) throw new Error('pooling scores: none was given')
  const losses = (kind: keyof ForecasterJudgement['losses']) =>
    Float64Array.from(all.flatMap((one) => [...one.losses[kind]]))
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
