/**
 * Scores of sequences that were read or recognised: edit distance, character and word error rate, exact matches. The symbols of a
 * string are its grapheme clusters in normal form C, what a person sees as one character, however it is encoded. To ignore case,
 * accents or spaces, change both texts first.
 */
import { symbolsOf as symbolsOfText } from '../data/alphabet.js'
import { expected } from '../errors.js'

/** A string, or a list of symbols of any kind. */
export type SymbolSequence = string | ArrayLike<number | string>

/** Rates are fractions, not percentages; an error rate can exceed 1. NaN without items. */
export interface SequenceScores {
  /** Share of the items that are right in every symbol. */
  exactMatch: number
  /** Character error rate: edits of all items over symbols of all references. */
  cer: number
  /** Word error rate: the same over words, separated by white space. */
  wer: number
  /** Mean over the items of the edits per symbol of the longer sequence; 0 is perfect, 1 the worst. */
  normalisedEditDistance: number
}

const symbolsOf = (sequence: SymbolSequence): readonly (number | string)[] =>
  typeof sequence === 'string' ? symbolsOfText(sequence) : Array.from(sequence)

const wordsOf = (text: string) =>
  text
    .normalize('NFC')
    .split(/\s+/u)
    .filter((word) => word !== '')

/**
 * The smallest number of insertions, deletions and substitutions of symbols that turns one sequence into the other.
 *
 * @see Levenshtein 1966.
 */
export function editDistance(a: SymbolSequence, b: SymbolSequence): number {
  const [from, to] = [symbolsOf(a), symbolsOf(b)]
  // Distances from the symbols of `from` so far to each prefix of `to`.
  const row = Uint32Array.from({ length: to.length + 1 }, (_, j) => j)
  from.forEach((symbol, i) => {
    let diagonal = row[0] ?? 0
    row[0] = i + 1
    to.forEach((other, j) => {
      const above = row[j + 1] ?? 0
      row[j + 1] = Math.min(diagonal + (symbol === other ? 0 : 1), above + 1, (row[j] ?? 0) + 1)
      diagonal = above
    })
  })
  return row[to.length] ?? 0
}

/** One step of an alignment: a symbol of the reference and how it was read, an insertion or a deletion. */
export type AlignedSymbol =
  | { readonly kind: 'match' | 'replace'; readonly reference: number | string; readonly reading: number | string }
  | { readonly kind: 'insert'; readonly reading: number | string }
  | { readonly kind: 'delete'; readonly reference: number | string }

/**
 * The reading aligned with the reference, symbol by symbol, with the smallest number of edits, which is their `editDistance`. Of several
 * such alignments, the one that matches or replaces as close to the end as possible.
 *
 * @see Wagner & Fischer 1974.
 */
export function alignSequences(reference: SymbolSequence, reading: SymbolSequence): AlignedSymbol[] {
  const [from, to] = [symbolsOf(reference), symbolsOf(reading)]
  const width = to.length + 1
  // Distances from each prefix of `from` to each prefix of `to`.
  const table = new Uint32Array((from.length + 1) * width)
  const distance = (i: number, j: number) => table[i * width + j] ?? 0
  for (let i = 0; i <= from.length; i++) {
    for (let j = 0; j <= to.length; j++) {
      const pair = distance(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1)
      table[i * width + j] = i === 0 || j === 0 ? i + j : Math.min(pair, distance(i - 1, j) + 1, distance(i, j - 1) + 1)
    }
  }
  const alignment: AlignedSymbol[] = []
  let [i, j] = [from.length, to.length]
  while (i > 0 || j > 0) {
    const [symbol, sign] = [from[i - 1], to[j - 1]]
    const here = distance(i, j)
    if (i > 0 && j > 0 && symbol !== undefined && sign !== undefined) {
      const same = symbol === sign
      if (distance(i - 1, j - 1) + (same ? 0 : 1) === here) {
        alignment.push({ kind: same ? 'match' : 'replace', reference: symbol, reading: sign })
        i--
        j--
        continue
      }
    }
    if (i > 0 && symbol !== undefined && distance(i - 1, j) + 1 === here) {
      alignment.push({ kind: 'delete', reference: symbol })
      i--
    } else {
      if (sign !== undefined) alignment.push({ kind: 'insert', reading: sign })
      j--
    }
  }
  return alignment.reverse()
}

/** Calls `each` for every pair. */
function forPairs<S extends SymbolSequence>(
  references: readonly S[],
  readings: readonly S[],
  each: (reference: S, reading: S) => void,
): void {
  if (references.length !== readings.length)
    throw expected({
      doing: 'scoring sequences',
      want: `${references.length} items`,
      of: 'readings',
      got: readings.length,
    })
  references.forEach((reference, i) => {
    const reading = readings[i]
    if (reading !== undefined) each(reference, reading)
  })
}

function errorRate(references: readonly SymbolSequence[], readings: readonly SymbolSequence[]): number {
  let [edits, symbols] = [0, 0]
  forPairs(references, readings, (reference, reading) => {
    edits += editDistance(reference, reading)
    symbols += symbolsOf(reference).length
  })
  // References without symbols: perfect if nothing was read.
  return edits === 0 && references.length > 0 ? 0 : edits / symbols
}

/** Edits of all items over symbols of all references; infinite if there are no symbols but something was read. */
export function characterErrorRate(references: readonly SymbolSequence[], readings: readonly SymbolSequence[]): number {
  return errorRate(references, readings)
}

/** As `characterErrorRate`, over words. */
export function wordErrorRate(references: readonly string[], readings: readonly string[]): number {
  return errorRate(references.map(wordsOf), readings.map(wordsOf))
}

/** Share of the items that are right in every symbol. */
export function exactMatch(references: readonly SymbolSequence[], readings: readonly SymbolSequence[]): number {
  let right = 0
  forPairs(references, readings, (reference, reading) => {
    const [a, b] = [symbolsOf(reference), symbolsOf(reading)]
    if (a.length === b.length && a.every((symbol, i) => symbol === b[i])) right++
  })
  return right / references.length
}

/**
 * Mean over the items of the edits per symbol of the longer sequence; 0 for a pair without symbols.
 *
 * @see The competitions on robust reading (ICDAR), which report 1 minus this.
 */
export function normalisedEditDistance(
  references: readonly SymbolSequence[],
  readings: readonly SymbolSequence[],
): number {
  let sum = 0
  forPairs(references, readings, (reference, reading) => {
    sum += editDistance(reference, reading) / Math.max(1, symbolsOf(reference).length, symbolsOf(reading).length)
  })
  return sum / references.length
}

/** All scores of texts. */
export function sequenceScores(references: readonly string[], readings: readonly string[]): SequenceScores {
  return {
    exactMatch: exactMatch(references, readings),
    cer: characterErrorRate(references, readings),
    wer: wordErrorRate(references, readings),
    normalisedEditDistance: normalisedEditDistance(references, readings),
  }
}
