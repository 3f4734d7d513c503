import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findIdxPairs } from '../data/idx-items.js'
import { writeIdxPair } from '../testing/idx-fixture.js'
import { readDigitStrings } from './digit-strings.js'
import { datasets } from './index.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-datasets-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('captcha', () => {
  it('validates every tenth of the rows sorted by label', () => {
    const names = Array.from({ length: 25 }, (_, i) => `x${String(i).padStart(2, '0')}`)
    mkdirSync(join(folder, 'images'))
    for (const name of names) writeFileSync(join(folder, 'images', `${name}.png`), '')
    const rows = [...names].reverse().map((name) => `${name}.png,${name}`)
    writeFileSync(join(folder, 'labels.csv'), ['file,label', ...rows].join('\n'))
    const { items, task } = datasets.captcha.read(folder)
    expect(task).toBe('read')
    expect(items.map(({ labels }) => labels[0])).toEqual([...names].reverse())
    const validating = items.filter(({ fields }) => fields['part'] === 'validation').map(({ labels }) => labels[0])
    expect(validating).toEqual(['x19', 'x09'])
    expect(items.filter(({ fields }) => fields['part'] === 'train')).toHaveLength(23)
  })
})

describe('digit strings', () => {
  const counts = { train: 400, validation: 60, test: 50 }
  const strings = () => readDigitStrings(findIdxPairs(folder), counts)
  const imagesOf = (part: string) =>
    new Set(
      strings()
        .items.filter(({ fields }) => fields['part'] === part)
        .flatMap(({ source }) => (source.kind === 'digits' ? source.indices : [])),
    )

  it('have 3 to 8 digits of the label, as many as asked for', () => {
    writeIdxPair(folder, 'train', 100)
    writeIdxPair(folder, 't10k', 40)
    const { items, task } = strings()
    expect(task).toBe('read')
    expect(items).toHaveLength(510)
    expect(new Set(items.map(({ labels }) => labels[0]?.length))).toEqual(new Set([3, 4, 5, 6, 7, 8]))
    for (const { labels, source, fields } of items) {
      if (source.kind !== 'digits') throw new Error('not a string of digits')
      // Image i of the fixture is labelled i % 10.
      expect(source.indices.map((index) => index % 10).join('')).toBe(labels[0])
      expect(source.path).toContain(fields['part'] === 'test' ? 't10k-images' : 'train-images')
    }
    expect(new Set(items.map(({ id }) => id)).size).toBe(510)
  })

  it('share no image between the parts and use them all', () => {
    writeIdxPair(folder, 'train', 100)
    writeIdxPair(folder, 't10k', 40)
    const [train, validation] = [imagesOf('train'), imagesOf('validation')]
    expect(train.size).toBe(90)
    expect([...validation].sort((a, b) => a - b)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
    expect([...train].filter((image) => validation.has(image))).toEqual([])
    expect(imagesOf('test').size).toBe(40)
  })

  it('are the same at every reading, and for the parts that are there', () => {
    writeIdxPair(folder, 'train', 30)
    const train = strings()
    expect(strings()).toEqual(train)
    expect(train.items).toHaveLength(460)
    writeIdxPair(folder, 't10k', 3)
    expect(strings().items.slice(0, 460)).toEqual(train.items)
    rmSync(join(folder, 'train-images-idx3-ubyte.gz'))
    rmSync(join(folder, 'train-labels-idx1-ubyte'))
    expect(strings().items).toHaveLength(50)
  })
})
