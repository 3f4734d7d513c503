/**
 * What the reports of training, evaluation and backtests show of forecasts: windows beside what then came, the model beside the
 * baselines, what intervals hold and what is left in the residuals. The input is plain data of what was judged, one target at a time;
 * the frame of a report is in core/app.
 */
import { formatDuration, formatNumber, formatPercent, plural } from '@weft/core/cli'
import {
  baselinesSection,
  type ForecasterScores,
  forecastSection,
  type Intervals,
  intervalsSection,
  residualsSection,
  strategySection,
} from './report/forecast-sections.js'
import { type EquityPlotData } from './report/equity-plot.js'
import { type KeyFigure, type Section } from '@weft/core/report'
import type { NamedValues } from './report/line-marks.js'
import type { Step } from './series/series.js'

/** One forecast that is shown: numbers of one target in the unit of the table, missing ones NaN. */
export interface WindowReport {
  /** Which series it is of; empty when there is only one. */
  readonly series: string
  /** Number of the first row that is forecast. */
  readonly origin: number
  /** What was known, as many rows as are to be drawn: about three horizons read well. Times in ms since 1970 UTC; without them rows are numbered. */
  readonly history: { readonly times?: ArrayLike<number>; readonly values: ArrayLike<number> }
  /** H leads, with their times where the history has some. */
  readonly forecast: { readonly times?: ArrayLike<number>; readonly values: ArrayLike<number> }
  /** [H], where it is known. */
  readonly truth?: ArrayLike<number>
  readonly interval?: {
    /** Share of the truth that it is to hold. */
    readonly level: number
    readonly lower: ArrayLike<number>
    readonly upper: ArrayLike<number>
  }
  /** The best baseline or two, [H] each. */
  readonly baselines?: readonly NamedValues[]
  /** Why it is shown, such as `a usual one` or `the worst`. */
  readonly note?: string
}

/** What is shown of the forecasts of one target. */
export interface TargetReport {
  /** The target's column. */
  readonly target: string
  readonly unit?: string
  readonly step: Step
  readonly windows: readonly WindowReport[]
  /** Windows that were judged. */
  readonly judged: number
  /** The model first, then the baselines; all of the same windows. None where the truth is still to come. */
  readonly scores: readonly ForecasterScores[]
  /** Mean absolute error by lead, [H] each, the model first. */
  readonly maeByLead: readonly NamedValues[]
  readonly intervals?: Pick<Intervals, 'levels' | 'byLead'>
  /** Truth less forecast at the first lead, in the order of time. */
  readonly residuals?: { readonly times?: ArrayLike<number>; readonly values: ArrayLike<number> }
  /** Rows of a season, where there is one. */
  readonly season?: number
  /** The paper strategy first, then holding. */
  readonly strategy?: EquityPlotData & { readonly text: string }
}

/** The model's figures, the first thing that a reader sees. @param part What was judged, in words. */
export function forecastFigures({ scores, unit, target, judged, intervals }: TargetReport, part: string): KeyFigure[] {
  const [model, ...baselines] = scores
  if (model === undefined) return []
  const best = bestOf(baselines)
  const [first] = intervals?.levels?.slice().sort((a, b) => b.nominal - a.nominal) ?? []
  const suffix = unit === undefined ? '' : ` ${unit}`
  return [
    {
      label: 'Mean absolute error',
      value: `${formatNumber(model.mae)}${suffix}`,
      note: `${target}, ${part}, ${plural(judged, 'window')}`,
    },
    ...(best === undefined
      ? []
      : [
          { label: 'Beside the best baseline', value: change(model.mae, best.mae), note: `error against ${best.name}` },
        ]),
    ...(first === undefined
      ? []
      : [
          {
            label: 'Interval',
            value: formatPercent(first.actual),
            note: `of the truth is within; promised ${formatPercent(first.nominal, 0)}`,
          },
        ]),
  ]
}

/** Chosen examples would prove little. */
const SPREAD_EVENLY = 'These windows are spread evenly over all that were judged.'

/** Whether intervals held what they were made for. */
function heldText(levels: Intervals['levels'] = []): string[] {
  return levels.map(
    ({ nominal, actual }) => `The ${formatPercent(nominal, 0)} intervals held ${formatPercent(actual)} of the truth.`,
  )
}

