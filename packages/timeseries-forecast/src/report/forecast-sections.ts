/**
 * The sections of reports on series: forecasts that are shown, how they compare with baselines, what their intervals hold, what they
 * leave unexplained, a paper strategy, and alarms. Each says in a sentence how it is read. The numbers are computed by whoever judges.
 */
import { formatPercent, plural } from '@weft/core/cli'
import { anomalyPlot, type AnomalyPlotData } from './anomaly-plot.js'
import { equityPlot, type EquityOptions, type EquityPlotData } from './equity-plot.js'
import {
  type CoverageByLead,
  coverageByLeadPlot,
  type CoverageLevel,
  coverageByLevelPlot,
  DRAWN_FORECASTERS,
  errorLimit,
  errorsByLeadPlot,
} from './by-lead-plots.js'
import { forecastPlot, type ForecastPlotData } from './forecast-plot.js'
import { type NamedValues, withUnit } from './line-marks.js'
import type { Figure, ReportTable, Section } from '@weft/core/report'
import { type ResidualOptions, residualPlots } from './residual-plots.js'
import type { Values } from './time-axis.js'

/** A picture's data with the words below it. */
export interface WithCaption<Data> {
  readonly data: Data
  readonly caption: string
}

/** Forecasts beside what then came, where that is known. */
export function forecastSection(
  shown: readonly WithCaption<ForecastPlotData>[],
  text: string | readonly string[] = [],
): Section {
  const interval = shown.some(({ data }) => data.lower !== undefined && data.upper !== undefined)
  const came = shown.some(({ data }) => data.truth !== undefined) ? ' and what then came' : ''
  const reading = `Left of the dotted rule is what the model knew, right of it what it forecast${came}.${interval ? ' The shaded band is the interval; wider means less certain.' : ''}`
  return {
    title: 'Forecasts',
    text: [reading, ...[text].flat()],
    figures: shown.map(({ data, caption }) => ({ svg: forecastPlot(data), caption, wide: true })),
  }
}

/** The scores of the model or of one baseline, all of the same windows. What was not computed is left out. */
export interface ForecasterScores {
  readonly name: string
  /** In the unit of the values. */
  readonly mae: number
  readonly rmse: number
  /** As a share: 0.12 is 12 %. */
  readonly smape?: number
  /** Against the seasonal last value of the training part: below 1 is better than it. */
  readonly mase?: number
  /** Share of the forecasts that have the direction of the change right. */
  readonly direction?: number
  /** Of the Diebold-Mariano test of the model against this forecaster. */
  readonly p?: number
  /** Of the model against this forecaster, in words. */
  readonly verdict?: string
}

export interface BaselinesSectionOptions {
  readonly unit?: string
  /** Error by lead, the model first. */
  readonly byLead?: { readonly label: string; readonly lead?: string; readonly forecasters: readonly NamedValues[] }
  /** Windows that were judged. */
  readonly windows?: number
  /** Rows of a season, by which MASE is measured; 1 where there is none. */
  readonly season?: number
  /** The verdict as a sentence, and whatever else is to be said. */
  readonly text?: string | readonly string[]
}

/** The model, which comes first, beside the baselines. */
export function baselinesSection(scores: readonly ForecasterScores[], options: BaselinesSectionOptions = {}): Section {
  const { byLead, text = [] } = options
  const figures: Figure[] = []
  if (byLead !== undefined) {
    const { forecasters, ...axes } = byLead
    const few =
      forecasters.length > DRAWN_FORECASTERS ? ` Of the baselines the best ${DRAWN_FORECASTERS - 1} are drawn.` : ''
    const limit = errorLimit(forecasters)
    const cut = forecasters.some(({ values }) => Array.from(values).some((error) => error > limit))
      ? ' A line that leaves at the top is more than three times as wrong as the model ever is.'
      : ''
    figures.push({
      svg: errorsByLeadPlot(forecasters, { ...axes, width: 960 }),
      caption: `Error by lead. How wrong each forecaster is, the further ahead it looks; lower is better.${few}${cut}`,
      wide: true,
    })
  }
  return { title: 'Beside the baselines', text, tables: [scoresTable(scores, options)], figures }
}

function scoresTable(
  scores: readonly ForecasterScores[],
  { unit, windows, season }: BaselinesSectionOptions,
): ReportTable {
  const columns: { header: string; cell: (row: ForecasterScores) => string; words?: boolean }[] = [
    { header: 'forecaster', cell: ({ name }) => name, words: true },
    { header: withUnit('MAE', unit), cell: fixed(scores, ({ mae }) => mae) },
    { header: withUnit('RMSE', unit), cell: fixed(scores, ({ rmse }) => rmse) },
    { header: 'sMAPE', cell: ({ smape }) => (smape === undefined ? '' : formatPercent(smape)) },
    { header: 'MASE', cell: fixed(scores, ({ mase }) => mase) },
    { header: 'direction', cell: ({ direction }) => (direction === undefined ? '' : formatPercent(direction)) },
    { header: 'p', cell: ({ p }) => formatP(p) },
    { header: 'the model is', cell: ({ verdict }) => verdict ?? '', words: true },
  ]
  const kept = columns.filter(({ cell }) => scores.some((row) => cell(row) !== ''))
  const has = (header: string) => kept.some((column) => column.header === header)
  const of = windows === undefined ? '' : ` Of ${plural(windows, 'window')}.`
  const meanings = [
    'MAE and RMSE are in the unit of the values',
    ...(has('MASE')
      ? [
          `MASE is MAE as a multiple of how wrong ${season === 1 ? 'the last value was one row ahead' : 'the seasonal last value was one season ahead'} in the training part`,
        ]
      : []),
    ...(has('direction') ? ['direction is the share of rises and falls that were foreseen'] : []),
    ...(has('p') ? ['p is the chance of such a difference between equally good forecasters (Diebold-Mariano)'] : []),
  ]
  return {
    caption: `Scores.${of} ${meanings.join('; ')}.`,
    columns: kept.map(({ header, words }) => ({ header, align: words === true ? 'left' : 'right' })),
    rows: scores.map((row) => kept.map(({ cell }) => cell(row))),
  }
}

