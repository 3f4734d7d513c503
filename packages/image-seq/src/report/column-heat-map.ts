/**
 * What a reader saw in each column of an image: the image on top, below it the probabilities of the symbols over the steps, aligned, and
 * where each character was read and, where that is known, which columns it came from. Only symbols that matter have a row: those that were read, in the order of reading, then the strongest
 * others, and the blank apart, in grey. The shades are one colour at the strength of the probability, so that they suit the light page, the
 * dark one and paper.
 */
import * as Plot from '@observablehq/plot'
import { formatPercent } from '@weft/core/cli'
import { expected } from '@weft/core/errors'
import { escapeHtml } from '@weft/core/report'
import { encodePng, toDataUri } from '@weft/core/report'
import { FULL_WIDTH, renderPlot, textWidth } from '@weft/core/report'
import { colour } from '@weft/core/report'

/** An image as bytes of pixels, 0 black to 255 white, row by row, or as PNG. */
export interface ReadImage {
  readonly width: number
  readonly height: number
  /** [height, width, 1 or 3]. */
  readonly pixels?: Uint8Array
  /** Instead of `pixels`. */
  readonly png?: Uint8Array
}

/** Where a symbol was read; the spans of CTC readings have this shape. */
export interface ReadSpan {
  readonly firstStep: number
  readonly lastStep: number
  /** 0 to 1. */
  readonly confidence: number
}

export interface ColumnHeatMapOptions {
  readonly image: ReadImage
  /** [T, V], after the softmax. */
  readonly probabilities: ArrayLike<number>
  /** Of each class, V; the blank's is not shown. */
  readonly symbols: readonly string[]
  /** Classes that were read, with their places. */
  readonly labels: readonly number[]
  readonly spans: readonly ReadSpan[]
  /** Steps that each came from, where they are known: a bar below the image. */
  readonly origins?: readonly Pick<ReadSpan, 'firstStep' | 'lastStep'>[]
  /** Columns of the image that the T steps stand for, where it was padded for the network. Default: the image's width. */
  readonly imageWidth?: number
  /** Default 0. */
  readonly blank?: number
  /** Rows for symbols that were not read. Default 4. */
  readonly alternatives?: number
  /** At most; an image that is small takes less. Default `FULL_WIDTH`. */
  readonly width?: number
}

/** Below this a cell is left empty, and a symbol that was not read has no row. */
const FAINTEST = 0.02
const MARGIN_RIGHT = 46
const MOST_IMAGE_HEIGHT = 150
/** Of the bars over the columns that symbols came from, below the image. */
const BAR_TOP = 3
const BAR_HEIGHT = 3

