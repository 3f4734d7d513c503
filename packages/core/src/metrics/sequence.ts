/**
 * Scores of what was read or recognised as a sequence: edit distance, character and word error rate, exact matches. A string's symbols
 * are its Unicode code points, as they stand: who wants case, accents or spaces not to count changes both texts before.
 */
import { expected } from '../errors.js'

/** A string, or a list of symbols of any kind. */
export type SymbolSequence = string | ArrayLike<number | string>

/** Rates are shares, not percentages; an error rate can exceed 1. NaN without items. */
export interface SequenceScores {
  /** Share of the items that are right in every symbol. */
  exactMatch: number
  /** Character error rate: edits of all items over symbols of all references. */
  cer: number
  /** Word error rate: the same over words, which blanks divide. */
  wer: number
  /** Mean over the items of the edits over the symbols of the longer of both; 0 is perfect, 1 the worst. */
  normalisedEditDistance: number
}

const symbolsOf = (sequence: SymbolSequence): readonly (number | string)[] => Array.from(sequence)

const wordsOf = (text: string) => text.split(/\s+/u).filter((word) => word !== '')

/**
 * The least number of symbols to insert, leave out or replace that makes one sequence of the other.
 *
 * @see Levenshtein 1966.
 */
export function editDistance(a: SymbolSequence, b: SymbolSequence): number {
  const [from, to] = [symbolsOf(a), symbolsOf(b)]
  // Distances of what was seen of `from` to each beginning of `to`.
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

/** Calls `each` for every pair. */
function forPairs<S extends SymbolSequence>(
  references: readonly S[],
  readings: readonly S[],
  each: (reference: S, reading: S) => void,
): void {
  if (references.length !== readings.length)
    throw expected('scoring sequences', `${references.length} items`, 'readings', readings.length)
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
  // References without any symbol: perfect when nothing was read.
  return edits === 0 && references.length > 0 ? 0 : edits / symbols
}

/** Edits of all items over symbols of all references; infinite when there are none and yet something was read. */
export function characterErrorRate(references: readonly SymbolSequence[], readings: readonly SymbolSequence[]): number {
  return errorRate(references, readings)
}

/** As `characterErrorRate`, of words. */
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
 * Mean over the items of the edits over the symbols of the longer of both sequences; 0 for a pair without symbols.
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

/** All of them, of texts. */
export function sequenceScores(references: readonly string[], readings: readonly string[]): SequenceScores {
  return {
    exactMatch: exactMatch(references, readings),
    cer: characterErrorRate(references, readings),
    wer: wordErrorRate(references, readings),
    normalisedEditDistance: normalisedEditDistance(references, readings),
  }
}
