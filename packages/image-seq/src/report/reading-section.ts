/**
 * The section of a report about how well texts are read: scores, confusions of symbols, and errors by the length of a text and by the
 * position in it. Symbols are grapheme clusters, as in the scores; an alignment decides which symbol was read as which
 * (`alignSequences`).
 */
import * as Plot from '@observablehq/plot'
import { formatCount, formatPercent, plural } from '@weft/core/cli'
import { alignSequences, editDistance, type AlignedSymbol, type SequenceScores } from '@weft/core/metrics'
import { axisX, axisY, colour, finiteRange, HALF_WIDTH, renderPlot } from '@weft/core/report'
import type { Figure, ReportTable, Section } from '@weft/core/report'
import { visible } from './column-heat-map.js'

export interface ReadingResults {
  readonly references: readonly string[]
  readonly readings: readonly string[]
  /** The result of `sequenceScores`. */
  readonly scores: SequenceScores
}

export interface ReadingSectionOptions {
  /** Rows in the table of confusions (default: 15). */
  readonly confusions?: number
  readonly text?: string | readonly string[]
}

/** Scores, confusions, and errors by length and position. */
export function readingSection(results: ReadingResults, options: ReadingSectionOptions = {}): Section {
  const { references, readings } = results
  const alignments = references.map((reference, at) => alignSequences(reference, readings[at] ?? ''))
  const tables = [scoresTable(results)]
  const confusions = symbolConfusions(alignments)
  if (confusions.length > 0) tables.push(confusionsTable(confusions, options.confusions ?? 15))
  const figures: Figure[] = []
  const wrong = confusions.length > 0
  const byLength = errorsByLength(references, readings)
  if (wrong && byLength.length > 1) {
    figures.push({
      svg: errorRatePlot(byLength, 'symbols in the text'),
      caption: 'Errors by length. Edits per symbol in the texts of each length; the number of texts is above each bar.',
    })
  }
  const byPosition = errorsByPosition(alignments)
  if (wrong && byPosition.length > 1) {
    const tenths = byPosition.at(-1)?.label.includes('%') === true
    figures.push({
      svg: errorRatePlot(byPosition, tenths ? 'position in the text' : 'symbol of the text'),
      caption: 'Errors by position. Share of the symbols at each position that were misread or missed.',
    })
  }
  const { text } = options
  return { title: 'Reading', tables, figures, ...(text === undefined ? {} : { text }) }
}

function scoresTable({ references, scores }: ReadingResults): ReportTable {
  const rows = [
    ['exact match', formatPercent(scores.exactMatch, 2), 'texts without any error'],
    ['character error rate', formatPercent(scores.cer, 2), 'edits per symbol of the true texts'],
    ['word error rate', formatPercent(scores.wer, 2), 'edits per word of the true texts'],
    [
      'normalised edit distance',
      scores.normalisedEditDistance.toFixed(4),
      'mean over the texts of the edits per symbol; 0 is perfect',
    ],
  ]
  return {
    caption: `Scores of ${plural(references.length, 'text')}.`,
    columns: [{ header: 'score' }, { header: 'value', align: 'right' }, { header: 'meaning' }],
    rows,
  }
}

/** How often a symbol was read as another, missed (no `reading`) or read where there is none (no `reference`). */
export interface SymbolConfusion {
  readonly reference?: string
  readonly reading?: string
  readonly count: number
  /** How often the symbol of the reference occurs; for an insertion, how often the symbol was read. */
  readonly of: number
}

/** All confusions, the most frequent first. */
export function symbolConfusions(alignments: readonly (readonly AlignedSymbol[])[]): SymbolConfusion[] {
  const confusions = new Map<string, { reference?: string; reading?: string; count: number }>()
  const references = new Map<string, number>()
  const readings = new Map<string, number>()
  const add = (counts: Map<string, number>, symbol: string) => counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
  for (const symbol of alignments.flat()) {
    const reference = symbol.kind === 'insert' ? undefined : String(symbol.reference)
    const reading = symbol.kind === 'delete' ? undefined : String(symbol.reading)
    if (reference !== undefined) add(references, reference)
    if (reading !== undefined) add(readings, reading)
    if (symbol.kind === 'match') continue
    const key = JSON.stringify([reference ?? null, reading ?? null])
    const entry = confusions.get(key) ?? {
      ...(reference === undefined ? {} : { reference }),
      ...(reading === undefined ? {} : { reading }),
      count: 0,
    }
    entry.count++
    confusions.set(key, entry)
  }
  return [...confusions.values()]
    .map((entry) => ({
      ...entry,
      of: (entry.reference === undefined ? readings.get(entry.reading ?? '') : references.get(entry.reference)) ?? 0,
    }))
    .sort((a, b) => b.count - a.count || b.count / b.of - a.count / a.of)
}

