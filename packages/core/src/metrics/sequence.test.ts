import { describe, expect, it } from 'vitest'
import { Random } from '../runtime/random.js'
import {
  alignSequences,
  characterErrorRate,
  editDistance,
  exactMatch,
  normalisedEditDistance,
  sequenceScores,
  wordErrorRate,
} from './sequence.js'

/** By its definition. */
function slowDistance(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return a.length + b.length
  const [restOfA, restOfB] = [a.slice(1), b.slice(1)]
  if (a[0] === b[0]) return slowDistance(restOfA, restOfB)
  return 1 + Math.min(slowDistance(restOfA, restOfB), slowDistance(restOfA, b), slowDistance(a, restOfB))
}

describe('editDistance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['flaw', 'lawn', 2],
    ['ab', 'ba', 2],
    ['😀x', '😃x', 1],
    ['straße', 'strasse', 2],
    ['cafe\u0301', 'café', 0],
    ['x\u0302y', 'xy', 1],
    ['שָׁלוֹם', 'שלום', 2],
    ['👨‍👩‍👧', '👨‍👩‍👦', 1],
  ])('of %j and %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance)
    expect(editDistance(b, a)).toBe(distance)
  })

  it('takes lists of numbers and of words', () => {
    expect(editDistance([1, 2, 3], Int32Array.from([1, 3]))).toBe(1)
    expect(editDistance(['a', 'cat'], ['the', 'cat', 'sat'])).toBe(2)
  })

  it('is what its definition says, for random sequences', () => {
    const random = new Random(1)
    const draw = () => Array.from({ length: random.int(7) }, () => random.int(3))
    for (let i = 0; i < 200; i++) {
      const [a, b] = [draw(), draw()]
      expect(editDistance(a, b)).toBe(slowDistance(a, b))
    }
  })
})

describe('sequenceScores', () => {
  it('is right by hand', () => {
    const references = ['the cat', 'sat', 'on it']
    const readings = ['the hat', 'sat', 'it']
    // One symbol of 7 replaced; none; "on " left out of 5.
    expect(sequenceScores(references, readings)).toEqual({
      exactMatch: 1 / 3,
      cer: 4 / 15,
      wer: 2 / 5,
      normalisedEditDistance: expect.closeTo((1 / 7 + 0 + 3 / 5) / 3, 12) as number,
    })
  })

  it('is perfect for the same texts', () => {
    const perfect = { exactMatch: 1, cer: 0, wer: 0, normalisedEditDistance: 0 }
    expect(sequenceScores(['a b', ''], ['a b', ''])).toEqual(perfect)
    expect(sequenceScores([''], [''])).toEqual(perfect)
  })

  it('knows empty references, and no items', () => {
    expect(characterErrorRate([''], ['ab'])).toBe(Infinity)
    expect(normalisedEditDistance([''], ['ab'])).toBe(1)
    expect(characterErrorRate(['ab'], ['abcdef'])).toBe(2)
    for (const score of [characterErrorRate, wordErrorRate, exactMatch, normalisedEditDistance])
      expect(score([], [])).toBeNaN()
  })

  it('divides words at any blanks', () => {
    expect(wordErrorRate([' a  b\n'], ['a b'])).toBe(0)
    expect(characterErrorRate([[1, 2, 3]], [[1, 2]])).toBeCloseTo(1 / 3, 12)
  })

  it('counts what a reader takes for one sign, however it is encoded', () => {
    expect(sequenceScores(['e\u0301a b'], ['éa b'])).toEqual({
      exactMatch: 1,
      cer: 0,
      wer: 0,
      normalisedEditDistance: 0,
    })
    // One sign of two is wrong, not one code point of five.
    expect(characterErrorRate(['हिन्दी'], ['हिन्द'])).toBe(1 / 2)
  })

  it('names a wrong number of readings', () => {
    expect(() => exactMatch(['a', 'b'], ['a'])).toThrow('scoring sequences: expected 2 items for readings, received 1')
  })
})

describe('alignSequences', () => {
  /** `=` match, `x>y` replace, `+y` insert, `-x` delete. */
  const align = (reference: string, reading: string) =>
    alignSequences(reference, reading)
      .map((symbol) => {
        if (symbol.kind === 'match') return '='
        if (symbol.kind === 'replace') return `${symbol.reference}>${symbol.reading}`
        return symbol.kind === 'insert' ? `+${symbol.reading}` : `-${symbol.reference}`
      })
      .join(' ')
  it.each([
    ['kitten', 'sitting', 'k>s = = = e>i = +g'],
    ['abc', 'abc', '= = ='],
    ['abc', 'ac', '= -b ='],
    ['ac', 'abc', '= +b ='],
    ['', 'ab', '+a +b'],
    ['ab', '', '-a -b'],
    ['', '', ''],
    ['a😀', 'a😃', '= 😀>😃'],
  ])('of %j and %j', (reference, reading, wanted) => {
    expect(align(reference, reading)).toBe(wanted)
  })

  it('spells both sequences, with as many edits as their distance', () => {
    const random = new Random(7)
    const draw = () => Array.from({ length: random.int(9) }, () => random.int(3))
    for (let round = 0; round < 300; round++) {
      const [reference, reading] = [draw(), draw()]
      const aligned = alignSequences(reference, reading)
      expect(aligned.flatMap((symbol) => (symbol.kind === 'insert' ? [] : [symbol.reference]))).toEqual(reference)
      expect(aligned.flatMap((symbol) => (symbol.kind === 'delete' ? [] : [symbol.reading]))).toEqual(reading)
      expect(aligned.filter(({ kind }) => kind !== 'match').length).toBe(editDistance(reference, reading))
      for (const symbol of aligned) {
        if (symbol.kind === 'match') expect(symbol.reference).toBe(symbol.reading)
        if (symbol.kind === 'replace') expect(symbol.reference).not.toBe(symbol.reading)
      }
    }
  })
})