/** Numbers of a column with as many decimals as the first, the model's, needs for three or four digits. */
function fixed(scores: readonly ForecasterScores[], value: (row: ForecasterScores) => number | undefined) {
  const first = Math.abs(scores.map(value).find((one) => one !== undefined && Number.isFinite(one) && one !== 0) ?? 1)
  const power = Math.floor(Math.log10(first))
  const decimals = Math.min(8, Math.max(0, (power < 0 ? 2 : 3) - power))
  return (row: ForecasterScores): string => {
    const number = value(row)
    if (number === undefined) return ''
    return Number.isFinite(number) ? number.toFixed(decimals) : 'none'
  }
}

function formatP(p: number | undefined): string {
  if (p === undefined || Number.isNaN(p)) return ''
  return p < 0.001 ? '<0.001' : p.toFixed(3)
}

export interface Intervals {
  readonly levels?: readonly CoverageLevel[]
  readonly byLead?: readonly CoverageByLead[]
  /** What a lead is, such as `lead (hours)`. */
  readonly lead?: string
}

/** Whether intervals hold what they promise. */
export function intervalsSection(
  { levels = [], byLead = [], lead }: Intervals,
  text: string | readonly string[] = [],
): Section {
  const figures: Figure[] = []
  // A single level is a single dot, which the leads tell better.
  if (levels.length > 1 || (levels.length === 1 && byLead.length === 0)) {
    figures.push({
      svg: coverageByLevelPlot(levels),
      caption:
        'Coverage by level. On the dotted line intervals hold the share that they promise; below it they are too narrow, above it too wide.',
    })
  }
  if (byLead.length > 0) {
    figures.push({
      svg: coverageByLeadPlot(byLead, lead === undefined ? {} : { lead }),
      caption:
        'Coverage by lead. The share of the truth within the interval, the further ahead; dotted: the share promised.',
    })
  }
  return { title: 'Intervals', text, figures }
}

/** What a forecast leaves unexplained. @param residuals Truth less forecast in the order of time, NaN where missing. */
export function residualsSection(
  residuals: Values,
  options: ResidualOptions = {},
  text: string | readonly string[] = [],
): Section {
  const plots = residualPlots(residuals, options)
  return {
    title: 'Residuals',
    text: ['Observed less forecast. Without any pattern here, nothing is left to forecast.', ...[text].flat()],
    figures: [
      {
        svg: plots.overTime,
        caption: `Residuals along time. A level off zero is a bias; a wider stretch was harder to forecast.${plots.beyond > 0 ? ` ${plural(plots.beyond, 'residual')} far outside ${plots.beyond === 1 ? 'leaves' : 'leave'} the picture.` : ''}`,
        wide: true,
      },
      {
        svg: plots.histogram,
        caption: `Spread. Bars beside the normal curve of the same mean and deviation (${plots.summary}).`,
      },
      {
        svg: plots.autocorrelation,
        caption:
          'Autocorrelation. A stem beyond the grey band means that residuals predict later ones: something is left to learn.',
      },
    ],
  }
}

/** A paper strategy beside holding. */
export function strategySection(
  data: EquityPlotData,
  text: string | readonly string[],
  options: EquityOptions = {},
): Section {
  const caption =
    'Growth of 1, and drawdown. What one unit of money became, costs included; below, how far it stood under its highest value so far.'
  return { title: 'Paper strategy', text, figures: [{ svg: equityPlot(data, options), caption, wide: true }] }
}

/** Series with their alarms. */
export function anomalySection(
  shown: readonly WithCaption<AnomalyPlotData>[],
  text: string | readonly string[] = [],
  tables: readonly ReportTable[] = [],
): Section {
  const labelled = shown.some(({ data }) => (data.windows ?? []).length > 0)
  const learnt = shown.some(({ data }) => (data.probation ?? 0) > 0)
  const reading = [
    'A dot is an alarm: a row whose score is above the threshold.',
    ...(learnt ? ['The threshold was learnt on the grey part at the beginning, where no alarm is given.'] : []),
    ...(labelled
      ? ['Yellow stretches are labelled anomalies: a dot in one is right, a dot outside is a false alarm.']
      : []),
  ].join(' ')
  return {
    title: 'Alarms',
    text: [reading, ...[text].flat()],
    tables,
    figures: shown.map(({ data, caption }) => ({ svg: anomalyPlot(data), caption, wide: true })),
  }
}