/** The heat map as SVG. */
export async function columnHeatMap(options: ColumnHeatMapOptions): Promise<string> {
  const { image, probabilities, symbols, labels, spans, origins, blank = 0 } = options
  const { alternatives = 4, width = FULL_WIDTH } = options
  const doing = 'drawing what a reader saw'
  const classes = symbols.length
  const steps = probabilities.length / classes
  if (!(steps >= 1) || !Number.isInteger(steps))
    throw expected({
      doing,
      want: `rows of ${classes} probabilities, one a symbol,`,
      of: 'probabilities',
      got: probabilities.length,
    })
  for (const [name, places] of Object.entries({ spans, origins: origins ?? spans }))
    if (labels.length !== places.length)
      throw expected({ doing, want: `${labels.length} ${name}`, of: name, got: places.length })
  const { imageWidth = image.width } = options

  const rows = rowsOf(probabilities, classes, labels, blank, alternatives)
  const name = (label: number) => (label === blank ? 'blank' : visible(symbols[label] ?? String(label)))
  const marginLeft = Math.max(30, Math.ceil(Math.max(...rows.map((label) => textWidth(name(label))))) + 14)
  const scale = Math.min((width - marginLeft - MARGIN_RIGHT) / imageWidth, MOST_IMAGE_HEIGHT / image.height)
  const [innerWidth, imageHeight] = [imageWidth * scale, image.height * scale]
  const marginTop = Math.round(imageHeight) + (origins ? 22 : 10)
  const readings = spread(
    spans.flatMap(({ firstStep, lastStep, confidence }, at) => {
      const label = labels[at] ?? blank
      const middle = (firstStep + lastStep + 1) / 2
      return lastStep < firstStep ? [] : [{ label, confidence, text: name(label), middle, origin: origins?.[at] }]
    }),
    innerWidth / steps,
    innerWidth,
  )
  const crowded = readings.some(({ place }, at) => place - (readings[at - 1]?.place ?? -Infinity) < 34)
  const marginBottom = crowded ? 64 : 48
  const row = rows.length > 16 ? 15 : 18
  const plotHeight = rows.length * row
  const cells = cellsOf(probabilities, classes, rows)
  const left = (step: number) => marginLeft + (step / steps) * innerWidth
  // From the image, or the columns there that a symbol came from, to the cells, and from the cells to the signs, which may have been
  // pushed aside.
  const foot = marginTop + plotHeight
  const head = Math.round(imageHeight) + (origins ? BAR_TOP + BAR_HEIGHT : 1)
  const guides = readings
    .map(({ middle, place, origin }) => {
      const x = left(middle).toFixed(1)
      const from = left(origin ? (origin.firstStep + origin.lastStep + 1) / 2 : middle).toFixed(1)
      return `<path d="M${from},${head}L${x},${marginTop}M${x},${foot}L${(marginLeft + place).toFixed(1)},${foot + 9}"/>`
    })
    .join('')
  const bars = readings.map(({ origin }) => {
    if (origin === undefined) return ''
    const [from, to] = [left(origin.firstStep) + 0.5, left(origin.lastStep + 1) - 0.5]
    return `<rect class="origin" x="${from.toFixed(1)}" y="${head - BAR_HEIGHT}" width="${(to - from).toFixed(1)}" height="${BAR_HEIGHT}" rx="1"/>`
  })
  const signs = readings.map(({ text, confidence, place }) => {
    const x = (marginLeft + place).toFixed(1)
    const y = foot + 23
    const share = confidence < 0.5 ? colour('vermilion') : colour('muted')
    const turned = crowded
      ? `transform="translate(${x},${y + 8}) rotate(-90)" text-anchor="end" dy="0.32em"`
      : `x="${x}" y="${y + 17}"`
    return `<text class="read" x="${x}" y="${y}" font-size="15" font-weight="600" fill="${colour('ink')}">${escapeHtml(text)}</text><text class="confidence" ${turned} font-size="10.5" fill="${share}">${formatPercent(confidence, 0)}</text>`
  })
  const source = image.png ?? (await encodePng(image.pixels ?? new Uint8Array(0), image.width, image.height))
  const picture = `<image x="${marginLeft}" y="0" width="${(image.width * scale).toFixed(2)}" height="${imageHeight.toFixed(2)}" preserveAspectRatio="none" href="${toDataUri(source)}"/>`
  return renderPlot(
    {
      width: Math.round(innerWidth) + marginLeft + MARGIN_RIGHT,
      height: marginTop + plotHeight + marginBottom,
      marginLeft,
      marginRight: MARGIN_RIGHT,
      marginTop,
      marginBottom,
      x: { domain: [0, steps], axis: null },
      y: { type: 'band', domain: rows, axis: null, padding: 0 },
      opacity: { type: 'identity' },
      marks: [
        Plot.ruleY(rows, { y: (label: number) => label, stroke: colour('rule'), strokeOpacity: 0.6, dy: row / 2 }),
        Plot.ruleX(readings, { x: 'middle', stroke: colour('muted'), strokeOpacity: 0.4, className: 'guides' }),
        Plot.barX(cells, {
          x1: 'step',
          x2: ({ step }: Cell) => step + 1,
          y: 'label',
          insetTop: 1,
          insetBottom: 0,
          fill: ({ label }: Cell) => (label === blank ? colour('muted') : colour('blue')),
          fillOpacity: ({ label, probability }: Cell) => round(label === blank ? probability * 0.3 : probability),
          className: 'cells',
        }),
        Plot.text(rows, {
          y: (label: number) => label,
          text: name,
          frameAnchor: 'left',
          textAnchor: 'end',
          dx: -9,
          fill: (label: number) => (labels.includes(label) && label !== blank ? colour('ink') : colour('muted')),
          className: 'symbols',
        }),
      ],
    },
    `where ${plainText(labels, symbols)} was read`,
    [],
    `${picture}<g fill="${colour('ink')}" fill-opacity="0.6">${bars.join('')}</g><g fill="none" stroke="${colour('muted')}" stroke-opacity="0.4">${guides}</g><g text-anchor="middle">${signs.join('')}</g>${ramp(marginLeft + innerWidth + 14, marginTop)}`,
  )
}

