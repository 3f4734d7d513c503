/**
 * From a judgement or a forecast to the data of a report: histories of readable length, the best baselines, a bounded number of
 * targets. Drawing is in report.ts.
 */
import type { ReportContent } from '@weft/core/app/report'
import { formatNumber, formatPercent, plural } from '@weft/core/cli'
import type { KeyFigure, ReportTable, Section } from '@weft/core/report'
import { nameOfLine } from '../forecasting/forecast-set.js'
import { targetNames, type ForecastSpec } from '../forecasting/spec.js'
import { bestStandardised, overallVerdict } from '../judging/overall-verdict.js'
import type { BaselineJudgement, Judgement, LineJudgement, ForecasterJudgement } from '../judging/judgement.js'
import { FORMAT } from '../model.js'
import type { ForecastWithHistory } from '../forecasting/prediction.js'
import { shortTimes } from '../series/future-times.js'
import { change, forecastFigures, forecastSections, span, type TargetReport, type WindowReport } from '../report.js'

/** Targets of series that have sections of their own. */
const MOST_LINES = 8
/** Rows before an origin that are drawn, in horizons; at least so many rows. */
const HISTORY_HORIZONS = 3
const LEAST_HISTORY = 48
/** Baselines that are drawn into a window. */
const DRAWN_BASELINES = 1
/** Residuals that are drawn. */
const MOST_RESIDUALS = 20_000

/** Rows of a forecast that are listed. */
const MOST_ROWS = 48

/** What is shown of a model's forecasts. */
export function forecastReport(spec: ForecastSpec): ReportContent<Judgement> {
  const { options, series, step, grid } = spec
  const stations = grid && grid.stations.filter((key) => key !== null).length
  const several =
    stations !== undefined ? ` of ${stations} stations` : series.length > 1 ? ` of ${series.length} series` : ''
  return {
    app: FORMAT.app,
    noun: 'window',
    subtitle: `${targetNames(spec).join(', ')}${several}, ${span(options.horizon, step)} ahead from the ${span(options.lookBack, step)} before; ${options.network} network`,
    figures: (judgement, part) => {
      const [first, ...others] = judgement.lines
      if (first === undefined) return []
      return others.length === 0 ? forecastFigures(targetReport(first, spec), part) : jointFigures(judgement, part)
    },
    verdict: overallVerdict,
    sections: (judgement) => Promise.resolve(judgementSections(judgement, spec)),
  }
}

/** The key figures of several targets together. */
function jointFigures({ lines, items, standardised }: Judgement, part: string): KeyFigure[] {
  const [model, ...baselines] = standardised
  if (model === undefined) return []
  const best = bestStandardised(baselines)
  const values = lines.reduce((sum, { model: { figures } }) => sum + figures.count, 0)
  const coverage = lines.reduce((sum, { model: { figures } }) => sum + (figures.coverage * figures.count) / values, 0)
  return [
    {
      label: 'Standardised MAE',
      value: formatNumber(model.mae),
      note: `${plural(lines.length, 'target')}, ${part}, ${plural(items.length, 'window')}`,
    },
    ...(best === undefined
      ? []
      : [
          { label: 'Beside the best baseline', value: change(model.mae, best.mae), note: `error against ${best.name}` },
        ]),
    ...(Number.isFinite(coverage)
      ? [{ label: 'Interval', value: formatPercent(coverage), note: 'of the truth is within, over all targets' }]
      : []),
  ]
}

function judgementSections(judgement: Judgement, spec: ForecastSpec): Section[] {
  const [only] = judgement.lines
  if (only !== undefined && judgement.lines.length === 1)
    return forecastSections({ ...targetReport(only, spec), residuals: residualsOf(only) })
  const lines = judgement.lines.slice(0, MOST_LINES)
  return [summarySection(judgement), ...lines.map((line) => lineSection(line, spec))]
}

/** One of several targets: the same pictures but residuals, in one section. */
function lineSection(line: LineJudgement, spec: ForecastSpec): Section {
  const sections = forecastSections(targetReport(line, spec))
  return {
    title: nameOfLine(line.line),
    ...(line.verdict && { text: line.verdict.sentence }),
    figures: sections.flatMap(({ figures = [] }) => figures),
    tables: sections.flatMap(({ tables = [] }) => tables),
  }
}

