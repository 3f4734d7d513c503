/**
 * What forecasts are judged by, drawn: a forecast with its interval beside what was observed, the error by lead beside that of the
 * baselines, and how often intervals hold the truth. Nothing is computed here but what a picture needs.
 */
import * as Plot from '@observablehq/plot'
import { formatPercent } from '@weft/core/cli'
import { axisX, FULL_WIDTH, HALF_WIDTH, renderPlot } from '@weft/core/report'
import type { LegendEntry } from '@weft/core/report'
import { colour, series } from '@weft/core/report'
import {
  extentOf,
  linePoints,
  positionsOf,
  timeAxis,
  TIME_MARGIN,
  valueAxis,
  valueMarks,
  type Values,
} from './time-axis.js'

/** Values along time; by rows when there are no times. */
export interface TimeLine {
  /** Ms since 1970 UTC. */
  readonly times?: Values
  readonly values: Values
}

/** A forecaster's numbers, one a lead. */
export interface NamedValues {
  readonly name: string
  readonly values: Values
}

/** One forecast of H leads; missing values are NaN. */
export interface ForecastPlotData {
  /** What was known: rows before the origin. */
  readonly history: TimeLine
  /** [H], in the units of the history. */
  readonly forecast: TimeLine
  /** What then came, [H]. */
  readonly truth?: Values
  /** Bounds of the interval, each [H]. */
  readonly lower?: Values
  readonly upper?: Values
  /** What share of the truth the interval is to hold, such as 0.9. */
  readonly level?: number
  readonly baselines?: readonly NamedValues[]
  /** Number of the first row that is forecast, for the axis where there are no times. Default the length of the history. */
  readonly origin?: number
  /** What is forecast, such as `demand`. */
  readonly label: string
  readonly unit?: string
}

export interface PlotSize {
  readonly width?: number
  readonly height?: number
}

/** Up to this many leads, each is marked with a dot. */
const DOTTED_LEADS = 12
const MARGIN_RIGHT = 16

/** `demand (MW)`. */
export function withUnit(label: string, unit: string | undefined): string {
  return unit === undefined || unit === '' ? label : `${label} (${unit})`
}

/** History, forecast and interval, with what then came. The dotted rule is the origin: left of it everything was known. */
export function forecastPlot(data: ForecastPlotData, size: PlotSize = {}): string {
  const { history, forecast, truth = [], lower, upper, baselines = [], label, unit } = data
  const { width = FULL_WIDTH, height = 280 } = size
  const known = history.values.length
  const leads = forecast.values.length
  const origin = data.origin ?? known
  const dates = forecast.times !== undefined && (known === 0 || history.times !== undefined)
  const x = positionsOf(dates ? history.times : undefined, known, origin - known)
  const ahead = positionsOf(dates ? forecast.times : undefined, leads, origin)
  const [first, last] = extentOf(x, ahead) ?? [0, 1]
  const dots = leads <= DOTTED_LEADS
  // Room for the last dots.
  const domain: [number, number] = [first, dots ? last + 0.015 * (last - first) : last]
  const axis = valueAxis(extentOf(history.values, truth, forecast.values, lower, upper))
  const inner = width - axis.margin - MARGIN_RIGHT
  const observed = linePoints([...x, ...ahead], [...Array.from(history.values), ...Array.from(truth)], inner)
  const draw = (line: Values, style: { stroke: string; dash: string | undefined }, name: string, weight: number) =>
    lineMarks(linePoints(ahead, line, inner), { ...style, name, weight, dots })
  const between = known === 0 ? [] : [((x[known - 1] ?? 0) + (ahead[0] ?? 0)) / 2]
  const legend: LegendEntry[] = [
    { label: 'observed', stroke: 'currentColor' },
    { label: 'forecast', ...series(0) },
    ...(lower !== undefined && upper !== undefined ? [intervalEntry(data.level)] : []),
    ...baselines.map(({ name }, at) => ({ label: name, ...series(at + 1) })),
  ]
  return renderPlot(
    {
      width,
      height,
      marginLeft: axis.margin,
      marginRight: MARGIN_RIGHT,
      marginTop: 26,
      marginBottom: TIME_MARGIN,
      x: { domain },
      y: { domain: axis.domain, nice: 5 },
      marks: [
        ...valueMarks(withUnit(label, unit), axis),
        ...timeAxis(...domain, dates, inner),
        ...intervalMarks(ahead, lower, upper),
        Plot.ruleX(between, { stroke: colour('muted'), strokeDasharray: '2,3', className: 'origin' }),
        ...[...baselines]
          .reverse()
          .flatMap(({ values: line }, at) => draw(line, series(baselines.length - at), 'baseline', 1.3)),
        ...lineMarks(observed, { stroke: 'currentColor', dash: undefined, name: 'observed', weight: 1.4, dots: false }),
        ...draw(forecast.values, series(0), 'forecast', leads > inner / 3 ? 1.4 : 2),
      ],
    },
    `${label}: history and forecast of ${leads} rows`,
    legend,
  )
}

