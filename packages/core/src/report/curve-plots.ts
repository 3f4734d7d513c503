/**
 * ROC and precision-recall curves, one class or many. Up to six classes get a colour each; with more, all are thin and grey, their
 * mean is bold and the weakest three are named. Curves with thousands of points are thinned to what can be seen.
 */
import * as Plot from '@observablehq/plot'
import { axisX, axisY, fitText, HALF_WIDTH, legendColumn, renderPlot } from './svg.js'
import type { LegendEntry } from './svg.js'
import { colour, series } from './theme.js'

/** One class's curve. For ROC, x is the false positive rate and y the true positive rate; else recall and precision. */
export interface Curve {
  readonly label: string
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  /** AUC or average precision, shown beside the label; NaN is left out. */
  readonly score: number
}

export interface CurvesOptions {
  /** The mean score over classes, shown when there are many. */
  readonly meanScore?: number
  readonly width?: number
  readonly height?: number
}

interface Point {
  readonly x: number
  readonly y: number
}
interface Drawn {
  readonly name: string
  readonly score: number
  readonly points: readonly Point[]
  readonly stroke: string
  readonly dash: string | undefined
  readonly width: number
}

const NAMED = 6
const WEAKEST = 3
/** Points on the grid on which curves are averaged. */
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
  const axes = { x: 'false positive rate', y: 'true positive rate', score: 'AUC' }
  return curvesPlot(curves, axes, [chance], 'bottom', interpolateLinear, options)
}

/** Precision-recall curves, drawn as steps: between two points, precision is that of the higher recall. */
export function precisionRecallPlot(curves: readonly Curve[], options: CurvesOptions = {}): string {
  const axes = { x: 'recall', y: 'precision', score: 'average precision' }
  return curvesPlot(curves.map(untilAllFound), axes, [], 'bottom-left', interpolateStep, options)
}

/** Without the points after the first at which everything is found: there, precision only falls straight down. */
function untilAllFound({ x, y, ...rest }: Curve): Curve {
  const recall = Array.from(x)
  const full = recall.findIndex((value) => value >= 1)
  const kept = full < 0 ? recall.length : full + 1
  return { ...rest, x: recall.slice(0, kept), y: Array.from(y).slice(0, kept) }
}

function curvesPlot(
  curves: readonly Curve[],
  axes: { x: string; y: string; score: string },
  below: Plot.Markish[],
  corner: 'bottom' | 'bottom-left',
  interpolate: (curve: Curve, x: number) => number,
  { meanScore, width = HALF_WIDTH, height = 380 }: CurvesOptions,
): string {
  const named: Drawn[] = []
  const grey: Drawn[] = []
  const usable = curves.filter(({ x }) => x.length > 0)
  const step = interpolate === interpolateStep
  if (usable.length <= NAMED) {
    usable.forEach((curve, at) => named.push(draw(curve, series(at), 1.8, step)))
  } else {
    const weakest = [...usable].sort((a, b) => a.score - b.score).slice(0, WEAKEST)
    for (const curve of usable) {
      if (!weakest.includes(curve)) grey.push(draw(curve, { stroke: colour('muted'), dash: undefined }, 0.7, step))
    }
    named.push(mean(usable, interpolate, meanScore))
    weakest.forEach((curve, at) => named.push(draw(curve, series(at + 1), 1.4, step)))
  }
  const marks: Plot.Markish[] = [
    ...axisY({ label: axes.y, ticks: 5 }),
    ...axisX({ label: axes.x, ticks: 5 }),
    ...below,
    ...grey.map((curve) => lineMark(curve, 0.45)),
    ...[...named].reverse().map((curve) => lineMark(curve, 1)),
  ]
  const left = corner === 'bottom' ? Math.round(width * 0.42) : 60
  const entries = named.map(({ name, score, stroke, dash }, at): LegendEntry => {
    const shown = Number.isFinite(score) ? `${at === 0 ? `${axes.score} ` : ''}${score.toFixed(3)}` : ''
    return { label: `${fitText(name, width - left - 150)}  ${shown}`, stroke, dash }
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
    `${axes.y} by ${axes.x} of ${one ?? `${usable.length} classes`}`,
    [],
    legendColumn(entries, left, height - 44 - 18),
  )
}

function lineMark({ points, stroke, dash, width }: Drawn, opacity: number): Plot.Markish {
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

function draw(curve: Curve, style: { stroke: string; dash: string | undefined }, width: number, step: boolean): Drawn {
  const all = Array.from({ length: curve.x.length }, (_, at) => ({ x: curve.x[at] ?? 0, y: curve.y[at] ?? 0 }))
  return { name: curve.label, score: curve.score, points: thin(step ? asSteps(all) : all), width, ...style }
}

/** Corners for a curve whose y holds from the point before to the point itself. */
function asSteps(points: readonly Point[]): Point[] {
  return points.flatMap((point, at) => {
    const before = points[at - 1]
    return before === undefined || before.y === point.y ? [point] : [{ x: before.x, y: point.y }, point]
  })
}

/** Leaves out points less than a pixel or so from the last kept one, and those on a straight line. */
function thin(points: readonly Point[], least = 0.002): Point[] {
  const kept: Point[] = []
  points.forEach((point, at) => {
    const last = kept.at(-1)
    const next = points[at + 1]
    if (last === undefined || next === undefined) {
      kept.push(point)
      return
    }
    const straight = Math.abs((point.x - last.x) * (next.y - last.y) - (point.y - last.y) * (next.x - last.x)) < 1e-9
    const near = Math.abs(point.x - last.x) < least && Math.abs(point.y - last.y) < least
    if (!straight && !near) kept.push(point)
  })
  return kept
}

function mean(
  curves: readonly Curve[],
  interpolate: (curve: Curve, x: number) => number,
  score = meanOf(curves),
): Drawn {
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

/** The highest y at x, on straight lines between points; x increases. */
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
