/**
 * The reliability diagram: how often the model is right at each level of confidence. On the diagonal confidence and accuracy agree;
 * below it the model is overconfident. Dots grow with the number of items; bars at the bottom show their distribution.
 */
import * as Plot from '@observablehq/plot'
import { formatPercent, plural } from '../cli/format.js'
import { axisX, axisY, HALF_WIDTH, renderPlot } from './svg.js'
import { colour } from './theme.js'

/** A bin of confidence, such as one of `calibration(…).bins` of the metrics. */
export interface ReliabilityBin {
  readonly low: number
  readonly high: number
  readonly items: number
  readonly confidence: number
  readonly accuracy: number
}

export interface ReliabilityOptions {
  /** Expected calibration error, printed in the plot. */
  readonly expectedError?: number
  readonly width?: number
  readonly height?: number
}

export function reliabilityPlot(bins: readonly ReliabilityBin[], options: ReliabilityOptions = {}): string {
  const { expectedError, width = HALF_WIDTH, height = 380 } = options
  const filled = bins.filter(({ items }) => items > 0)
  const note = expectedError === undefined ? [] : [`expected calibration error ${formatPercent(expectedError)}`]
  const percent = (value: number) => `${Math.round(value * 100)} %`
  return renderPlot(
    {
      width,
      height,
      marginLeft: 48,
      marginRight: 24,
      marginTop: 26,
      marginBottom: 44,
      x: { domain: [0, 1] },
      y: { domain: [0, 1] },
      r: { type: 'identity' },
      marks: [
        ...axisY({ label: 'share right', ticks: 5, tickFormat: percent }),
        ...axisX({ label: 'confidence', ticks: 5, tickFormat: percent }),
        ...binMarks(filled),
        Plot.text(note, {
          frameAnchor: 'top-left',
          dx: 8,
          dy: 6,
          fill: 'currentColor',
          stroke: colour('paper'),
          strokeWidth: 4,
        }),
      ],
    },
    'reliability diagram',
  )
}

const DIAGONAL = [
  { x: 0, y: 0 },
  { x: 1, y: 1 },
]

/** Bars for the items in each bin, the diagonal, and the accuracy of each bin with its gap to the diagonal. */
function binMarks(bins: readonly ReliabilityBin[]): Plot.Markish[] {
  const most = Math.max(1, ...bins.map(({ items }) => items))
  return [
    Plot.rect(bins, {
      x1: 'low',
      x2: 'high',
      y1: 0,
      y2: ({ items }: ReliabilityBin) => (0.18 * items) / most,
      insetLeft: 1,
      insetRight: 1,
      fill: colour('muted'),
      fillOpacity: 0.28,
      title: ({ items }: ReliabilityBin) => plural(items, 'item'),
      className: 'items',
    }),
    Plot.line(DIAGONAL, { x: 'x', y: 'y', stroke: colour('muted'), strokeDasharray: '2,4', className: 'perfect' }),
    Plot.link(bins, {
      x: 'confidence',
      y1: 'confidence',
      y2: 'accuracy',
      stroke: colour('vermilion'),
      strokeWidth: 1.4,
      strokeOpacity: 0.7,
      className: 'gap',
    }),
    Plot.line(bins, {
      x: 'confidence',
      y: 'accuracy',
      stroke: colour('blue'),
      strokeWidth: 1.4,
      className: 'reliability',
    }),
    Plot.dot(bins, {
      x: 'confidence',
      y: 'accuracy',
      r: ({ items }: ReliabilityBin) => 2.5 + 5 * Math.sqrt(items / most),
      fill: colour('blue'),
      stroke: colour('paper'),
      className: 'bin',
    }),
  ]
}
