/**
 * The confusion matrix: rows are true classes, columns predicted ones; cells hold counts and are shaded by their share of the row. The
 * diagonal (right) is blue, the rest (wrong) vermilion. Cells and type shrink with the number of classes, so that 2 to 50 classes stay
 * readable.
 */
import * as Plot from '@observablehq/plot'
import { formatCount, formatPercent } from '../cli/format.js'
import { fitText, FULL_WIDTH, HALF_WIDTH, labelMargin, renderPlot } from './svg.js'
import { colour } from './theme.js'

interface CellDatum {
  readonly truth: number
  readonly predicted: number
  readonly count: number
  readonly share: number
}

/** Opacity of a cell from its share of the row; small shares stay visible. */
function shade(share: number): number {
  return share === 0 ? 0 : 0.12 + 0.88 * share
}
/** On cells with a stronger shade, numbers have the colour of the paper. */
const STRONG = 0.62

/** @param counts [true class][predicted class], such as `confusionMatrix` of the metrics. */
export function confusionPlot(counts: readonly (readonly number[])[], labels: readonly string[]): string {
  const layout = layOut(labels)
  const { side, margin, marginTop } = layout
  const size = labels.length
  const indices = labels.map((_, at) => at)
  return renderPlot(
    {
      width: margin + 34 + side * size + 2,
      height: marginTop + side * size + 4,
      marginLeft: margin + 32,
      marginRight: 4,
      marginTop,
      marginBottom: 4,
      x: { type: 'band', domain: indices, axis: null, padding: 0 },
      y: { type: 'band', domain: indices, axis: null, padding: 0 },
      opacity: { type: 'identity' },
      marks: marksOf(cellsOf(counts, size), labels, layout),
    },
    `confusion matrix of ${size} classes`,
  )
}

/** Sizes in pixels, by the number and length of the labels. */
interface Layout {
  /** Side of a cell. */
  readonly side: number
  /** Room for the labels on the left. */
  readonly margin: number
  readonly marginTop: number
  readonly fontSize: number
  readonly labelFontSize: number
  /** Whether the labels at the top are rotated. */
  readonly steep: boolean
}

function layOut(labels: readonly string[]): Layout {
  const size = labels.length
  const wide = size > 9
  const fontSize = size > 30 ? 7.5 : size > 20 ? 9 : size > 12 ? 10.5 : 12
  const labelFontSize = size > 30 ? 9.5 : size > 20 ? 10.5 : 12
  const margin = labelMargin(labels, wide ? 170 : 130, labelFontSize)
  const room = (wide ? FULL_WIDTH : HALF_WIDTH) - margin - 34
  const side = Math.floor(Math.min(wide ? 48 : 76, room / size))
  const steep = labels.some((label) => fitText(label, side - 4, labelFontSize) !== label)
  const marginTop = (steep ? Math.min(150, margin) : 18) + 26
  return { side, margin, marginTop, fontSize, labelFontSize, steep }
}

const POSITION = { x: 'predicted', y: 'truth' }

function marksOf(cells: readonly CellDatum[], labels: readonly string[], layout: Layout): Plot.Markish[] {
  const filled = cells.filter(({ count }) => count > 0)
  const cell = {
    ...POSITION,
    inset: 0.5,
    fillOpacity: ({ share }: CellDatum) => shade(share),
    title: (datum: CellDatum) => title(datum, labels),
  }
  const right = filled.filter((datum) => datum.truth === datum.predicted)
  const wrong = filled.filter((datum) => datum.truth !== datum.predicted)
  const { counts, percents } = numberMarks(filled, layout)
  return [
    Plot.cell(cells, { ...POSITION, inset: 0.5, fill: colour('panel') }),
    Plot.cell(right, { ...cell, fill: colour('blue'), className: 'right' }),
    Plot.cell(wrong, { ...cell, fill: colour('vermilion'), className: 'wrong' }),
    ...counts,
    ...labelMarks(labels, layout),
    ...percents,
  ]
}

/** The count and, in large cells, the share of each cell. */
function numberMarks(
  cells: readonly CellDatum[],
  { side, fontSize }: Layout,
): { counts: Plot.Markish[]; percents: Plot.Markish[] } {
  const strong = cells.filter(({ share }) => shade(share) > STRONG)
  const weak = cells.filter(({ share }) => shade(share) <= STRONG)
  const both = (options: object) => [
    Plot.text(weak, { ...options, fill: 'currentColor' }),
    Plot.text(strong, { ...options, fill: colour('onblue') }),
  ]
  const large = side >= 46
  const count = { text: ({ count }: CellDatum) => formatCount(count), fontSize, dy: large ? -6 : 0, className: 'count' }
  const text = ({ share }: CellDatum) => formatPercent(share, 0)
  const percent = { text, fontSize: fontSize - 2.5, dy: 9, fillOpacity: 0.8 }
  return {
    counts: both({ ...POSITION, ...count }),
    percents: large ? both({ ...POSITION, ...percent }) : [],
  }
}

/** The labels of rows and columns, and the names of the axes. */
function labelMarks(
  labels: readonly string[],
  { side, margin, marginTop, labelFontSize, steep }: Layout,
): Plot.Markish[] {
  const indices = labels.map((_, at) => at)
  const name = (at: number, width: number) => fitText(labels[at] ?? '', width, labelFontSize)
  const tick = { fontSize: labelFontSize, fill: 'currentColor' }
  return [
    Plot.text(indices, {
      ...tick,
      y: (at: number) => at,
      text: (at: number) => name(at, margin - 10),
      frameAnchor: 'left',
      textAnchor: 'end',
      dx: -8,
      className: 'true-class',
    }),
    Plot.text(indices, {
      ...tick,
      x: (at: number) => at,
      text: (at: number) => name(at, steep ? marginTop - 36 : side),
      frameAnchor: 'top',
      ...(steep ? { rotate: -90, textAnchor: 'start' as const, lineAnchor: 'middle' as const, dy: -8 } : { dy: -14 }),
      className: 'predicted-class',
    }),
    Plot.text(['predicted'], { frameAnchor: 'top', dy: -marginTop + 8, fill: colour('muted') }),
    Plot.text(['true'], {
      frameAnchor: 'left',
      textAnchor: 'middle',
      rotate: -90,
      dx: -margin - 22,
      fill: colour('muted'),
    }),
  ]
}

function cellsOf(counts: readonly (readonly number[])[], size: number): CellDatum[] {
  return Array.from({ length: size }, (_, truth) => {
    const row = counts[truth] ?? []
    const total = row.reduce((sum, count) => sum + count, 0)
    return Array.from({ length: size }, (_, predicted): CellDatum => {
      const count = row[predicted] ?? 0
      return { truth, predicted, count, share: total === 0 ? 0 : count / total }
    })
  }).flat()
}

function title({ truth, predicted, count, share }: CellDatum, labels: readonly string[]): string {
  const verdict = truth === predicted ? 'recognised' : `taken for ${labels[predicted] ?? ''}`
  return `${labels[truth] ?? ''} ${verdict}: ${formatCount(count)} (${formatPercent(share)})`
}
