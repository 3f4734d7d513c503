/** A plot with a row for each class: its precision, recall and F1. */
import * as Plot from '@observablehq/plot'
import { formatCount } from '../cli/format.js'
import { axisX, fitText, FULL_WIDTH, labelMargin, renderPlot } from './svg.js'
import { colour } from './theme.js'

/** Scores of one class, such as one of `classificationScores(…).byClass` of the metrics. */
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