function intervalEntry(level: number | undefined): LegendEntry {
  const name =
    level === undefined ? 'interval' : `${formatPercent(level, Number.isInteger(level * 100) ? 0 : 1)} interval`
  return { label: name, stroke: colour('blue'), mark: 'bar' }
}

/** The band between two bounds; a bar where there is but one lead. */
function intervalMarks(x: Values, lower: Values | undefined, upper: Values | undefined): Plot.Markish[] {
  if (lower === undefined || upper === undefined) return []
  const points = Array.from({ length: x.length }, (_, at) => ({ x: x[at], low: lower[at], high: upper[at] }))
  if (points.length === 1) {
    const bar = { x: 'x', y1: 'low', y2: 'high', stroke: colour('blue'), strokeWidth: 8, strokeOpacity: 0.22 }
    return [Plot.ruleX(points, { ...bar, className: 'interval' })]
  }
  const band = { x: 'x', y1: 'low', y2: 'high', fill: colour('blue'), fillOpacity: 0.2, clip: true }
  return [Plot.areaY(points, { ...band, className: 'interval' })]
}

interface LineStyle {
  readonly stroke: string
  readonly dash: string | undefined
  /** The marks' class. */
  readonly name: string
  readonly weight: number
  readonly dots: boolean
}

/** A line that breaks where y is NaN. */
export function lineMarks(points: readonly { x: number; y: number }[], style: LineStyle): Plot.Markish[] {
  const { stroke, dash, name, weight, dots } = style
  const line = { x: 'x', y: 'y', stroke, strokeWidth: weight, clip: true, className: name }
  return [
    Plot.line(points, dash === undefined ? line : { ...line, strokeDasharray: dash }),
    ...(dots ? [Plot.dot(points, { x: 'x', y: 'y', fill: stroke, r: 2.5, clip: true, className: `${name}-dot` })] : []),
  ]
}

export interface ByLeadOptions extends PlotSize {
  /** What is drawn, with its unit, such as `MAE (MW)`. */
  readonly label: string
  /** What a lead is, such as `lead (hours)`. */
  readonly lead?: string
}

/** Lines of a plot by lead: as many as there are styles. */
export const DRAWN_FORECASTERS = 6
/** An error this many times the model's highest leaves the plot. */
const CUT = 3

/**
 * The error by lead of several forecasters; the first is the model. Of more than `DRAWN_FORECASTERS` those with the lowest mean error
 * are drawn, and a line leaves the plot above three times the model's largest error.
 */
export function errorsByLeadPlot(forecasters: readonly NamedValues[], options: ByLeadOptions): string {
  const [model, ...others] = forecasters
  const mean = ({ values }: NamedValues) => {
    const sum = Array.from(values).reduce((total, value) => total + value, 0)
    return Number.isFinite(sum) ? sum / values.length : Infinity
  }
  const best = others.sort((a, b) => (mean(a) < mean(b) ? -1 : 1)).slice(0, DRAWN_FORECASTERS - 1)
  const drawn = model === undefined ? best : [model, ...best]
  const most = extentOf(...drawn.map(({ values }) => values))?.[1] ?? 1
  return byLeadPlot(drawn, { domain: [0, Math.min(most, errorLimit(forecasters)) || 1], ...options })
}

/** Above which errors leave the plot. */
export function errorLimit([model]: readonly NamedValues[]): number {
  const most = extentOf(model?.values)?.[1] ?? 0
  return most > 0 ? CUT * most : Infinity
}

