import { describe, expect, it } from 'vitest'
import { Alphabet, describeSymbol, symbolsOf } from './alphabet.js'

describe('symbolsOf', () => {
  it.each([
    ['nothing', '', []],
    ['ASCII with blanks', 'a b!', ['a', ' ', 'b', '!']],
    ['a line end of two characters', 'a\r\nb', ['a', '\r\n', 'b']],
    ['precomposed and decomposed letters', 'é' + 'e\u0301', ['é', 'é']],
    ['marks without a precomposed form', 'x\u0302q\u0323\u0307', ['x\u0302', 'q\u0323\u0307']],
    ['marks in another order', 'q\u0307\u0323', ['q\u0323\u0307']],
    ['Hebrew with points', 'שָׁלוֹם', ['שָׁ', 'ל', 'וֹ', 'ם']],
    ['Arabic with vowels', 'مُحَمَّد', ['مُ', 'حَ', 'مَّ', 'د']],
    ['Devanagari vowels', 'हिन्दी', ['हि', 'न्दी']],
    ['Hangul of parts', '\u1112\u1161\u11ab', ['한']],
    ['signs above U+FFFF', '𝒜b😀', ['𝒜', 'b', '😀']],
    ['a joined family, a skin tone, a flag', '👨‍👩‍👧👍🏽🇮🇱', ['👨‍👩‍👧', '👍🏽', '🇮🇱']],
    ['half of a surrogate pair', '\ud83dx', ['\ud83d', 'x']],
  ])('%s', (_, text, symbols) => {
    expect(symbolsOf(text)).toEqual(symbols)
  })
})

describe('describeSymbol', () => {
  it('adds the code points of what could be mistaken', () => {
    expect(describeSymbol('a')).toBe('"a"')
    expect(describeSymbol(' ')).toBe('" " (U+0020)')
    expect(describeSymbol('\u200b')).toBe('"\u200b" (U+200B)')
    expect(describeSymbol('а')).toBe('"а" (U+0430)')
    expect(describeSymbol('x\u0302')).toBe('"x\u0302" (U+0078 U+0302)')
    expect(describeSymbol('😀')).toBe('"😀" (U+1F600)')
  })
})

describe('Alphabet', () => {
  const alphabet = Alphabet.of(['cab', 'b e\u0301', '1'])

  it('has each symbol once, in the order of code points, after the blank', () => {
    expect(alphabet.symbols).toEqual([' ', '1', 'a', 'b', 'c', 'é'])
    expect(alphabet.size).toBe(7)
    // By code units 😀 (D83D DE00) would come before U+FF21.
    expect(Alphabet.of(['😀Ａ', 'q\u0323q']).symbols).toEqual(['q', 'q\u0323', 'Ａ', '😀'])
  })

  it('does not depend on the order of the texts', () => {
    expect(Alphabet.of(['é1', 'bac', ' ']).symbols).toEqual(alphabet.symbols)
  })

  it('turns texts into classes and back', () => {
    expect(alphabet.encode('bé a')).toEqual([4, 6, 1, 3])
    expect(alphabet.encode('e\u0301')).toEqual(alphabet.encode('é'))
    expect(alphabet.decode([4, 6, 1, 3])).toBe('bé a')
    expect(alphabet.decode(Int32Array.of(5, 5))).toBe('cc')
    expect(alphabet.encode('')).toEqual([])
    for (const text of ['שָׁלוֹם', 'مُحَمَّد', 'हिन्दी', '👨‍👩‍👧 👍🏽', 'x\u0302\r\n']) {
      const own = Alphabet.of([text])
      expect(own.decode(own.encode(text))).toBe(text.normalize('NFC'))
    }
  })

  it('joins symbols that belong together into normal form', () => {
    const parts = Alphabet.of(['\u1112', '\u1161'])
    expect(parts.decode([1, 2])).toBe('하')
  })

  it('lists what it lacks, each once', () => {
    expect(alphabet.missing('cabé')).toEqual([])
    expect(alphabet.missing('zabz\u0302z')).toEqual(['z', 'ẑ'])
  })

  it('survives JSON with its order', () => {
    const own = new Alphabet(['b', 'a', '\ud83d'])
    expect(Alphabet.fromJson(JSON.parse(JSON.stringify(own))).symbols).toEqual(['b', 'a', '\ud83d'])
  })

  it('finds the outputs of another alphabet by symbol', () => {
    expect(new Alphabet(['c', 'x', 'a']).outputsFrom(alphabet)).toEqual([0, 5, undefined, 3])
    expect(alphabet.outputsFrom(alphabet)).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it.each([
    [() => alphabet.encode('ab?'), 'encoding "ab?": expected symbols of the alphabet for the text, received "?"'],
    [() => alphabet.encode('a\u00a0b'), 'received "\u00a0" (U+00A0)'],
    [() => alphabet.encode('ae\u0323'), 'received "ẹ" (U+1EB9)'],
    [() => alphabet.decode([1, 0]), 'decoding a text: expected a class from 1 to 6 for symbol, received 0'],
    [() => alphabet.decode([7]), 'expected a class from 1 to 6 for symbol, received 7'],
    [() => new Alphabet(['a', 'b', 'a']), 'making an alphabet: expected different symbols for symbols, received "a"'],
    [() => new Alphabet(['a', 'bc']), 'expected a single symbol in normal form C for class 2, received "bc"'],
    [() => new Alphabet(['e\u0301']), 'expected a single symbol in normal form C for class 1'],
    [() => new Alphabet(['']), 'expected a single symbol in normal form C for class 1, received ""'],
    [() => Alphabet.of([]), 'expected at least 1 for symbols, received 0'],
    [() => Alphabet.fromJson({ a: 1 }), 'reading an alphabet: expected a list of strings for symbols'],
  ])('errors, case %#', (act, message) => {
    expect(act).toThrow(message)
  })

  it('says what it has', () => {
    expect(() => alphabet.encode('C')).toThrow(expect.objectContaining({ hint: 'The alphabet is " " 1 a b c é.' }))
    const many = Alphabet.of([String.fromCodePoint(...Array.from({ length: 100 }, (_, i) => 0x4e00 + i))])
    expect(() => many.encode('a')).toThrow(expect.objectContaining({ hint: expect.stringMatching(/ and 20 more\.$/) }))
  })
})
