import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadFaces, type Face } from './fonts.js'

const folder = mkdtempSync(join(tmpdir(), 'weft-fonts-'))
afterAll(() => rmSync(folder, { recursive: true }))

const faces = loadFaces()

function face(name: string): Face {
  const found = faces.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no face ${name} among ${faces.map((one) => one.name).join(', ')}`)
  return found
}
const sans = face('pt-sans-400-normal')
const widthOf = (one: Face, text: string) => one.shape(text).letters.reduce((sum, { advance }) => sum + advance, 0)

describe('the fonts that come along', () => {
  it('are four families in several weights', () => {
    expect(new Set(faces.map(({ family }) => family))).toEqual(
      new Set(['pt-sans', 'pt-serif', 'courier-prime', 'caveat']),
    )
    expect(faces).toHaveLength(16)
  })

  it('cover alphabets that their files divide', () => {
    expect(sans.covers('Żubr и кот é 12')).toBe(true)
    expect(face('courier-prime-400-normal').covers(['и'])).toBe(false)
    expect(sans.covers(['漢'])).toBe(false)
    // Latin, Latin extended and Cyrillic are three files; the widths are those of the parts.
    expect(widthOf(sans, 'aŻи')).toBeCloseTo(widthOf(sans, 'a') + widthOf(sans, 'Ż') + widthOf(sans, 'и'), 10)
  })

  it('draw a letter and its mark as they draw the composed letter', () => {
    expect(sans.covers(['e\u0301'])).toBe(true)
    expect(sans.shape('caf\u0065\u0301')).toEqual(sans.shape('café'))
  })

  it('keep a mark with its letter', () => {
    const { letters } = face('caveat-400-normal').shape('xe\u0304')
    expect(letters.map(({ outlines }) => outlines.length)).toEqual([1, 2])
    const [base, mark] = letters[1]?.outlines ?? []
    // The macron stands above its letter and begins within it.
    expect((mark?.x ?? NaN) - (base?.x ?? NaN)).toBeLessThan(letters[1]?.advance ?? NaN)
  })

  it('kern and join: less than the letters one by one', () => {
    expect(widthOf(face('caveat-400-normal'), 'ffi')).toBeLessThan(3 * widthOf(face('caveat-400-normal'), 'f'))
    expect(face('caveat-400-normal').shape('ffi').letters).toHaveLength(1)
  })

  it('measure in shares of the height from ascender to descender', () => {
    // PT Sans: ascender 1018, descender -276, "A" 585 wide, in 1000 units.
    const { letters, ascent } = sans.shape('A')
    expect(ascent).toBeCloseTo(1018 / 1294, 10)
    expect(letters[0]?.advance).toBeCloseTo(585 / 1294, 10)
  })
})

describe('fonts of the user', () => {
  const packaged = join(dirname(createRequire(import.meta.url).resolve('@fontsource/caveat/package.json')), 'files')

  it('are read from a folder, a face each file', () => {
    copyFileSync(join(packaged, 'caveat-latin-400-normal.woff2'), join(folder, 'b.woff2'))
    copyFileSync(join(packaged, 'caveat-latin-700-normal.woff'), join(folder, 'a.WOFF'))
    writeFileSync(join(folder, 'notes.txt'), 'not a font')
    const own = loadFaces(folder)
    expect(own.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(own[1]?.shape('fox')).toEqual(face('caveat-400-normal').shape('fox'))
    expect(own[0]?.covers(['и'])).toBe(false)
  })

  it('are named when they are broken or not there', () => {
    const broken = mkdtempSync(join(folder, 'broken-'))
    expect(() => loadFaces(broken)).toThrow(
      `loading fonts: expected files ending in .ttf, .otf, .woff, .woff2 for ${broken}`,
    )
    expect(() => loadFaces(join(folder, 'nowhere'))).toThrow(/loading fonts: .*nowhere: there is no such file/)
    const path = join(broken, 'x.woff2')
    writeFileSync(path, 'not a font')
    expect(() => loadFaces(broken)).toThrow(`opening the font ${path}: `)
    const whole = readFileSync(join(packaged, 'caveat-latin-400-normal.woff2'))
    writeFileSync(path, whole.subarray(0, whole.length / 3))
    expect(() => loadFaces(broken)).toThrow(`opening the font ${path}: `)
  })
})
