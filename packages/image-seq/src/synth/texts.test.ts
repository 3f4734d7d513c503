import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import { symbolsOf } from '@weft/core/data'
import { resolveOptions } from '@weft/core/cli'
import { synthOptions } from '../options/synth.js'
import { cutLine, textSource, type TextOptions } from './texts.js'

const folder = mkdtempSync(join(tmpdir(), 'weft-texts-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const usual = resolveOptions(synthOptions, { out: folder })
const source = (options: Partial<TextOptions>) => textSource({ ...usual, ...options })
const drawn = (options: Partial<TextOptions>, count = 200) => {
  const { draw } = source(options)
  return Array.from({ length: count }, (_, n) => draw(new Random(1, n)))
}

describe('random texts', () => {
  it('hold characters of the alphabet, of every length of the range', () => {
    const texts = drawn({ alphabet: 'abc', length: '2-4' })
    for (const text of texts) expect(text).toMatch(/^[abc]{2,4}$/)
    expect(new Set(texts.map((text) => text.length))).toEqual(new Set([2, 3, 4]))
    expect(new Set(texts.join(''))).toEqual(new Set('abc'))
    expect(new Set(drawn({ alphabet: 'ab', length: '1' }))).toEqual(new Set(['a', 'b']))
  })

  it('keep marks with their letters', () => {
    const alphabet = 'e\u0304o\u0308👩‍🔬'
    for (const text of drawn({ alphabet, length: '3' }, 30)) {
      expect(symbolsOf(text)).toHaveLength(3)
      for (const symbol of symbolsOf(text)) expect(symbolsOf(alphabet)).toContain(symbol)
    }
    expect(source({ alphabet }).symbols.size).toBe(3)
  })
})

describe('words and lines', () => {
  it('puts words together, as many as asked for', () => {
    const words = file('words.txt', '\uFEFFred\r\n\n  green \nblue\n')
    const texts = drawn({ words, wordsPerLine: '1-2' })
    for (const text of texts) expect(text).toMatch(/^(red|green|blue)( (red|green|blue))?$/)
    expect(new Set(texts).size).toBe(12)
    expect(source({ words }).symbols).toEqual(new Set('redgreenblue'))
  })

  it('cuts lines between words, and a long word between graphemes', () => {
    expect(cutLine('to be or not', 5)).toEqual(['to be', 'or', 'not'])
    expect(cutLine('to be or not', 6)).toEqual(['to be', 'or not'])
    expect(cutLine('a e\u0304e\u0304e\u0304 b', 2)).toEqual(['a', '\u0113\u0113', '\u0113', 'b'])
    const text = file('text.txt', 'the first\tline of it\nsecond')
    expect(new Set(drawn({ text, maxLength: 10 }))).toEqual(new Set(['the first', 'line of it', 'second']))
  })
})

describe('errors', () => {
  it('name what is wrong', () => {
    const empty = file('empty.txt', ' \n\n')
    const words = file('one.txt', 'one')
    expect(() => source({ words: empty })).toThrow(
      `choosing texts: expected at least one line with text for ${empty}, received "none"`,
    )
    expect(() => source({ words: join(folder, 'missing.txt') })).toThrow(
      /choosing texts: .*missing\.txt: there is no such file/,
    )
    expect(() => source({ words, text: words })).toThrow('expected one of words and text')
    for (const length of ['0', '5-3', 'x', '3-', '-3', '']) {
      expect(() => source({ length })).toThrow(
        `expected a number from 1 or a range such as 3-8 for length, received "${length}"`,
      )
    }
    expect(() => source({ alphabet: 'a b' })).toThrow('no white space, for alphabet, received "a b"')
    expect(() => source({ alphabet: '' })).toThrow('expected at least one character')
  })
})
