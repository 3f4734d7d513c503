/**
 * The plot of a forecast: history, forecast and interval, with what then came. First the layout (positions and axes), then the marks.
 */
import * as Plot from '@observablehq/plot'
import { formatPercent } from '@weft/core/cli'
import { colour, FULL_WIDTH, type LegendEntry, renderPlot, series } from '@weft/core/report'
import { DOTTED_LEADS, lineMarks, type NamedValues, type PlotSize, withUnit } from './line-marks.js'
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

const MARGIN_RIGHT = 16

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
