/**
 * A training run as curves: loss, metrics and learning rate by epoch, with the best epoch marked. The figures are those of
 * metrics.jsonl, one record per epoch, under the same names (`loss`, `val_loss`, `val_accuracy`, `learningRate`).
 */
import * as Plot from '@observablehq/plot'
import { formatNumber } from '../cli/format.js'
import { axisX, axisY, HALF_WIDTH, LEGEND_HEIGHT, renderPlot } from './svg.js'
import type { LegendEntry } from './svg.js'
import { colour, series } from './theme.js'

/** Figures of one epoch. */
export interface EpochFigures {
  /** From 1. */
  readonly epoch: number
  readonly [figure: string]: number
}

export interface CurveOptions {
  /** Marked with a line and its value. */
  readonly bestEpoch?: number
  /** Labels of the figures, by key (default: derived from the key). */
  readonly names?: Readonly<Record<string, string>>
  /** Label of the y axis. */
  readonly axis?: string
  readonly width?: number
  readonly height?: number
}

const NAMES: Readonly<Record<string, string>> = {
  loss: 'training',
  val_loss: 'validation',
  learningRate: 'learning rate',
}

/** `val_macro_f1` → `macro F1`. */
export function figureName(key: string): string {
  const words = key.replace(/^val_/, '').replaceAll('_', ' ')
  return NAMES[key] ?? words.replace(/\b(?:f1|auc|bleu|cer|wer|mae|mse|rmse)\b/gi, (name) => name.toUpperCase())
}

interface Point {
  readonly epoch: number
  readonly value: number
}

function pointsOf(history: readonly EpochFigures[], key: string): Point[] {
  return history.flatMap((log) => {
    const value = log[key]
    return value === undefined || !Number.isFinite(value) ? [] : [{ epoch: log.epoch, value }]
  })
}

/**
 * Figures by epoch as lines in one plot, without figures that no epoch has.
 *
 * @param keys Figures in `history`, in the order of the colours.
 */
export function epochCurves(
  history: readonly EpochFigures[],
  keys: readonly string[],
  options: CurveOptions = {},
): string {
  const { bestEpoch, names = {}, axis, width = HALF_WIDTH, height = 260 } = options
  const curves = keys
    .map((key) => ({ key, name: names[key] ?? figureName(key), points: pointsOf(history, key) }))
    .filter(({ points }) => points.length > 0)
  const values = curves.flatMap(({ points }) => points.map(({ value }) => value))
  // A single curve needs no legend when the axis has its name.
  const named = curves.length > 1 || curves[0]?.name !== axis
  // Without a legend the label of the axis needs the height of its row.
  const row = named ? 0 : LEGEND_HEIGHT
  const legend = named ? curves.map(({ name }, at): LegendEntry => ({ label: name, ...series(at) })) : []
  const last = curves.at(-1)
  const best = last?.points.find(({ epoch }) => epoch === bestEpoch)
  const marks: Plot.Markish[] = [
    ...axisY({ label: axis ?? null, ticks: 5 }),
    ...axisX({ label: 'epoch', ticks: wholeTicks(history), tickFormat: 'd' }),
  ]
  if (best !== undefined) {
    marks.push(Plot.ruleX([best.epoch], { stroke: colour('muted'), strokeDasharray: '2,3' }))
  }
  curves.forEach(({ points }, at) => {
    const { stroke, dash } = series(at)
    const line = { x: 'epoch', y: 'value', stroke, strokeWidth: 1.8, className: 'curve' }
    marks.push(Plot.line(points, dash === undefined ? line : { ...line, strokeDasharray: dash }))
    if (points.length === 1) marks.push(Plot.dot(points, { x: 'epoch', y: 'value', fill: stroke, r: 3 }))
  })
  if (best !== undefined) marks.push(...bestMarks(best, history, valueDomain(values), series(curves.length - 1).stroke))
  return renderPlot(
    {
      width,
      height: height + row,
      marginLeft: 48,
      marginRight: 12,
      marginBottom: 44,
      marginTop: 14 + row,
      x: { domain: epochDomain(history) },
      y: { domain: valueDomain(values), nice: 5 },
      marks,
    },
    `${curves.map(({ name }) => name).join(', ')} by epoch`,
    legend,
  )
}