function confusionsTable(confusions: readonly SymbolConfusion[], most: number): ReportTable {
  const rows = confusions
    .slice(0, most)
    .map(({ reference, reading, count, of }) => [
      reference === undefined ? '(nothing)' : visible(reference),
      reading === undefined ? '(missed)' : visible(reading),
      formatCount(count),
      formatCount(of),
      formatPercent(count / of),
    ])
  const more = confusions.length > most ? ` ${formatCount(confusions.length - most)} rarer ones are not listed.` : ''
  return {
    caption: `Confusions. Symbols that were misread, missed, or read where there are none; the share is that of all occurrences of the symbol or, where there is none, of all its readings.${more}`,
    columns: [
      { header: 'symbol' },
      { header: 'read as' },
      { header: 'times', align: 'right' },
      { header: 'of', align: 'right' },
      { header: 'share', align: 'right' },
    ],
    rows,
  }
}

/** A group of symbols with its errors. */
export interface ErrorBin {
  readonly label: string
  readonly errors: number
  readonly symbols: number
  /** Number of texts, if the group consists of texts. */
  readonly texts?: number
}

/** Edits and symbols of the texts by length: a group for each length, or eight equal ranges if there are many. */
export function errorsByLength(references: readonly string[], readings: readonly string[]): ErrorBin[] {
  const lengths = references.map((reference) => Array.from(reference).length)
  const [least, most] = finiteRange(lengths.map((length) => (length > 0 ? length : NaN)))
  const size = most - least < 12 ? 1 : Math.ceil((most - least + 1) / 8)
  const bins = new Map<number, { errors: number; symbols: number; texts: number }>()
  references.forEach((reference, at) => {
    const length = lengths[at] ?? 0
    if (length === 0) return
    const bin = Math.floor((length - least) / size)
    const { errors, symbols, texts } = bins.get(bin) ?? { errors: 0, symbols: 0, texts: 0 }
    const edits = editDistance(reference, readings[at] ?? '')
    bins.set(bin, { errors: errors + edits, symbols: symbols + length, texts: texts + 1 })
  })
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([bin, counts]) => {
      const first = least + bin * size
      return { ...counts, label: size === 1 ? String(first) : `${first}–${Math.min(most, first + size - 1)}` }
    })
}

/** Errors by the position of the symbol in its reference: the first, the second …, or tenths of the text if texts are long. */
export function errorsByPosition(alignments: readonly (readonly AlignedSymbol[])[]): ErrorBin[] {
  const texts = alignments.map((symbols) => symbols.filter(({ kind }) => kind !== 'insert'))
  const most = texts.reduce((longest, { length }) => Math.max(longest, length), 0)
  const tenths = most > 16
  const bins = Array.from({ length: tenths ? 10 : most }, (_, at) => ({
    label: tenths ? `${at * 10} %` : String(at + 1),
    errors: 0,
    symbols: 0,
  }))
  for (const text of texts) {
    text.forEach(({ kind }, at) => {
      const bin = bins[tenths ? Math.floor((at / text.length) * 10) : at]
      if (bin === undefined) return
      bin.symbols++
      if (kind !== 'match') bin.errors++
    })
  }
  return bins.filter(({ symbols }) => symbols > 0)
}

/** Error rates of groups as bars. */
export function errorRatePlot(bins: readonly ErrorBin[], label: string, width = HALF_WIDTH): string {
  const rate = ({ errors, symbols }: ErrorBin) => errors / symbols
  const highest = bins.reduce((most, bin) => Math.max(most, rate(bin)), 0)
  const counts = bins.some(({ texts }) => texts !== undefined)
  return renderPlot(
    {
      width,
      height: 260,
      marginLeft: 56,
      marginRight: 12,
      marginTop: 36,
      marginBottom: 48,
      x: { type: 'band', domain: bins.map((bin) => bin.label), padding: 0.3 },
      y: { domain: [0, highest === 0 ? 0.01 : highest * 1.12] },
      marks: [
        ...axisY({
          label: 'error rate',
          ticks: 4,
          tickFormat: (share: number) => `${Number((share * 100).toFixed(2))} %`,
        }),
        ...axisX({ label, tickSize: 0 }),
        Plot.barY(bins, { x: 'label', y: rate, fill: colour('vermilion'), fillOpacity: 0.55, className: 'errors' }),
        Plot.ruleY([0], { stroke: colour('muted') }),
        ...(counts
          ? [
              Plot.text(bins, {
                x: 'label',
                y: rate,
                text: ({ texts = 0 }: ErrorBin) => formatCount(texts),
                dy: -8,
                fill: colour('muted'),
                stroke: colour('paper'),
                strokeWidth: 4,
                fontSize: 11,
              }),
            ]
          : []),
      ],
    },
    `error rate by ${label}`,
  )
}
