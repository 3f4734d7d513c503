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

/** Shade of a cell from its share of the row: small shares stay visible. */
function shade(share: number): number {
  return share === 0 ? 0 : 0.12 + 0.88 * share
}
/** Above this shade, type on a cell is in the paper's colour. */
const STRONG = 0.62

/** @param counts [true class][predicted class], as `confusionMatrix` of the metrics gives it. */
export function confusionPlot(counts: readonly (readonly number[])[], labels: readonly string[]): string {
  const size = labels.length
  const wide = size > 9
  const type = size > 30 ? 7.5 : size > 20 ? 9 : size > 12 ? 10.5 : 12
  const labelType = size > 30 ? 9.5 : size > 20 ? 10.5 : 12
  const margin = labelMargin(labels, wide ? 170 : 130, labelType)
  const room = (wide ? FULL_WIDTH : HALF_WIDTH) - margin - 34
  const side = Math.floor(Math.min(wide ? 48 : 76, room / size))
  const steep = labels.some((label) => fitText(label, side - 4, labelType) !== label)
  const marginTop = (steep ? Math.min(150, margin) : 18) + 26
  const cells = cellsOf(counts, size)
  const shown = cells.filter(({ count }) => count > 0)
  const strong = shown.filter(({ share }) => shade(share) > STRONG)
  const weak = shown.filter(({ share }) => shade(share) <= STRONG)
  const indices = labels.map((_, at) => at)
  const percents = side >= 46
  const place = { x: 'predicted', y: 'truth' }
  const count = { ...place, text: ({ count }: CellDatum) => formatCount(count), fontSize: type, dy: percents ? -6 : 0 }
  const percent = { ...place, text: ({ share }: CellDatum) => formatPercent(share, 0), fontSize: type - 2.5, dy: 9 }
  const cell = {
    ...place,
    inset: 0.5,
    fillOpacity: ({ share }: CellDatum) => shade(share),
    title: (datum: CellDatum) => title(datum, labels),
  }
  const name = (at: number) => labels[at] ?? ''
  const tick = { fontSize: labelType, fill: 'currentColor' }
  const marks: Plot.Markish[] = [
    Plot.cell(cells, { ...place, inset: 0.5, fill: colour('panel') }),
    Plot.cell(
      shown.filter((datum) => datum.truth === datum.predicted),
      { ...cell, fill: colour('blue'), className: 'right' },
    ),
    Plot.cell(
      shown.filter((datum) => datum.truth !== datum.predicted),
      { ...cell, fill: colour('vermilion'), className: 'wrong' },
    ),
    Plot.text(weak, { ...count, fill: 'currentColor', className: 'count' }),
    Plot.text(strong, { ...count, fill: colour('onblue'), className: 'count' }),
    Plot.text(indices, {
      ...tick,
      y: (at: number) => at,
      text: (at: number) => fitText(name(at), margin - 10, labelType),
      frameAnchor: 'left',
      textAnchor: 'end',
      dx: -8,
      className: 'true-class',
    }),
    Plot.text(indices, {
      ...tick,
      x: (at: number) => at,
      text: (at: number) => fitText(name(at), steep ? marginTop - 36 : side, labelType),
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
  if (percents) {
    const faint = { ...percent, fillOpacity: 0.8 }
    marks.push(
      Plot.text(weak, { ...faint, fill: 'currentColor' }),
      Plot.text(strong, { ...faint, fill: colour('onblue') }),
    )
  }
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
      marks,
    },
    `confusion matrix of ${size} classes`,
  )
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
