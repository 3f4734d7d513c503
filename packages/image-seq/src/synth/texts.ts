/**
 * What the generator writes: words of a list, lines of a file, or random strings of an alphabet. Characters are grapheme clusters,
 * so that a letter keeps its combining marks when a line is cut or a string is drawn.
 */
import { readFileSync } from 'node:fs'
import { expected, reasonOf, UserError } from '@weft/core/errors'
import { type Random } from '@weft/core/runtime'
import { symbolsOf } from '@weft/core/data'
import type { SynthOptions } from '../options/synth.js'

export interface TextSource {
  /** Every character that a text may hold, the space left out. */
  readonly symbols: ReadonlySet<string>
  readonly draw: (random: Random) => string
}

export type TextOptions = Pick<SynthOptions, 'words' | 'wordsPerLine' | 'text' | 'maxLength' | 'alphabet' | 'length'>

const DOING = 'choosing texts'

/**
 * The texts that the options ask for.
 *
 * @throws UserError for files that hold no text, ranges that are none, an alphabet with white space or nothing in it.
 */
export function textSource(options: TextOptions): TextSource {
  if (options.words !== undefined && options.text !== undefined) {
    throw expected({ doing: DOING, want: 'one of words and text', of: 'the two', got: 'both' })
  }
  if (options.words !== undefined) return fromWords(options.words, parseRange('wordsPerLine', options.wordsPerLine))
  if (options.text !== undefined) return fromLines(options.text, options.maxLength)
  return fromAlphabet(options.alphabet, parseRange('length', options.length))
}

type Range = readonly [low: number, high: number]

function parseRange(name: string, value: string): Range {
  const [, low, high = low] = /^(\d{1,4})(?:-(\d{1,4}))?$/u.exec(value.trim()) ?? []
  const range: Range = [Number(low), Number(high)]
  if (!(range[0] >= 1 && range[0] <= range[1])) {
    throw expected({ doing: DOING, want: 'a number from 1 or a range such as 3-8', of: name, got: value })
  }
  return range
}

const within = (random: Random, [low, high]: Range) => low + random.int(high - low + 1)

/** One of `items`, each as likely; there must be one. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random.int(items.length)]
  if (item === undefined) throw new Error('drawing one of several: expected at least one, received none')
  return item
}

function fromWords(path: string, perLine: Range): TextSource {
  const words = readLines(path)
  return {
    symbols: symbolsIn(words),
    draw: (random) => Array.from({ length: within(random, perLine) }, () => pick(random, words)).join(' '),
  }
}

function fromLines(path: string, maxLength: number): TextSource {
  const lines = readLines(path).flatMap((line) => cutLine(line, maxLength))
  return { symbols: symbolsIn(lines), draw: (random) => pick(random, lines) }
}

function fromAlphabet(alphabet: string, length: Range): TextSource {
  const symbols = new Set(symbolsOf(alphabet))
  if (symbols.size === 0 || [...symbols].some((symbol) => symbol.trim() === '')) {
    const hint = 'lines of several words come from --words or --text'
    throw expected({
      doing: DOING,
      want: 'at least one character, and no white space,',
      of: 'alphabet',
      got: alphabet,
      hint,
    })
  }
  const list = [...symbols]
  return {
    symbols,
    draw: (random) => Array.from({ length: within(random, length) }, () => pick(random, list)).join(''),
  }
}

/** The lines of a file that hold anything, white space in them as single spaces. */
function readLines(path: string): string[] {
  let content
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UserError(`${DOING}: ${path}: ${reasonOf(error)}`)
  }
  const lines = content
    .replace(/^\uFEFF/u, '')
    .split(/\r\n|[\n\r]/u)
    .map((line) => line.replace(/\s+/gu, ' ').trim())
    .filter((line) => line !== '')
  if (lines.length === 0) throw expected({ doing: DOING, want: 'at least one line with text', of: path, got: 'none' })
  return lines
}

/** Pieces of at most `most` graphemes, of whole words except where a single word is longer. */
export function cutLine(line: string, most: number): string[] {
  const pieces: string[] = []
  let piece: string[] = []
  const close = () => {
    if (piece.length > 0) pieces.push(piece.join(''))
    piece = []
  }
  for (const word of line.split(' ')) {
    let letters = symbolsOf(word)
    if (piece.length > 0 && piece.length + 1 + letters.length <= most) {
      piece.push(' ', ...letters)
      continue
    }
    close()
    for (; letters.length > most; letters = letters.slice(most)) pieces.push(letters.slice(0, most).join(''))
    piece = letters
  }
  close()
  return pieces
}

function symbolsIn(texts: readonly string[]): Set<string> {
  const symbols = new Set<string>()
  for (const text of texts) for (const symbol of symbolsOf(text)) if (symbol !== ' ') symbols.add(symbol)
  return symbols
}
