/**
 * Tables of aligned text for a terminal: numbers to the right, words to the left, a rule under the heading. Widths are counted
 * in terminal columns, so that East Asian letters and accents line up.
 */
import { stripVTControlCharacters } from 'node:util'
import { formatNumber, formatPercent } from './format.js'

export interface Column {
  readonly header: string
  /** Where its cells stand; default: numbers right, words left. */
  readonly align?: 'left' | 'right'
}
export type Cell = string | number | undefined

const WIDE =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\uff01-\uff60]/u
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns that `text` takes in a terminal. */
export function displayWidth(text: string): number {
  let width = 0
  for (const { segment } of segmenter.segment(stripVTControlCharacters(text))) width += WIDE.test(segment) ? 2 : 1
  return width
}

/** `text` cut to `width` columns, with an ellipsis where something is missing. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const { segment } of segmenter.segment(text)) {
    used += displayWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}

/** The table as lines joined by newlines, without one at the end. Control characters in cells become spaces. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => columns.map((_, at) => cellText(row[at])))
  const widths = columns.map((column, at) =>
    Math.max(displayWidth(column.header), ...texts.map((row) => displayWidth(row[at] ?? ''))),
  )
  const right = columns.map((column, at) => {
    if (column.align !== undefined) return column.align === 'right'
    return rows.length > 0 && rows.every((row) => row[at] === undefined || typeof row[at] === 'number')
  })
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => {
        const gap = ' '.repeat(Math.max(0, (widths[at] ?? 0) - displayWidth(cell)))
        return right[at] === true ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  return [line(columns.map((column) => column.header)), rule, ...texts.map(line)].join('\n')
}

function cellText(cell: Cell): string {
  if (cell === undefined) return ''
  if (typeof cell === 'number') return formatNumber(cell)
  return stripVTControlCharacters(cell).replace(/\p{Cc}+/gu, ' ')
}

/** Names and values in two columns, such as metrics. */
export function formatPairs(pairs: Readonly<Record<string, Cell>>): string {
  const shown = Object.entries(pairs).filter(([, value]) => value !== undefined)
  const width = Math.max(0, ...shown.map(([name]) => displayWidth(name)))
  return shown.map(([name, value]) => `${name}${' '.repeat(width - displayWidth(name))}  ${cellText(value)}`).join('\n')
}

/** The most probable labels as a table with bars, best first. */
export function formatProbabilities(labels: readonly string[], probabilities: ArrayLike<number>, top = 5): string {
  const ranked = labels.map((label, at) => ({ label, p: probabilities[at] ?? 0 })).sort((a, b) => b.p - a.p)
  const rows = ranked.slice(0, top).map(({ label, p }) => [label, formatPercent(p), textBar(p)])
  return formatTable([{ header: '' }, { header: '', align: 'right' }, { header: '' }], rows)
    .split('\n')
    .slice(2)
    .join('\n')
}

/** A bar of `width` columns in eighths of a column. */
export function textBar(ratio: number, width = 20): string {
  const eighths = Math.round(Math.min(1, Math.max(0, ratio)) * width * 8)
  return '█'.repeat(Math.floor(eighths / 8)) + (['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '')
}