/** The sections of one target, in the order in which one asks. */
export function forecastSections(shown: TargetReport): Section[] {
  const { target, unit, step, windows, judged, scores, maeByLead, intervals, residuals, season, strategy } = shown
  const inUnit = unit === undefined ? {} : { unit }
  const lead = leadName(step)
  const examples = windows.map((window) => ({
    data: { ...plotDataOf(window), label: target, ...inUnit },
    caption: captionOf(window, step),
  }))
  return [
    ...(scores.length === 0
      ? []
      : [
          baselinesSection(scores, {
            ...inUnit,
            windows: judged,
            ...(season !== undefined && { season }),
            byLead: { label: unit === undefined ? 'MAE' : `MAE (${unit})`, lead, forecasters: maeByLead },
            text: 'Every forecaster in the same windows, from the same past.',
          }),
        ]),
    ...(examples.length === 0 ? [] : [forecastSection(examples, scores.length === 0 ? [] : SPREAD_EVENLY)]),
    ...(intervals === undefined ? [] : [intervalsSection({ ...intervals, lead }, heldText(intervals.levels))]),
    ...(residuals === undefined
      ? []
      : [
          residualsSection(
            residuals.values,
            { ...inUnit, ...(residuals.times && { times: residuals.times }), ...(season !== undefined && { season }) },
            `Shown are the residuals of lead 1, ${oneStep(step)} ahead.`,
          ),
        ]),
    ...(strategy === undefined ? [] : [strategySection(strategy, strategy.text)]),
  ]
}

function plotDataOf({ origin, history, forecast, truth, interval, baselines }: WindowReport) {
  return {
    origin,
    history,
    forecast,
    ...(truth && { truth }),
    ...(interval && { lower: interval.lower, upper: interval.upper, level: interval.level }),
    ...(baselines && { baselines }),
  }
}

/** `north, from 2024-06-01 13:00 UTC, the worst.` */
function captionOf({ series, origin, forecast: { times }, note }: WindowReport, step: Step): string {
  const time = times?.[0]
  const withClock = step.unit === 'ms' && step.count % DAY_MS !== 0
  const iso = time === undefined ? undefined : new Date(time).toISOString().replace('T', ' ')
  const start = iso === undefined ? `row ${origin}` : withClock ? `${iso.slice(0, 16)} UTC` : iso.slice(0, 10)
  const first = `${series === '' ? 'From' : `${series}, from`} ${start}.`
  return note === undefined ? first : `${first} ${note.charAt(0).toUpperCase()}${note.slice(1)}.`
}

const DAY_MS = 86_400_000
/** Steps with a name of their own, in ms. */
const NAMED_STEPS: ReadonlyMap<number, string> = new Map([
  [1000, 'second'],
  [60_000, 'minute'],
  [3_600_000, 'hour'],
  [DAY_MS, 'day'],
  [7 * DAY_MS, 'week'],
])
const NAMED_MONTHS: ReadonlyMap<number, string> = new Map([
  [1, 'month'],
  [3, 'quarter'],
  [12, 'year'],
])

/** What a lead is called on an axis: `lead (hours)`, `lead (steps of 15 min)`, `lead (rows)`. */
export function leadName(step: Step): string {
  const name = nameOf(step)
  return name === undefined ? `lead (steps of ${stepLength(step)})` : `lead (${name}s)`
}

function oneStep(step: Step): string {
  const name = nameOf(step)
  return name === undefined ? stepLength(step) : `one ${name}`
}

/** `24 hours`, `12 months`, `5 rows`. */
export function span(rows: number, step: Step): string {
  const name = nameOf(step)
  return name === undefined ? `${plural(rows, 'step')} of ${stepLength(step)}` : plural(rows, name)
}

function nameOf(step: Step): string | undefined {
  if (step.unit === 'row') return 'row'
  return (step.unit === 'month' ? NAMED_MONTHS : NAMED_STEPS).get(step.count)
}

function stepLength({ unit, count }: Step): string {
  return unit === 'ms' ? formatDuration(count / 1000) : `${count} months`
}

/** The baseline with the smallest mean absolute error. */
function bestOf(baselines: readonly ForecasterScores[]): ForecasterScores | undefined {
  return [...baselines].filter(({ mae }) => Number.isFinite(mae)).sort((a, b) => a.mae - b.mae)[0]
}

/** `−12.3 %` when `value` is so much lower. */
export function change(value: number, than: number): string {
  const share = value / than - 1
  return `${share < 0 ? '−' : '+'}${formatPercent(Math.abs(share))}`
}