/** A dot and a label for the best value. */
function bestMarks(
  best: Point,
  history: readonly EpochFigures[],
  [low, high]: readonly [number, number],
  fill: string,
): Plot.Markish[] {
  const epochs = history.map(({ epoch }) => epoch)
  const upper = best.value > (low + high) / 2
  const late = best.epoch > (Math.min(...epochs) + Math.max(...epochs)) / 2
  return [
    Plot.dot([best], { x: 'epoch', y: 'value', r: 4, fill, stroke: colour('paper') }),
    Plot.text([best], {
      x: 'epoch',
      // Away from the best value, where the curve may end.
      frameAnchor: upper ? 'bottom' : 'top',
      text: ({ epoch, value }: Point) => `best: epoch ${epoch}, ${formatNumber(value, 3)}`,
      textAnchor: late ? 'end' : 'start',
      dx: late ? -6 : 6,
      dy: upper ? -6 : 2,
      fill: 'currentColor',
      stroke: colour('paper'),
      strokeWidth: 4,
    }),
  ]
}

/** Training and validation loss. */
export function lossPlot(history: readonly EpochFigures[], options: CurveOptions = {}): string {
  return epochCurves(history, ['loss', 'val_loss'], { axis: 'loss', ...options })
}

/** The validation metrics of a run: every figure named `val_…` except the loss. */
export function metricKeys(history: readonly EpochFigures[]): string[] {
  const keys = new Set(history.flatMap((log) => Object.keys(log)))
  return [...keys].filter((key) => key.startsWith('val_') && key !== 'val_loss')
}

/** The learning rate, on a logarithmic axis if it is below a tenth of its maximum for most of the run. */
export function learningRatePlot(history: readonly EpochFigures[], options: CurveOptions = {}): string {
  const { width = HALF_WIDTH, height = 180 } = options
  const points = pointsOf(history, 'learningRate').filter(({ value }) => value > 0)
  const values = points.map(({ value }) => value).sort((a, b) => a - b)
  const logarithmic = (values[values.length >> 1] ?? 1) < 0.1 * (values.at(-1) ?? 1)
  return renderPlot(
    {
      width,
      height,
      marginLeft: 56,
      marginRight: 12,
      marginBottom: 44,
      marginTop: 26,
      x: { domain: epochDomain(history) },
      y: logarithmic ? { type: 'log' } : { zero: true, nice: 3 },
      marks: [
        ...axisY({
          label: 'learning rate',
          ticks: 3,
          tickFormat: shortNumber,
        }),
        ...axisX({ label: 'epoch', ticks: wholeTicks(history), tickFormat: 'd' }),
        Plot.line(points, { x: 'epoch', y: 'value', stroke: colour('blue'), strokeWidth: 1.8 }),
        ...(points.length === 1 ? [Plot.dot(points, { x: 'epoch', y: 'value', fill: colour('blue') })] : []),
      ],
    },
    'learning rate by epoch',
  )
}

/** `0`, `0.02`, `5e-4`. */
function shortNumber(value: number): string {
  return value === 0 || value >= 0.01
    ? String(Number(value.toPrecision(2)))
    : Number(value.toPrecision(2)).toExponential()
}

function epochDomain(history: readonly EpochFigures[]): [number, number] {
  const epochs = history.map(({ epoch }) => epoch)
  const first = Math.min(1, ...epochs)
  return [first, Math.max(first + 1, ...epochs)]
}

/** At most 8 ticks, all at whole epochs. */
function wholeTicks(history: readonly EpochFigures[]): number[] {
  const [first, last] = epochDomain(history)
  const span = last - first
  const step =
    [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000].find((candidate) => span / candidate <= 8) ??
    Math.ceil(span / 8)
  const ticks = [first]
  for (let at = Math.ceil((first + 1) / step) * step; at <= last; at += step) if (at > first) ticks.push(at)
  return ticks
}

/** From 0 for losses and errors; a score that stays high is drawn from its lowest value on. */
function valueDomain(values: readonly number[]): [number, number] {
  const low = Math.min(...values)
  const high = Math.max(...values)
  if (values.length === 0) return [0, 1]
  const share = low >= 0 && high <= 1 && high > 0.5
  const top = share ? 1 : high
  return [low < 0 ? low : low > top * 0.6 ? low - (top - low) * 0.1 : 0, top === 0 ? 1 : top]
}
