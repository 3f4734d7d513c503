/**
 * Plots as SVG text: Observable Plot draws into a document of happy-dom, so that a report needs neither a browser nor a script. This file
 * holds the frame that all plots share (type, thin grid, no tick marks) and the legend; each plot has a file of its own.
 */
import * as Plot from '@observablehq/plot'
import { Window } from 'happy-dom'
import { escapeHtml } from './html.js'
import { colour } from './theme.js'

/** Width of a plot that takes half the width of the report, in pixels. */
export const HALF_WIDTH = 460
/** Width of a plot that takes the whole width of the report, in pixels. */
export const FULL_WIDTH = 960
/** Height that a row of the legend adds above a plot, in pixels. */
export const LEGEND_HEIGHT = 22
/** Font size in plots, in pixels. */
export const FONT_SIZE = 12

export interface LegendEntry {
  readonly label: string
  readonly stroke: string
  readonly dash?: string | undefined
  /** Shape of the sample (default: a line). */
  readonly mark?: 'line' | 'dot' | 'diamond' | 'bar' | 'outline'
}

let shared: Window | undefined

/**
 * Draws a plot.
 *
 * @param label Description for readers who cannot see it.
 * @param legend Entries above the plot, from `marginLeft` on, in as many rows as they need.
 * @param above SVG markup drawn on top of everything, such as that of `legendColumn`.
 * @returns An `<svg>` element as text, without scripts or links.
 */
export function renderPlot(
  options: Plot.PlotOptions,
  label: string,
  legend: readonly LegendEntry[] = [],
  above = '',
): string {
  shared ??= new Window()
  const { marginTop = 20, ...rest } = options
  const { width = HALF_WIDTH, marginLeft: start = 40 } = options
  const rows = legendRows(legend, start, width)
  const legendHeight = rows.length * LEGEND_HEIGHT
  // The document of happy-dom has everything that Plot calls, but not everything that the type Document lists: hence `object`.
  const surroundings: object = { document: shared.document }
  const element = Plot.plot({
    ...surroundings,
    className: 'plot',
    width: HALF_WIDTH,
    ...rest,
    marginTop: marginTop + legendHeight,
    height: rest.height === undefined ? undefined : rest.height + legendHeight,
    style: { fontSize: `${FONT_SIZE}px` },
  })
  const markup: string = element.outerHTML
  const head = `role="img" aria-label="${escapeHtml(label)}" `
  const svg = markup.replace(/<style>[^]*?<\/style>/, '').replace(/^<svg /, `<svg ${head}`)
  return shortenNumbers(svg).replace(/<\/svg>$/, () => `${drawLegend(rows)}${above}</svg>`)
}

/**
 * Stacks plots of the same width into one picture.
 *
 * @param plots Results of `renderPlot`.
 * @param label Description of the whole.
 */
export function stackPlots(plots: readonly string[], label: string): string {
  let height = 0
  let width = 0
  const panels = plots.map((plot) => {
    const at = height
    width = Math.max(width, Number(/ width="([\d.]+)"/.exec(plot)?.[1] ?? 0))
    height += Number(/ height="([\d.]+)"/.exec(plot)?.[1] ?? 0)
    return `<g transform="translate(0,${at})">${plot.replace(/^<svg [^>]*>|<\/svg>$/g, '')}</g>`
  })
  const [first = '<svg >'] = /^<svg [^>]*>/.exec(plots[0] ?? '') ?? []
  const root = first
    .replace(/ aria-label="[^"]*"/, ` aria-label="${escapeHtml(label)}"`)
    .replace(/ height="[^"]*"/, ` height="${height}"`)
    .replace(/ viewBox="[^"]*"/, ` viewBox="0 0 ${width} ${height}"`)
  return `${root}${panels.join('')}</svg>`
}

/** A plot as a file of its own: with the SVG namespace, which a plot within a page does not need, and a background. */
export function svgFile(svg: string): string {
  return svg.replace(/^<svg ([^>]*)>/, (_, attributes: string) => {
    const ground = `<rect width="100%" height="100%" fill="${colour('paper')}"/>`
    return `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${ground}`
  })
}

/** Rounds coordinates to two decimals. */
function shortenNumbers(markup: string): string {
  return markup.replace(/ (?:d|transform|x|y|x1|x2|y1|y2|cx|cy|r|width|height)="[^"]*"/g, (attribute) =>
    attribute.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100)),
  )
}