/** All targets at a glance. */
function summarySection({ lines, standardised }: Judgement): Section {
  const figure = (value: number | undefined) => (value === undefined ? undefined : value.toPrecision(4))
  const shown =
    lines.length > MOST_LINES ? [`The first ${MOST_LINES} of ${lines.length} targets have sections of their own.`] : []
  return {
    title: 'All targets',
    text: [
      'Errors of all targets together are of values scaled by the training part’s mean and deviation, so that none outweighs the others. In the pictures of forecasts what the model knew lies left of the dotted rule; the windows are spread evenly over all that were judged.',
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

/** The data of a report on one target of one series. */
function targetReport(judged: LineJudgement, spec: ForecastSpec): TargetReport {
  const { line, model: own, baselines, residuals } = judged
  const { options, step, season } = spec
  const all = [own, ...baselines]
  return {
    target: line.name,
    step,
    season,
    windows: judged.examples.map((window) => windowReport(window, judged, spec)),
    judged: residuals.values.length,
    scores: all.map((one) => scoresOf(one)),
    maeByLead: all.map(({ name, byLead }) => ({ name, values: byLead.map(({ mae }) => mae) })),
    ...(Number.isFinite(own.figures.coverage) && {
      intervals: {
        levels: [{ nominal: options.coverage, actual: own.figures.coverage }],
        byLead: [{ name: 'model', nominal: options.coverage, values: own.byLead.map(({ coverage }) => coverage) }],
      },
    }),
  }
}

function residualsOf({ line, residuals: { rows, values } }: LineJudgement): NonNullable<TargetReport['residuals']> {
  const first = Math.max(0, values.length - MOST_RESIDUALS)
  return {
    values: values.subarray(first),
    times: Float64Array.from(rows.subarray(first), (row) => line.times[row] ?? Number.NaN),
  }
}

function scoresOf(one: ForecasterJudgement | BaselineJudgement) {
  const { mae, rmse, smape, mase, direction } = one.figures
  const compared = 'verdict' in one ? { p: one.verdict.test.pValue, verdict: one.verdict.verdict } : {}
  return { name: one.name, mae, rmse, smape, mase, direction, ...compared }
}

function bestOf(baselines: readonly BaselineJudgement[]): BaselineJudgement | undefined {
  return [...baselines].sort((a, b) => a.figures.mae - b.figures.mae)[0]
}

function windowReport(
  { origin, mean, lower, upper, baselines }: LineJudgement['examples'][number],
  { line, baselines: compared }: LineJudgement,
  spec: ForecastSpec,
): WindowReport {
  const { horizon, coverage } = spec.options
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

/** The sections of forecasts whose truth is still to come. */
export function futureSections(drawn: readonly ForecastWithHistory[], spec: ForecastSpec): Section[] {
  const { step, options } = spec
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
    return sections.map((section) => ({
      ...section,
      title: drawn.length === 1 ? section.title : name,
      tables: [forecastTable(rows, options.coverage)],
    }))
  })
}

/** The forecast in numbers. */
function forecastTable(rows: ForecastWithHistory['rows'], coverage: number): ReportTable {
  const bounded = rows.some(({ lower }) => lower !== undefined)
  const shown = rows.slice(0, MOST_ROWS)
  const times = shortTimes(shown.map(({ time }) => time))
  const more = rows.length > MOST_ROWS ? ` The first ${MOST_ROWS} of ${rows.length} rows.` : ''
  const right = (header: string) => ({ header, align: 'right' as const })
  return {
    caption: `The forecast in numbers${bounded ? `, with the ends of the ${formatPercent(coverage, 0)} interval` : ''}.${more}`,
    columns: [{ header: 'time' }, right('forecast'), ...(bounded ? [right('from'), right('to')] : [])],
    rows: shown.map(({ forecast, lower, upper }, at) => [
      times[at],
      formatNumber(forecast),
      ...(bounded ? [formatNumber(lower ?? Number.NaN), formatNumber(upper ?? Number.NaN)] : []),
    ]),
  }
}
