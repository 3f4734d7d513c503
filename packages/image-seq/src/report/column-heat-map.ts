/**
 * What a reader saw in each column of an image: the image on top, below it the probabilities of the symbols over the steps, aligned with it,
 * then the symbols that were read and, if known, the columns that each came from. Rows are the symbols that were read, in the order of
 * reading, then the most probable others, then the blank in grey. Probability is the opacity of one colour, so that the picture suits
 * the light page, the dark one and paper.
 */
import * as Plot from '@observablehq/plot'
import { formatPercent } from '@weft/core/cli'
import { expected } from '@weft/core/errors'
import { colour, encodePng, escapeHtml, FULL_WIDTH, renderPlot, textWidth, toDataUri } from '@weft/core/report'

/** An image as PNG, or as bytes from 0 (black) to 255 (white), row by row. */
export interface ColumnImage {
  readonly width: number
  readonly height: number
  /** [height, width, 1 or 3]. */
  readonly pixels?: Uint8Array
  /** Instead of `pixels`. */
  readonly png?: Uint8Array
}

/** Steps of the network, both ends included. */
interface StepRange {
  readonly firstStep: number
  readonly lastStep: number
}

/** Where a symbol was read; spans of CTC readings have this shape. */
export interface SymbolSpan extends StepRange {
  /** 0 to 1. */
  readonly confidence: number
}

export interface ColumnHeatMapOptions {
  readonly image: ColumnImage
  /** [T, V], after the softmax. */
  readonly probabilities: ArrayLike<number>
  /** The symbol of each class, V; that of the blank is ignored. */
  readonly symbols: readonly string[]
  /** Classes that were read, with their places. */
  readonly labels: readonly number[]
  readonly spans: readonly SymbolSpan[]
  /** Steps that each symbol came from, drawn as bars below the image. */
  readonly origins?: readonly StepRange[]
  /** Columns of the image that the T steps cover, if it was padded for the network (default: its width). */
  readonly imageWidth?: number
  /** Default: 0. */
  readonly blank?: number
  /** Rows for symbols that were not read (default: 4). */
  readonly alternatives?: number
  /** Largest width; a small image takes less (default: `FULL_WIDTH`). */
  readonly width?: number
}

/** Smaller probabilities are not drawn, and symbols with smaller ones have no row unless they were read. */
const FAINTEST = 0.02
const MARGIN_RIGHT = 46
const MOST_IMAGE_HEIGHT = 150
/** Distance from the image, and height, of the bars over the columns that symbols came from. */
const BAR_TOP = 3
const BAR_HEIGHT = 3

