/**
 * ROC and precision-recall curves of one class or many. Up to six classes have a colour each; with more, curves are thin and grey, their
 * mean is bold and the weakest three are labelled. Curves with thousands of points are thinned to what is visible.
 */
import * as Plot from '@observablehq/plot'
import { axisX, axisY, fitText, HALF_WIDTH, legendColumn, renderPlot } from './svg.js'
import type { LegendEntry } from './svg.js'
import { colour, series } from './theme.js'

/** The curve of a class: true positive rate over false positive rate (ROC), or precision over recall. */
export interface Curve {
  readonly label: string
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  /** AUC or average precision, printed beside the label unless it is NaN. */
  readonly score: number
}

export interface CurvesOptions {
  /** The mean score over classes, printed when there are many. */
  readonly meanScore?: number
  readonly width?: number
  readonly height?: number
}

interface Point {
  readonly x: number
  readonly y: number
}

/** A curve as it is drawn. */
interface CurveLine {
  readonly name: string
  readonly score: number
  readonly points: readonly Point[]
  readonly stroke: string
  readonly dash: string | undefined
  readonly width: number
}

/** The two kinds of curves. */
interface CurveKind {
  readonly x: string
  readonly y: string
  readonly score: string
  readonly legend: 'bottom' | 'bottom-left'
  /** Whether y is constant between points, instead of linear. */
  readonly steps: boolean
}

const ROC: CurveKind = {
  x: 'false positive rate',
  y: 'true positive rate',
  score: 'AUC',
  legend: 'bottom',
  steps: false,
}
const PRECISION_RECALL: CurveKind = {
  x: 'recall',
  y: 'precision',
  score: 'average precision',
  legend: 'bottom-left',
  steps: true,
}

/** With up to this many classes, each has a colour. */
const MOST_COLOURED = 6
/** With more, this many of the weakest are labelled. */
const WEAKEST = 3
/** Points of the grid on which curves are averaged. */
const GRID = 101

/** ROC curves. */
export function rocPlot(curves: readonly Curve[], options: CurvesOptions = {}): string {
  const chance = Plot.line(
    [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ],
    { x: 'x', y: 'y', stroke: colour('muted'), strokeDasharray: '2,4', className: 'chance' },
  )
  return curvesPlot(curves, ROC, [chance], options)
}

/** Precision-recall curves, drawn as steps: between two points, precision is that of the point with the higher recall. */
export function precisionRecallPlot(curves: readonly Curve[], options: CurvesOptions = {}): string {
  return curvesPlot(curves.map(untilFullRecall), PRECISION_RECALL, [], options)
}

/** Without the points after the first at full recall, where precision only falls vertically. */
function untilFullRecall({ x, y, ...rest }: Curve): Curve {
  const recall = Array.from(x)
  const full = recall.findIndex((value) => value >= 1)
  const end = full < 0 ? recall.length : full + 1
  return { ...rest, x: recall.slice(0, end), y: Array.from(y).slice(0, end) }
}

function curvesPlot(
  curves: readonly Curve[],
  kind: CurveKind,
  below: Plot.Markish[],
  { meanScore, width = HALF_WIDTH, height = 380 }: CurvesOptions,
): string {
  const usable = curves.filter(({ x }) => x.length > 0)
  const { labelled, grey } = linesOf(usable, kind, meanScore)
  const marks: Plot.Markish[] = [
    ...axisY({ label: kind.y, ticks: 5 }),
    ...axisX({ label: kind.x, ticks: 5 }),
    ...below,
    ...grey.map((curve) => lineMark(curve, 0.45)),
    ...[...labelled].reverse().map((curve) => lineMark(curve, 1)),
  ]
  const left = kind.legend === 'bottom' ? Math.round(width * 0.42) : 60
  const entries = labelled.map(({ name, score, stroke, dash }, at): LegendEntry => {
    const value = Number.isFinite(score) ? `${at === 0 ? `${kind.score} ` : ''}${score.toFixed(3)}` : ''
    return { label: `${fitText(name, width - left - 150)}  ${value}`, stroke, dash }
  })
  const one = usable.length === 1 ? usable[0]?.label : undefined
  return renderPlot(
    {
      width,
      height,
      marginLeft: 44,
      marginRight: 12,
      marginTop: 26,
      marginBottom: 44,
      x: { domain: [0, 1] },
      y: { domain: [0, 1] },
      marks,
    },
    `${kind.y} by ${kind.x} of ${one ?? `${usable.length} classes`}`,
    [],
    legendColumn(entries, left, height - 44 - 18),
  )
}