/** Approximate width of `text` in pixels: glyphs are not measured. */
export function textWidth(text: string, fontSize = FONT_SIZE): number {
  let em = 0
  for (const letter of text) {
    if (/[\u1100-\uffdc]|\p{Emoji_Presentation}/u.test(letter)) em += 1
    else if (/[iljtfr.,:;|!'() ]/.test(letter)) em += 0.32
    else if (/[mwMWA-Z@%]/.test(letter)) em += 0.74
    else em += 0.56
  }
  return em * fontSize
}

/** `text`, shortened to at most `width` pixels. */
export function fitText(text: string, width: number, fontSize = FONT_SIZE): string {
  if (textWidth(text, fontSize) <= width) return text
  const letters = Array.from(text)
  while (letters.length > 1 && textWidth(`${letters.join('')}…`, fontSize) > width) letters.pop()
  return `${letters.join('').trimEnd()}…`
}

/** Margin in pixels for the longest of `labels`, at most `most`. */
export function labelMargin(labels: readonly string[], most = 180, fontSize = FONT_SIZE): number {
  return Math.min(most, Math.ceil(Math.max(0, ...labels.map((label) => textWidth(label, fontSize)))) + 12)
}

/** An entry and its horizontal position. */
interface LegendCell {
  readonly entry: LegendEntry
  readonly x: number
}

/** Entries side by side from `start` on, in as many rows as they need. */
function legendRows(entries: readonly LegendEntry[], start: number, width: number): LegendCell[][] {
  const rows: LegendCell[][] = []
  let x = start
  for (const { label, ...style } of entries) {
    const entry = { ...style, label: fitText(label, width - start - 24) }
    const cellWidth = 24 + textWidth(entry.label)
    const row = x + cellWidth > width ? undefined : rows.at(-1)
    if (row === undefined) {
      rows.push([{ entry, x: start }])
      x = start
    } else {
      row.push({ entry, x })
    }
    x += cellWidth + 20
  }
  return rows
}

function drawLegend(rows: readonly (readonly LegendCell[])[]): string {
  if (rows.length === 0) return ''
  const groups = rows.flatMap((row, at) =>
    row.map(
      ({ entry, x }) =>
        `<g transform="translate(${Math.round(x)},${9 + at * LEGEND_HEIGHT})">${swatch(entry)}<text x="24" y="0.32em">${escapeHtml(entry.label)}</text></g>`,
    ),
  )
  return `<g aria-label="legend" text-anchor="start">${groups.join('')}</g>`
}

/** A vertical legend that ends near `bottom`, with halos so that it stays readable on top of lines. */
export function legendColumn(entries: readonly LegendEntry[], left: number, bottom: number, pitch = 18): string {
  const halo = `stroke="${colour('paper')}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"`
  const groups = entries.map((entry, at) => {
    const y = Math.round(bottom - (entries.length - 1 - at) * pitch)
    const text = `<text x="26" y="0.32em" ${halo}>${escapeHtml(entry.label)}</text>`
    return `<g transform="translate(${Math.round(left)},${y})">${swatch(entry)}${text}</g>`
  })
  return `<g aria-label="legend" text-anchor="start">${groups.join('')}</g>`
}

/** The sample of a legend entry, 18 pixels wide, centred on y = 0. */
function swatch({ stroke, dash, mark = 'line' }: LegendEntry): string {
  const paint = escapeHtml(stroke)
  if (mark === 'dot') return `<circle cx="9" cy="0" r="4.5" fill="${paint}"/>`
  if (mark === 'diamond') return `<path d="M9,-5.5L14.5,0L9,5.5L3.5,0Z" fill="${paint}"/>`
  if (mark === 'bar') return `<rect x="0" y="-5" width="18" height="10" fill="${paint}" fill-opacity="0.3"/>`
  if (mark === 'outline') return `<rect x="0.5" y="-4.5" width="17" height="9" fill="none" stroke="${paint}"/>`
  const dashes = dash === undefined ? '' : ` stroke-dasharray="${escapeHtml(dash)}"`
  return `<path d="M0,0H18" fill="none" stroke="${paint}" stroke-width="2"${dashes}/>`
}

/** The usual y axis: horizontal grid lines, numbers on the left and the label above them. */
export function axisY({ grid, ...options }: Plot.AxisYOptions & { grid?: boolean } = {}): Plot.Markish[] {
  const { ticks } = options
  const lines = Plot.gridY({ ...(ticks === undefined ? {} : { ticks }), stroke: colour('rule'), strokeOpacity: 1 })
  const numbers = Plot.axisY({
    tickSize: 0,
    tickPadding: 8,
    labelArrow: 'none',
    labelAnchor: 'top',
    color: colour('muted'),
    ...options,
  })
  return grid === false ? [numbers] : [lines, numbers]
}

/** The usual x axis: numbers and the label below. */
export function axisX(options: Plot.AxisXOptions = {}): Plot.Markish[] {
  return [
    Plot.axisX({
      tickSize: 4,
      tickPadding: 4,
      labelArrow: 'none',
      labelAnchor: 'center',
      labelOffset: 36,
      color: colour('muted'),
      ...options,
    }),
  ]
}