/** The heat map as SVG. */
export async function columnHeatMap(options: ColumnHeatMapOptions): Promise<string> {
  checkOptions(options)
  const { image, probabilities, symbols, labels, blank = 0 } = options
  const layout = layOut(options)
  const { rows, rowHeight, marginLeft, marginTop, innerWidth, plotHeight } = layout
  const cells = cellsOf(probabilities, symbols.length, rows)
  const source = image.png ?? (await encodePng(image.pixels ?? new Uint8Array(0), image.width, image.height))
  return renderPlot(
    {
      width: Math.round(innerWidth) + marginLeft + MARGIN_RIGHT,
      height: marginTop + plotHeight + layout.marginBottom,
      marginLeft,
      marginRight: MARGIN_RIGHT,
      marginTop,
      marginBottom: layout.marginBottom,
      x: { domain: [0, layout.steps], axis: null },
      y: { type: 'band', domain: rows, axis: null, padding: 0 },
      opacity: { type: 'identity' },
      marks: [
        Plot.ruleY(rows, {
          y: (label: number) => label,
          stroke: colour('rule'),
          strokeOpacity: 0.6,
          dy: rowHeight / 2,
        }),
        Plot.ruleX(layout.readings, { x: 'middle', stroke: colour('muted'), strokeOpacity: 0.4, className: 'guides' }),
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
          text: (label: number) => nameOf(label, symbols, blank),
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
    overlay(layout, toDataUri(source)),
  )
}

function checkOptions({ probabilities, symbols, labels, spans, origins }: ColumnHeatMapOptions): void {
  const doing = 'drawing what a reader saw'
  const classes = symbols.length
  const steps = probabilities.length / classes
  if (!(steps >= 1) || !Number.isInteger(steps))
    throw expected({
      doing,
      want: `rows of ${classes} probabilities (one for each symbol)`,
      of: 'probabilities',
      got: probabilities.length,
    })
  for (const [name, places] of Object.entries({ spans, origins: origins ?? spans }))
    if (labels.length !== places.length)
      throw expected({ doing, want: `${labels.length} ${name}`, of: name, got: places.length })
}

/** The label of a row. */
function nameOf(label: number, symbols: readonly string[], blank: number): string {
  return label === blank ? 'blank' : visible(symbols[label] ?? String(label))
}

/** A symbol that was read: its steps, and where its text is drawn. */
interface PlacedReading {
  readonly text: string
  readonly confidence: number
  /** In steps. */
  readonly middle: number
  readonly origin: StepRange | undefined
  /** Centre of its text in pixels, from the left of the plot area. */
  readonly place: number
}

/** Sizes and positions in pixels; margins surround the plot area with the cells. */
interface Layout {
  readonly steps: number
  /** Classes with a row, from the top. */
  readonly rows: readonly number[]
  readonly rowHeight: number
  readonly plotHeight: number
  readonly innerWidth: number
  readonly imageWidth: number
  readonly imageHeight: number
  readonly marginLeft: number
  readonly marginTop: number
  readonly marginBottom: number
  readonly readings: readonly PlacedReading[]
  /** Whether the percentages of neighbours would overlap, so that they are rotated. */
  readonly crowded: boolean
  readonly hasOrigins: boolean
}

function layOut(options: ColumnHeatMapOptions): Layout {
  const { image, probabilities, symbols, labels, spans, origins, blank = 0 } = options
  const { alternatives = 4, width = FULL_WIDTH, imageWidth = image.width } = options
  const steps = probabilities.length / symbols.length
  const rows = rowsOf(probabilities, symbols.length, labels, blank, alternatives)
  const widest = Math.max(...rows.map((label) => textWidth(nameOf(label, symbols, blank))))
  const marginLeft = Math.max(30, Math.ceil(widest) + 14)
  const scale = Math.min((width - marginLeft - MARGIN_RIGHT) / imageWidth, MOST_IMAGE_HEIGHT / image.height)
  const [innerWidth, imageHeight] = [imageWidth * scale, image.height * scale]
  const readings = spread(
    spans.flatMap(({ firstStep, lastStep, confidence }, at) => {
      const text = nameOf(labels[at] ?? blank, symbols, blank)
      const middle = (firstStep + lastStep + 1) / 2
      return lastStep < firstStep ? [] : [{ confidence, text, middle, origin: origins?.[at] }]
    }),
    innerWidth / steps,
    innerWidth,
  )
  const crowded = readings.some(({ place }, at) => place - (readings[at - 1]?.place ?? -Infinity) < 34)
  const rowHeight = rows.length > 16 ? 15 : 18
  return {
    steps,
    rows,
    rowHeight,
    plotHeight: rows.length * rowHeight,
    innerWidth,
    imageWidth: image.width * scale,
    imageHeight,
    marginLeft,
    marginTop: Math.round(imageHeight) + (origins ? 22 : 10),
    marginBottom: crowded ? 64 : 48,
    readings,
    crowded,
    hasOrigins: origins !== undefined,
  }
}

/** What is drawn around the cells: the image, the symbols that were read, and lines from columns to cells to symbols. */
function overlay(layout: Layout, imageUri: string): string {
  const { marginLeft, marginTop, innerWidth, imageWidth, imageHeight } = layout
  const picture = `<image x="${marginLeft}" y="0" width="${imageWidth.toFixed(2)}" height="${imageHeight.toFixed(2)}" preserveAspectRatio="none" href="${imageUri}"/>`
  const bars = `<g fill="${colour('ink')}" fill-opacity="0.6">${originBars(layout)}</g>`
  const lines = `<g fill="none" stroke="${colour('muted')}" stroke-opacity="0.4">${guides(layout)}</g>`
  const texts = `<g text-anchor="middle">${readingTexts(layout)}</g>`
  return `${picture}${bars}${lines}${texts}${ramp(marginLeft + innerWidth + 14, marginTop)}`
}

/** The x of the left edge of a step. */
function leftOf(step: number, { marginLeft, steps, innerWidth }: Layout): number {
  return marginLeft + (step / steps) * innerWidth
}

/** The y at which guides leave the image, or the bars below it. */
function guideTop({ imageHeight, hasOrigins }: Layout): number {
  return Math.round(imageHeight) + (hasOrigins ? BAR_TOP + BAR_HEIGHT : 1)
}

/** Bars below the columns that symbols came from. */
function originBars(layout: Layout): string {
  const bars = layout.readings.map(({ origin }) => {
    if (origin === undefined) return ''
    const [from, to] = [leftOf(origin.firstStep, layout) + 0.5, leftOf(origin.lastStep + 1, layout) - 0.5]
    return `<rect class="origin" x="${from.toFixed(1)}" y="${guideTop(layout) - BAR_HEIGHT}" width="${(to - from).toFixed(1)}" height="${BAR_HEIGHT}" rx="1"/>`
  })
  return bars.join('')
}

/** Lines from the image, or the columns that a symbol came from, to its cells, and from there to its text, which may be displaced. */
function guides(layout: Layout): string {
  const { readings, marginLeft, marginTop, plotHeight } = layout
  const bottom = marginTop + plotHeight
  const paths = readings.map(({ middle, place, origin }) => {
    const x = leftOf(middle, layout).toFixed(1)
    const start = origin ? (origin.firstStep + origin.lastStep + 1) / 2 : middle
    const from = leftOf(start, layout).toFixed(1)
    return `<path d="M${from},${guideTop(layout)}L${x},${marginTop}M${x},${bottom}L${(marginLeft + place).toFixed(1)},${bottom + 9}"/>`
  })
  return paths.join('')
}

/** The symbols that were read, with their confidence. */
function readingTexts({ readings, crowded, marginLeft, marginTop, plotHeight }: Layout): string {
  const texts = readings.map(({ text, confidence, place }) => {
    const x = (marginLeft + place).toFixed(1)
    const y = marginTop + plotHeight + 23
    const fill = confidence < 0.5 ? colour('vermilion') : colour('muted')
    const position = crowded
      ? `transform="translate(${x},${y + 8}) rotate(-90)" text-anchor="end" dy="0.32em"`
      : `x="${x}" y="${y + 17}"`
    return `<text class="read" x="${x}" y="${y}" font-size="15" font-weight="600" fill="${colour('ink')}">${escapeHtml(text)}</text><text class="confidence" ${position} font-size="10.5" fill="${fill}">${formatPercent(confidence, 0)}</text>`
  })
  return texts.join('')
}

interface Cell {
  readonly step: number
  readonly label: number
  readonly probability: number
}

const round = (share: number) => Math.round(share * 1000) / 1000

/** Classes with a row, from the top. */
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
  const own = new Set(labels.filter((label) => label !== blank))
  const others = peaks
    .map((peak, label) => ({ peak, label }))
    .filter(({ peak, label }) => label !== blank && !own.has(label) && peak >= FAINTEST)
    .sort((a, b) => b.peak - a.peak)
    .slice(0, most)
    .map(({ label }) => label)
  return [...own, ...others, blank]
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

/** Least distance between the centres of symbols, in pixels: the height of a rotated line of small type. */
const PITCH = 12

/**
 * Gives each reading a `place` in pixels, as close to its middle as possible without touching its neighbours: least squares under the
 * order, by the pool-adjacent-violators algorithm.
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

/** A symbol in a visible form: signs for spaces and line breaks, a combining mark on a dotted circle. */
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

/** The legend of the shades, on the right. */
function ramp(x: number, y: number): string {
  const tiles = Array.from({ length: 10 }, (_, at) => {
    return `<rect x="${x.toFixed(1)}" y="${y + at * 6}" width="8" height="6" fill="${colour('blue')}" fill-opacity="${1 - at / 10}"/>`
  })
  const number = (text: string, at: number) =>
    `<text x="${(x + 12).toFixed(1)}" y="${at}" dy="0.32em" font-size="10.5" fill="${colour('muted')}">${text}</text>`
  return `<g aria-label="probability" text-anchor="start">${tiles.join('')}${number('1', y + 5)}${number('0', y + 57)}</g>`
}