interface Cell {
  readonly step: number
  readonly label: number
  readonly probability: number
}

const round = (share: number) => Math.round(share * 1000) / 1000

/** Classes that have a row, from the top. */
function rowsOf(
  probabilities: ArrayLike<number>,
  classes: number,
  labels: readonly number[],
  blank: number,
  most: number,
): number[] {
  const peaks = Array.from({ length: classes }, () => 0)
  for (let at = 0; at < probabilities.length; at++) {
    peaks[at % classes] = Math.max(peaks[at % classes] ?? 0, probabilities[at] ?? 0)
  }
  const read = new Set(labels.filter((label) => label !== blank))
  const others = peaks
    .map((peak, label) => ({ peak, label }))
    .filter(({ peak, label }) => label !== blank && !read.has(label) && peak >= FAINTEST)
    .sort((a, b) => b.peak - a.peak)
    .slice(0, most)
    .map(({ label }) => label)
  return [...read, ...others, blank]
}

function cellsOf(probabilities: ArrayLike<number>, classes: number, rows: readonly number[]): Cell[] {
  const cells: Cell[] = []
  for (const label of rows) {
    for (let step = 0; step * classes < probabilities.length; step++) {
      const probability = probabilities[step * classes + label] ?? 0
      if (probability >= FAINTEST) cells.push({ step, label, probability })
    }
  }
  return cells
}

/** Pixels from the middle of one sign to the next, at least: what a turned line of small type takes. */
const PITCH = 12

/**
 * Gives each reading a `place` in pixels, as near its middle as can be where neighbours do not touch: least squares under the order, by
 * pooling those that would (pool adjacent violators).
 */
function spread<Reading extends { readonly middle: number; readonly text: string }>(
  readings: readonly Reading[],
  stepPixels: number,
  innerWidth: number,
): (Reading & { place: number })[] {
  const sorted = [...readings].sort((a, b) => a.middle - b.middle)
  let offset = 0
  const offsets = sorted.map(({ text }, at) => {
    const before = sorted[at - 1]
    if (before !== undefined) offset += Math.max(PITCH, (textWidth(before.text, 15) + textWidth(text, 15)) / 2 + 3)
    return offset
  })
  const pools: { sum: number; count: number }[] = []
  sorted.forEach(({ middle }, at) => {
    let pool = { sum: middle * stepPixels - (offsets[at] ?? 0), count: 1 }
    for (let last = pools.at(-1); last && last.sum / last.count > pool.sum / pool.count; last = pools.at(-1)) {
      pool = { sum: pool.sum + last.sum, count: pool.count + last.count }
      pools.pop()
    }
    pools.push(pool)
  })
  const starts = pools.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count))
  const last = Math.max(0, innerWidth - offset)
  return sorted.map((reading, at) => ({
    ...reading,
    place: Math.min(last, Math.max(0, starts[at] ?? 0)) + (offsets[at] ?? 0),
  }))
}

/** A symbol as it can be seen by itself: a space, a line's end, a combining mark on a dotted circle. */
export function visible(symbol: string): string {
  if (symbol === ' ' || symbol === '\u00a0') return '␣'
  if (symbol === '\n') return '⏎'
  if (symbol === '\t') return '⇥'
  if (/^\p{M}/u.test(symbol)) return `\u25cc${symbol}`
  return /^[\p{Cc}\p{Cf}]$/u.test(symbol)
    ? `U+${(symbol.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    : symbol
}

const plainText = (labels: readonly number[], symbols: readonly string[]) =>
  labels.length === 0 ? 'nothing' : labels.map((label) => symbols[label] ?? '').join('')

/** What the shades mean, at the right. */
function ramp(x: number, y: number): string {
  const tiles = Array.from({ length: 10 }, (_, at) => {
    return `<rect x="${x.toFixed(1)}" y="${y + at * 6}" width="8" height="6" fill="${colour('blue')}" fill-opacity="${1 - at / 10}"/>`
  })
  const number = (text: string, at: number) =>
    `<text x="${(x + 12).toFixed(1)}" y="${at}" dy="0.32em" font-size="10.5" fill="${colour('muted')}">${text}</text>`
  return `<g aria-label="probability" text-anchor="start">${tiles.join('')}${number('1', y + 5)}${number('0', y + 57)}</g>`
}