/** Which curves are labelled, in the order of the legend, and which are grey. */
function linesOf(
  curves: readonly Curve[],
  { steps }: CurveKind,
  meanScore: number | undefined,
): { labelled: CurveLine[]; grey: CurveLine[] } {
  if (curves.length <= MOST_COLOURED)
    return { labelled: curves.map((curve, at) => lineOf(curve, series(at), 1.8, steps)), grey: [] }
  const weakest = [...curves].sort((a, b) => a.score - b.score).slice(0, WEAKEST)
  const others = curves.filter((curve) => !weakest.includes(curve))
  const style = { stroke: colour('muted'), dash: undefined }
  return {
    labelled: [
      mean(curves, steps, meanScore),
      ...weakest.map((curve, at) => lineOf(curve, series(at + 1), 1.4, steps)),
    ],
    grey: others.map((curve) => lineOf(curve, style, 0.7, steps)),
  }
}

function lineMark({ points, stroke, dash, width }: CurveLine, opacity: number): Plot.Markish {
  const line = {
    x: 'x',
    y: 'y',
    stroke,
    strokeWidth: width,
    strokeOpacity: opacity,
    className: 'curve',
  }
  return Plot.line(points, dash === undefined ? line : { ...line, strokeDasharray: dash })
}

function lineOf(
  curve: Curve,
  style: { stroke: string; dash: string | undefined },
  width: number,
  steps: boolean,
): CurveLine {
  const all = Array.from({ length: curve.x.length }, (_, at) => ({ x: curve.x[at] ?? 0, y: curve.y[at] ?? 0 }))
  return { name: curve.label, score: curve.score, points: thin(steps ? asSteps(all) : all), width, ...style }
}

/** Adds corners to a curve whose y is constant from the previous point to the point itself. */
function asSteps(points: readonly Point[]): Point[] {
  return points.flatMap((point, at) => {
    const before = points[at - 1]
    return before === undefined || before.y === point.y ? [point] : [{ x: before.x, y: point.y }, point]
  })
}

/** Drops points within about a pixel of the previous one, and those on a straight line. */
function thin(points: readonly Point[], least = 0.002): Point[] {
  const result: Point[] = []
  points.forEach((point, at) => {
    const last = result.at(-1)
    const next = points[at + 1]
    if (last === undefined || next === undefined) {
      result.push(point)
      return
    }
    const straight = Math.abs((point.x - last.x) * (next.y - last.y) - (point.y - last.y) * (next.x - last.x)) < 1e-9
    const near = Math.abs(point.x - last.x) < least && Math.abs(point.y - last.y) < least
    if (!straight && !near) result.push(point)
  })
  return result
}

/** The mean of the curves at each x. */
function mean(curves: readonly Curve[], steps: boolean, score = meanOf(curves)): CurveLine {
  const interpolate = steps ? interpolateStep : interpolateLinear
  const points = Array.from({ length: GRID }, (_, at) => {
    const x = at / (GRID - 1)
    return { x, y: curves.reduce((sum, curve) => sum + interpolate(curve, x), 0) / curves.length }
  })
  const { stroke } = series(0)
  return {
    name: 'mean',
    score,
    points: [{ x: 0, y: points[0]?.y ?? 0 }, ...points],
    stroke,
    dash: undefined,
    width: 2.4,
  }
}

function meanOf(curves: readonly Curve[]): number {
  const scores = curves.map(({ score }) => score).filter(Number.isFinite)
  return scores.reduce((sum, score) => sum + score, 0) / scores.length
}

/** The highest y at x by linear interpolation; x increases. */
function interpolateLinear({ x, y }: Curve, at: number): number {
  let value = y[0] ?? 0
  for (let i = 1; i < x.length; i++) {
    const [x0, x1, y0, y1] = [x[i - 1] ?? 0, x[i] ?? 0, y[i - 1] ?? 0, y[i] ?? 0]
    if (x1 <= at) value = y1
    else return x0 > at || x1 === x0 ? value : Math.max(value, y0 + ((y1 - y0) * (at - x0)) / (x1 - x0))
  }
  return value
}

/** The y of the first point whose x is at least `at`; x increases. */
function interpolateStep({ x, y }: Curve, at: number): number {
  for (let i = 0; i < x.length; i++) if ((x[i] ?? 0) >= at) return y[i] ?? 0
  return y[y.length - 1] ?? 0
}
