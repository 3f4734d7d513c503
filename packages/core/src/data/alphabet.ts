/**
 * The alphabet of a reader: which symbol is which output of the network, and texts as lists of classes.
 *
 * A symbol is what a person sees as one character: a grapheme cluster (Unicode Standard Annex 29) of the text in normal form C, so
 * that a letter and its combining marks stay together, however they are encoded. Class 0 is the blank of CTC and has no symbol. An
 * alphabet is saved with the model; it knows nothing of networks or of decoding.
 */
import { expected, UserError } from '../errors.js'

const clusters = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Symbols that messages print as they are: printable ASCII except for the space. */
const PLAIN = /^[!-~]$/
/** Texts in which every character is a cluster of its own. */
const PRINTABLE_ASCII = /^[ -~]*$/

/** How many symbols of an alphabet an error lists. */
const LISTED_SYMBOLS = 80

/** The symbols of a text in order: its grapheme clusters in normal form C. */
export function symbolsOf(text: string): string[] {
  if (PRINTABLE_ASCII.test(text)) return text.split('')
  return Array.from(clusters.segment(text.normalize('NFC')), ({ segment }) => segment)
}

/** The symbol as messages print it: with its code points where it may be invisible, combining or mistaken for another. */
export function describeSymbol(symbol: string): string {
  const quoted = JSON.stringify(symbol)
  return PLAIN.test(symbol) ? quoted : `${quoted} (${codePoints(symbol)})`
}

function codePoints(symbol: string): string {
  return Array.from(symbol, (sign) => `U+${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`).join(' ')
}

/** Order by code points, which differs from that of `<` (code units) above U+FFFF. */
function byCodePoints(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** An ordered set of symbols; symbol i is class i + 1, class 0 is CTC's blank. */
export class Alphabet {
  readonly symbols: readonly string[]
  readonly #classOf: ReadonlyMap<string, number>

  /** @param symbols In the order of the classes, from 1: single grapheme clusters in normal form C, all different. */
  constructor(symbols: readonly string[]) {
    const doing = 'making an alphabet'
    if (symbols.length === 0) throw expected({ doing, want: 'at least 1', of: 'symbols', got: 0 })
    this.symbols = [...symbols]
    this.#classOf = new Map(symbols.map((symbol, i) => [symbol, i + 1]))
    symbols.forEach((symbol, i) => {
      if (symbolsOf(symbol).length !== 1 || symbol !== symbol.normalize('NFC'))
        throw expected({ doing, want: 'a single symbol in normal form C', of: `class ${i + 1}`, got: symbol })
      if (this.#classOf.get(symbol) !== i + 1)
        throw expected({ doing, want: 'different symbols', of: 'symbols', got: symbol })
    })
  }

  /** All symbols in the texts, in the order of their code points. */
  static of(texts: Iterable<string>): Alphabet {
    const symbols = new Set<string>()
    for (const text of texts) for (const symbol of symbolsOf(text)) symbols.add(symbol)
    return new Alphabet([...symbols].sort(byCodePoints))
  }

  /** From parsed JSON, which it checks. */
  static fromJson(json: unknown): Alphabet {
    if (!Array.isArray(json) || !json.every((symbol) => typeof symbol === 'string'))
      throw expected({
        doing: 'reading an alphabet',
        want: 'a list of strings',
        of: 'symbols',
        got: JSON.stringify(json),
      })
    return new Alphabet(json)
  }

  toJSON(): string[] {
    return [...this.symbols]
  }

  /** Number of classes, including the blank. */
  get size(): number {
    return this.symbols.length + 1
  }

  /**
   * The class of each symbol of the text.
   *
   * @throws UserError naming the first symbol that is not in the alphabet.
   */
  encode(text: string): number[] {
    return symbolsOf(text).map((symbol) => {
      const label = this.#classOf.get(symbol)
      if (label !== undefined) return label
      const doing = `encoding ${JSON.stringify(text)}: expected symbols of the alphabet for the text, received`
      throw new UserError(`${doing} ${describeSymbol(symbol)}`, `The alphabet is ${this.#listed()}`)
    })
  }

  #listed(): string {
    const more = this.symbols.length - LISTED_SYMBOLS
    const first = this.symbols
      .slice(0, LISTED_SYMBOLS)
      .map((symbol) => (/\s/u.test(symbol) ? JSON.stringify(symbol) : symbol))
    return first.join(' ') + (more > 0 ? ` and ${more} more.` : '.')
  }

  /**
   * The text of these classes, in normal form C.
   *
   * @throws UserError for a class without a symbol, such as the blank.
   */
  decode(classes: Iterable<number>): string {
    return Array.from(classes, (at) => this.symbol(at))
      .join('')
      .normalize('NFC')
  }

  /** The symbol of a class, which must not be the blank. */
  symbol(at: number): string {
    const symbol = this.symbols[at - 1]
    if (symbol === undefined)
      throw expected({ doing: 'decoding a text', want: `a class from 1 to ${this.size - 1}`, of: 'symbol', got: at })
    return symbol
  }

  /** The symbols of the text that are not in the alphabet, without repetition. */
  missing(text: string): string[] {
    return [...new Set(symbolsOf(text))].filter((symbol) => !this.#classOf.has(symbol))
  }

  /** For each class of this alphabet, blank included, the class of the same symbol in `other`; undefined where it has none. */
  outputsFrom(other: Alphabet): (number | undefined)[] {
    return [0, ...this.symbols.map((symbol) => other.#classOf.get(symbol))]
  }
}
