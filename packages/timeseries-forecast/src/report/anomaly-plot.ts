/**
 * A series with its alarms: the values and what was expected of them above, with alarms as dots and labelled anomalies shaded; the
 * score with its threshold below. Long series are thinned, alarms never. Which rows are alarms is the caller's to say.
 */
import * as Plot from '@observablehq/plot'
import { formatNumber, plural } from '@weft/core/cli'
import { lineMarks, withUnit, type PlotSize } from './line-marks.js'
import { FULL_WIDTH, renderPlot, stackPlots, type LegendEntry, colour } from '@weft/core/report'
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

/** One series that was watched, T rows; missing values are NaN. */
export interface AnomalyPlotData {
  /** Ms since 1970 UTC, [T]; rows are numbered where there are none. */
  readonly times?: Values
  readonly values: Values
  /** What a model expected of each row, [T]. */
  readonly expected?: Values
  /** [T]; higher is odder. */
  readonly scores: Values
  /** Above which a score is an alarm. */
  readonly threshold: number
  /** Rows of the alarms. */
  readonly alarms: readonly number[]
  /** First and last row of each labelled anomaly. */
  readonly windows?: readonly (readonly [number, number])[]
  /** Rows at the beginning by which the threshold was learnt. */
  readonly probation?: number
  /** What the values are, such as `load`. */
  readonly label?: string
  readonly unit?: string
}

/** Scores beyond this many thresholds are drawn at the edge. */
const CUT = 8

const EXPECTED_LINE = { stroke: colour('muted'), dash: '4,2', name: 'expected', weight: 1.2, dots: false }
const lineOf = (name: string, weight: number) => ({
  stroke: colour('blue'),
  dash: undefined,
  name,
  weight,
  dots: false,
})

/** Values with alarms above, scores with the threshold below. */
export function anomalyPlot(data: AnomalyPlotData, size: PlotSize = {}): string {
  const { times, values, expected, scores, threshold, alarms, windows = [], probation = 0, label = 'value' } = data
  const { width = FULL_WIDTH, height = 260 } = size
  const x = positionsOf(times, values.length)
  const [low, high] = extentOf(x) ?? [0, 1]
  const axis = valueAxis(extentOf(values, expected))
  const top = extentOf(scores)?.[1] ?? 1
  const bottom = Math.min(0, extentOf(scores)?.[0] ?? 0)
  const cut = threshold > 0 && top > CUT * threshold
  const scoreDomain: [number, number] = [bottom, cut ? CUT * threshold : Math.max(top, threshold) || 1]
  const scoreAxis = valueAxis(scoreDomain)
  const margin = Math.max(axis.margin, scoreAxis.margin)
  const inner = width - margin - 16
  const frame = { width, marginLeft: margin, marginRight: 16, x: { domain: [low, high], axis: null } }
  const shades = [...windowMarks(x, windows), ...probationMarks(x, probation)]
  const line = (y: Values) => linePoints(x, y, inner, alarms)
  const upper = renderPlot(
    {
      ...frame,
      height,
      marginTop: 26,
      marginBottom: 12,
      y: { domain: axis.domain, nice: 5 },
      marks: [
        ...shades,
        ...valueMarks(withUnit(label, data.unit), { ...axis, margin }),
        ...(expected === undefined ? [] : lineMarks(line(expected), EXPECTED_LINE)),
        ...lineMarks(line(values), lineOf('values', 1.2)),
        alarmMark(x, values, alarms),
      ],
    },
    label,
    legendOf(data),
  )
  const lower = renderPlot(
    {
      ...frame,
      height: 170,
      marginTop: 28,
      marginBottom: TIME_MARGIN,
      y: { domain: scoreDomain, nice: cut ? false : 3, clamp: true },
      marks: [
        ...shades,
        ...valueMarks(
          cut ? `score (higher than ${formatNumber(CUT * threshold, 2)} at the edge)` : 'score',
          { ...scoreAxis, margin },
          { ticks: 3 },
        ),
        ...timeAxis(low, high, times !== undefined, inner),
        ...lineMarks(line(scores), lineOf('scores', 1.1)),
        Plot.ruleY([threshold], {
          stroke: colour('vermilion'),
          strokeDasharray: '6,3',
          strokeWidth: 1.4,
          className: 'threshold',
        }),
        alarmMark(x, scores, alarms),
      ],
    },
    'score',
  )
  return stackPlots([upper, lower], `${plural(alarms.length, 'alarm')} in ${plural(values.length, 'row')} of ${label}`)
}

function legendOf({ expected, windows = [], threshold }: AnomalyPlotData): LegendEntry[] {
  return [
    { label: 'observed', stroke: colour('blue') },
    ...(expected === undefined ? [] : [{ label: 'expected', stroke: colour('muted'), dash: '4,2' }]),
    { label: 'alarm', stroke: colour('vermilion'), mark: 'dot' },
    { label: `threshold ${formatNumber(threshold, 3)}`, stroke: colour('vermilion'), dash: '6,3' },
    ...(windows.length === 0 ? [] : [{ label: 'labelled anomaly', stroke: colour('ochre'), mark: 'bar' } as const]),
  ]
}

/** Labelled anomalies over the whole height, at least two pixels wide. */
function windowMarks(x: Float64Array, windows: readonly (readonly [number, number])[]): Plot.Markish[] {
  const spans = windows.map(([first, last]) => ({ from: x[first], to: x[last] }))
  const shade = { fill: colour('ochre'), stroke: colour('ochre'), className: 'window' }
  return [Plot.rectX(spans, { x1: 'from', x2: 'to', ...shade, fillOpacity: 0.24, strokeOpacity: 0.4, strokeWidth: 1 })]
}

/** The rows by which the threshold was learnt, greyed and named. */
function probationMarks(x: Float64Array, probation: number): Plot.Markish[] {
  if (probation <= 0) return []
  const span = [{ from: x[0], to: x[Math.min(probation, x.length) - 1] }]
  return [
    Plot.rectX(span, { x1: 'from', x2: 'to', fill: colour('muted'), fillOpacity: 0.14, className: 'probation' }),
    Plot.text(['probation'], {
      frameAnchor: 'top-left',
      dx: 6,
      dy: 5,
      fill: colour('muted'),
      stroke: colour('paper'),
      strokeWidth: 3,
    }),
  ]
}

/** Alarms as dots; at the foot where the value is missing. */
function alarmMark(x: Float64Array, y: Values, alarms: readonly number[]): Plot.Markish {
  const foot = extentOf(y)?.[0] ?? 0
  const points = alarms.map((row) => ({ x: x[row], y: Number.isFinite(y[row]) ? y[row] : foot }))
  return Plot.dot(points, {
    x: 'x',
    y: 'y',
    r: 3.6,
    fill: colour('vermilion'),
    stroke: colour('paper'),
    strokeWidth: 0.8,
    className: 'alarm',
  })
}