/** Leads as lines from 1 to H. */
function byLeadPlot(
  lines: readonly NamedValues[],
  options: ByLeadOptions & {
    domain: [number, number]
    percent?: boolean
    below?: Plot.Markish[]
    extra?: LegendEntry[]
  },
): string {
  const { label, lead = 'lead', width = HALF_WIDTH, height = 280, domain, percent = false, below = [] } = options
  const leads = Math.max(1, ...lines.map(({ values }) => values.length))
  const dots = leads <= DOTTED_LEADS
  const axis = percent ? { margin: 52, tickFormat: wholePercent } : valueAxis(domain)
  const x = Float64Array.from({ length: leads }, (_, at) => at + 1)
  const marks = lines.map(({ values }, at) =>
    lineMarks(linePoints(x, values, width), { ...series(at), name: 'curve', weight: at === 0 ? 2.2 : 1.5, dots }),
  )
  const entries = lines.map(({ name }, at): LegendEntry => ({ label: name, ...series(at) }))
  return renderPlot(
    {
      width,
      height,
      marginLeft: axis.margin,
      marginRight: 14,
      marginTop: 26,
      marginBottom: 44,
      x: { domain: leads === 1 ? [0.5, 1.5] : [1, leads] },
      y: { domain, nice: percent ? false : 5 },
      marks: [
        ...valueMarks(label, axis),
        ...axisX({ label: lead, ticks: leadTicks(leads), tickFormat: 'd' }),
        ...below,
        ...marks.reverse().flat(),
      ],
    },
    `${label} by lead of ${lines.map(({ name }) => name).join(', ')}`,
    [...entries, ...(options.extra ?? [])],
  )
}

function wholePercent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Lead 1, the last, and multiples of 12 or of round numbers between them. */
function leadTicks(leads: number): number[] {
  const steps = leads % 12 === 0 ? [1, 2, 3, 6, 12, 24, 48, 96, 120, 240, 480] : [1, 2, 5, 10, 20, 50, 100, 200, 500]
  const step = steps.find((candidate) => leads / candidate <= 8) ?? Math.ceil(leads / 8)
  const ticks = [1]
  for (let lead = step; lead <= leads; lead += step) if (lead > 1 && lead - 1 > step / 2) ticks.push(lead)
  if (leads - (ticks.at(-1) ?? 1) > step / 2) ticks.push(leads)
  return ticks
}

const PROMISED: LegendEntry = { label: 'promised', stroke: colour('muted'), dash: '2,4' }

/** How often intervals of one level held the truth, by lead. */
export interface CoverageByLead {
  readonly name: string
  /** What share they are to hold. */
  readonly nominal: number
  /** What share they held, [H]. */
  readonly values: Values
}

/** The share of the truth that intervals held, by lead; the dotted rules are what they promise. */
export function coverageByLeadPlot(intervals: readonly CoverageByLead[], options: Partial<ByLeadOptions> = {}): string {
  const low = extentOf(...intervals.map(({ nominal, values }) => [nominal, ...Array.from(values)]))?.[0] ?? 0
  const promised = Plot.ruleY(
    intervals.map(({ nominal }) => nominal),
    { stroke: colour('muted'), strokeDasharray: '2,4', strokeWidth: 1.5, className: 'nominal' },
  )
  return byLeadPlot(intervals, {
    label: 'coverage',
    ...options,
    domain: [Math.min(0.5, Math.floor(low * 10) / 10), 1],
    percent: true,
    below: [promised],
    extra: [PROMISED],
  })
}

/** The share that intervals are to hold and the share that they held. */
export interface CoverageLevel {
  readonly nominal: number
  readonly actual: number
}

/** Actual by nominal coverage; on the diagonal, intervals hold what they promise; below it, they are too narrow. */
export function coverageByLevelPlot(levels: readonly CoverageLevel[], size: PlotSize = {}): string {
  const { width = HALF_WIDTH, height = 280 } = size
  const points = [...levels]
    .sort((a, b) => a.nominal - b.nominal)
    .map(({ nominal, actual }) => ({ x: nominal, y: actual }))
  const ends = [0, 1].map((share) => ({ x: share, y: share }))
  const diagonal = { stroke: colour('muted'), dash: '2,4', name: 'as-promised', weight: 1.5, dots: false }
  return renderPlot(
    {
      width,
      height,
      marginLeft: 52,
      marginRight: 24,
      marginTop: 26,
      marginBottom: 44,
      x: { domain: [0, 1] },
      y: { domain: [0, 1] },
      marks: [
        ...valueMarks('actual coverage', { margin: 52, tickFormat: wholePercent }),
        ...axisX({ label: 'nominal coverage', ticks: 5, tickFormat: wholePercent }),
        ...lineMarks(ends, diagonal),
        ...lineMarks(points, { ...series(0), name: 'coverage', weight: 1.6, dots: false }),
        Plot.dot(points, { x: 'x', y: 'y', r: 4, fill: colour('blue'), stroke: colour('paper'), className: 'level' }),
      ],
    },
    'actual by nominal coverage of intervals',
    [{ label: 'intervals', ...series(0) }, PROMISED],
  )
}
