/**
 * From what was judged or forecast to what a report draws of it: histories as long as read well, the best baselines, a bounded number of
 * targets. Drawing is report.ts's and core's.
 */
import type { ReportContent } from '@weft/core/app'
import type { Section } from '@weft/core/report'
import { nameOfLine } from './forecast-set.js'
import type { Compared, Judgement, LineJudgement, Scored } from './judge.js'
import { FORMAT, type ForecastModel } from './model.js'
import type { DrawnForecast } from './predict.js'
import { forecastFigures, forecastSections, type ForecastShown, type ShownWindow } from './report.js'

/** Targets of series that have sections of their own. */
const MOST_LINES = 6
/** Rows before an origin that are drawn, in horizons; at least so many rows. */
const HISTORY_HORIZONS = 3
const LEAST_HISTORY = 48
/** Baselines that are drawn into a window. */
const DRAWN_BASELINES = 1
/** Residuals that are drawn. */
const MOST_RESIDUALS = 20_000

/** What is shown of a model's forecasts. */
export function forecastReport(model: ForecastModel): ReportContent<Judgement> {
  const { options, series, grid } = model.forecasting
  const stations = grid && grid.stations.filter((key) => key !== null).length
  const several =
    stations !== undefined ? ` of ${stations} stations` : series.length > 1 ? ` of ${series.length} series` : ''
  return {
    app: FORMAT.app,
    noun: 'window',
    subtitle: `${model.targetNames.join(', ')}${several}, ${options.horizon} rows ahead from ${options.lookBack}: ${options.network}`,
    figures: (judgement, part) => {
      const [first] = judgement.lines
      return first === undefined ? [] : forecastFigures(shownLine(first, model), part)
    },
    sections: (judgement) => Promise.resolve(judgementSections(judgement, model)),
  }
}

function judgementSections(judgement: Judgement, model: ForecastModel): Section[] {
  const lines = judgement.lines.slice(0, MOST_LINES)
  const titled = (section: Section, line: LineJudgement): Section =>
    judgement.lines.length === 1 ? section : { ...section, title: `${section.title}: ${nameOfLine(line.line)}` }
  return [
    ...(judgement.lines.length > 1 ? [summarySection(judgement)] : []),
    ...lines.flatMap((line) => forecastSections(shownLine(line, model)).map((section) => titled(section, line))),
  ]
}

/** All targets at a glance. */
function summarySection({ lines, standardised, verdict }: Judgement): Section {
  const figure = (value: number | undefined) => (value === undefined ? undefined : value.toPrecision(4))
  const shown =
    lines.length > MOST_LINES ? [`Of ${lines.length} targets the first ${MOST_LINES} have sections of their own.`] : []
  return {
    title: 'All targets',
    text: [
      ...(verdict === undefined ? [] : [verdict.sentence]),
      'Errors of all targets together are of values scaled by the training part’s mean and deviation, so that none outweighs the others.',
      ...shown,
    ],
    tables: [
      {
        caption: 'Standardised errors of all targets and leads.',
        columns: [{ header: 'forecaster' }, { header: 'MSE', align: 'right' }, { header: 'MAE', align: 'right' }],
        rows: standardised.map(({ name, mse, mae }) => [name, figure(mse), figure(mae)]),
      },
      {
        caption: 'Every target in its own unit.',
        columns: [
          { header: 'target' },
          { header: 'MAE', align: 'right' },
          { header: 'best baseline' },
          { header: 'its MAE', align: 'right' },
          { header: 'verdict' },
        ],
        rows: lines.map(({ line, model, baselines, verdict: own }) => {
          const best = bestOf(baselines)
          return [nameOfLine(line), figure(model.figures.mae), best?.name, figure(best?.figures.mae), own?.verdict]
        }),
      },
    ],
  }
}

/** What is shown of one target of one series. */
function shownLine(judged: LineJudgement, model: ForecastModel): ForecastShown {
  const { line, model: own, baselines, verdict, residuals } = judged
  const { options, step, season } = model.forecasting
  const all = [own, ...baselines]
  const first = Math.max(0, residuals.values.length - MOST_RESIDUALS)
  return {
    target: line.name,
    step,
    season,
    windows: judged.shown.map((window) => shownWindow(window, judged, model)),
    judged: residuals.values.length,
    scores: all.map((one) => scoresOf(one)),
    ...(verdict && { verdict: verdict.sentence }),
    maeByLead: all.map(({ name, byLead }) => ({ name, values: byLead.map(({ mae }) => mae) })),
    ...(Number.isFinite(own.figures.coverage) && {
      intervals: {
        levels: [{ nominal: options.coverage, actual: own.figures.coverage }],
        byLead: [{ name: 'model', nominal: options.coverage, values: own.byLead.map(({ coverage }) => coverage) }],
      },
    }),
    residuals: {
      values: residuals.values.subarray(first),
      times: Float64Array.from(residuals.rows.subarray(first), (row) => line.times[row] ?? Number.NaN),
    },
  }
}

function scoresOf(one: Scored | Compared) {
  const { mae, rmse, smape, mase, direction } = one.figures
  const compared = 'verdict' in one ? { p: one.verdict.test.pValue, verdict: one.verdict.verdict } : {}
  return { name: one.name, mae, rmse, smape, mase, direction, ...compared }
}

function bestOf(baselines: readonly Compared[]): Compared | undefined {
  return [...baselines].sort((a, b) => a.figures.mae - b.figures.mae)[0]
}

function shownWindow(
  { origin, mean, lower, upper, baselines }: LineJudgement['shown'][number],
  { line, baselines: compared }: LineJudgement,
  model: ForecastModel,
): ShownWindow {
  const { horizon, coverage } = model.forecasting.options
  const from = Math.max(0, origin - Math.max(LEAST_HISTORY, HISTORY_HORIZONS * horizon))
  const best = [...compared].sort((a, b) => a.figures.mae - b.figures.mae).slice(0, DRAWN_BASELINES)
  const names = new Set(best.map(({ name }) => name))
  return {
    series: line.key,
    origin,
    history: { times: line.times.subarray(from, origin), values: line.values.subarray(from, origin) },
    forecast: { times: line.times.subarray(origin, origin + horizon), values: mean },
    truth: line.values.subarray(origin, origin + horizon),
    ...(lower && upper && { interval: { level: coverage, lower, upper } }),
    baselines: baselines.filter(({ name }) => names.has(name)),
  }
}

/** What is shown of forecasts whose truth is still to come. */
export function futureSections(drawn: readonly DrawnForecast[], model: ForecastModel): Section[] {
  const { step, options } = model.forecasting
  return drawn.slice(0, MOST_LINES).flatMap(({ series, target, history, times, rows }) => {
    const lower = rows.flatMap((row) => row.lower ?? [])
    const upper = rows.flatMap((row) => row.upper ?? [])
    const sections = forecastSections({
      target,
      step,
      judged: 0,
      scores: [],
      maeByLead: [],
      windows: [
        {
          series,
          origin: history.values.length,
          history: times ? history : { values: history.values },
          forecast: { ...(times && { times }), values: rows.map(({ forecast }) => forecast) },
          ...(lower.length > 0 && { interval: { level: options.coverage, lower, upper } }),
        },
      ],
    })
    const name = nameOfLine({ key: series, name: target })
    return sections.map((section) =>
      drawn.length === 1 ? section : { ...section, title: `${section.title}: ${name}` },
    )
  })
}
