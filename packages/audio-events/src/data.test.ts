import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { divide, foldsOf } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import { splitOptions } from '@weft/core/options'
import { drawing, isMultiLabel, labelsOf, readSounds } from './data.js'
import { readingOptions } from './options/sound.js'
import { presets } from './presets/index.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-data-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function touch(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), '')
  }
}
const reading = (given: object = {}) => resolveOptions(readingOptions, given)
const splitting = (given: object = {}) => resolveOptions(splitOptions, given)
const byLabel = drawing(1, { group: undefined }, false)

describe('readSounds', () => {
  it('reads a folder for each class', () => {
    touch('dog/a.wav', 'dog/deep/b.MP3', 'cat/c.ogg', 'cat/notes.txt')
    const { items } = readSounds(folder, reading())
    expect(items.map(({ id, labels }) => [id, labels])).toEqual([
      ['cat/c.ogg', ['cat']],
      ['dog/a.wav', ['dog']],
      ['dog/deep/b.MP3', ['dog']],
    ])
  })

  it('reads the spoken-digits preset’s names and its canonical split', () => {
    for (const digit of [0, 1]) for (let take = 0; take < 20; take++) touch(`${digit}_ann_${take}.wav`)
    const { pattern, testWhere, testShare, validationShare } = presets['spoken-digits'].options
    const { items } = readSounds(folder, reading({ pattern }))
    const parts = divide(items, splitting({ testWhere, testShare, validationShare }), byLabel)
    expect(parts.test.map(({ fields }) => fields['take'])).toEqual(['0', '1', '2', '3', '4', '0', '1', '2', '3', '4'])
    expect(parts.validation).toHaveLength(3)
    expect(new Set([...parts.train, ...parts.validation, ...parts.test])).toEqual(new Set(items))
  })

  it('reads a CSV file with several labels, folds and groups', () => {
    touch('sounds/a.wav', 'sounds/b.wav')
    writeFileSync(join(folder, 'list.csv'), 'file,tags,fold,street\na.wav,dog;cat,1,x\nb.wav,cat,2,y\nc.wav,cat,2,y\n')
    const options = reading({ root: join(folder, 'sounds'), labelColumn: 'tags', labelSeparator: ';', group: 'street' })
    const { items, skipped } = readSounds(join(folder, 'list.csv'), options)
    expect(items.map(({ labels, fold, group }) => [labels, fold, group])).toEqual([
      [['dog', 'cat'], '1', 'x'],
      [['cat'], '2', 'y'],
    ])
    expect(skipped).toHaveLength(1)
    expect(isMultiLabel(options, items)).toBe(true)
    expect(foldsOf(items, { byGroup: true, folds: 5, seed: 1 }).map(({ test }) => test)).toEqual([[0], [1]])
  })

  it('refuses one class only', () => {
    touch('dog/a.wav', 'dog/b.wav')
    const { items } = readSounds(folder, reading())
    expect(() => labelsOf(items, 'sounds')).toThrow(/reading sounds: expected at least 2 labels.*received only "dog"/)
  })

  it('refuses an empty folder and one that is not there', () => {
    expect(() => readSounds(folder, reading())).toThrow(/expected files ending in \.wav/)
    expect(() => readSounds(join(folder, 'none'), reading())).toThrow(/none/)
  })

  it('refuses a class with one file, which cannot be in three parts', () => {
    touch('dog/a.wav', 'dog/b.wav', 'dog/c.wav', 'cat/a.wav')
    const { items } = readSounds(folder, reading())
    expect(() => divide(items, splitting(), byLabel)).toThrow(/at least 3 items of every label.*"cat" has 1/)
  })
})
