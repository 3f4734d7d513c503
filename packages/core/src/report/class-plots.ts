/**
 * Plots with a row a class: precision, recall and F1 of each class, and the probabilities of one prediction.
 */
import * as Plot from '@observablehq/plot'
import { formatCount, formatPercent } from '../cli/format.js'
import { axisX, fitText, FULL_WIDTH, HALF_WIDTH, labelMargin, renderPlot } from './svg.js'
import { colour } from './theme.js'

/** Scores of one class, as the metrics' `classificationScores(...).byClass` gives them. */
export interface ClassFigures {
  readonly precision: number
  readonly recall: number
  readonly f1: number
  /** Number of items of the class. */
  readonly support: number
}

/** Precision, recall and F1 of each class, best F1 first: F1 as a bar, the other two as marks of different shapes. */
export function classScoresPlot(
  scores: readonly ClassFigures[],
  labels: readonly string[],
  width = FULL_WIDTH,
): string {
  const rows = scores
    .map((figures, at) => ({ ...figures, at, label: labels[at] ?? String(at) }))
    .sort((a, b) => b.f1 - a.f1 || a.at - b.at)
  const order = rows.map(({ at }) => at)
  const margin = labelMargin(labels, 200)
  const pitch = rows.length > 30 ? 18 : 24
  type Row = (typeof rows)[number]
  const right = { frameAnchor: 'right' as const, textAnchor: 'end' as const, dx: 48 }
  return renderPlot(
    {
      width,
      height: rows.length * pitch + 60,
      marginLeft: margin,
      marginRight: 56,
      marginTop: 16,
      marginBottom: 44,
      x: { domain: [0, 1] },
      y: { type: 'band', domain: order, axis: null, padding: 0.3 },
      marks: [
        Plot.gridX({ stroke: colour('rule'), strokeOpacity: 1, ticks: 5 }),
        ...axisX({ label: 'score', ticks: 5, tickSize: 0 }),
        Plot.barX(rows, { x: 'f1', y: 'at', fill: colour('blue'), fillOpacity: 0.24, className: 'F1' }),
        Plot.link(rows, { x1: 'precision', x2: 'recall', y: 'at', stroke: colour('muted'), strokeWidth: 1 }),
        Plot.dot(rows, { x: 'precision', y: 'at', r: 4.2, fill: colour('blue'), className: 'precision' }),
        Plot.dot(rows, {
          x: 'recall',
          y: 'at',
          r: 4.6,
          symbol: 'diamond',
          fill: colour('vermilion'),
          className: 'recall',
        }),
        Plot.text(rows, {
          y: 'at',
          text: ({ label }: Row) => fitText(label, margin - 10),
          frameAnchor: 'left',
          textAnchor: 'end',
          dx: -10,
          fill: 'currentColor',
          className: 'class',
        }),
        Plot.text(rows, { ...right, y: 'at', text: ({ support }: Row) => formatCount(support), fill: colour('muted') }),
        Plot.text(['items'], { ...right, frameAnchor: 'top-right', dy: -14, fill: colour('muted') }),
      ],
    },
    `precision, recall and F1 of ${rows.length} classes`,
    [
      { label: 'F1', stroke: colour('blue'), mark: 'bar' },
      { label: 'precision', stroke: colour('blue'), mark: 'dot' },
      { label: 'recall', stroke: colour('vermilion'), mark: 'diamond' },
    ],
  )
}

export interface ProbabilityOptions {
  /** How many are shown, best first. */
  readonly top?: number
  /** The true label: its bar is blue, those above it vermilion. Without it, the first is blue. */
  readonly truth?: string
  readonly width?: number
}

/** The probabilities of one prediction as horizontal bars, highest first. */
export function probabilityPlot(
  labels: readonly string[],
  probabilities: ArrayLike<number>,
  { top = 5, truth, width = HALF_WIDTH }: ProbabilityOptions = {},
): string {
  const ranked = labels
    .map((label, at) => ({ at, label, p: probabilities[at] ?? 0 }))
    .sort((a, b) => b.p - a.p || a.at - b.at)
  const rows = ranked.slice(0, top)
  const margin = labelMargin(
    rows.map(({ label }) => label),
    150,
  )
  const best = rows[0]?.label
  type Row = (typeof rows)[number]
  const fill = ({ label }: Row) => {
    if (label === (truth ?? best)) return colour('blue')
    return label === best ? colour('vermilion') : colour('muted')
  }
  return renderPlot(
    {
      width,
      height: rows.length * 26 + 8,
      marginLeft: margin,
      marginRight: 56,
      marginTop: 4,
      marginBottom: 4,
      x: { domain: [0, 1], axis: null },
      y: { type: 'band', domain: rows.map(({ at }) => at), axis: null, padding: 0.35 },
      opacity: { type: 'identity' },
      marks: [
        Plot.barX(rows, {
          x: 'p',
          y: 'at',
          fill,
          fillOpacity: ({ label }: Row) => (label === (truth ?? best) || label === best ? 1 : 0.55),
          className: 'probability',
        }),
        Plot.ruleX([0], { stroke: colour('muted') }),
        Plot.text(rows, {
          x: 'p',
          y: 'at',
          text: ({ p }: Row) => formatPercent(p),
          textAnchor: 'start',
          dx: 6,
          fill: colour('muted'),
        }),
        Plot.text(rows, {
          y: 'at',
          text: ({ label }: Row) => fitText(label, margin - 10),
          frameAnchor: 'left',
          textAnchor: 'end',
          dx: -8,
          fill: 'currentColor',
        }),
      ],
    },
    'probabilities of the most likely classes',
  )
}
