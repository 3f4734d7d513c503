import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveOptions } from '@weft/core/cli'
import { readImages } from './data.js'
import type { ImageList } from './data/items.js'
import { readingOptions } from './options/data.js'
import { writeIdxPair } from './testing/idx-fixture.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-images-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function touch(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), '')
  }
}
function table(...lines: string[]): void {
  writeFileSync(join(folder, 'labels.csv'), lines.join('\n'))
}
const read = (given: object = {}, data = folder) => readImages(data, resolveOptions(readingOptions, given))
const summary = ({ items, task }: ImageList) => [task, ...items.map(({ id, labels }) => `${id}=${labels.join('+')}`)]

describe('a table', () => {
  it('gives texts of the files beside it or in a folder', () => {
    touch('images/1.png', 'images/2.jpg')
    table('file,label,part', '2.jpg,héllo wörld,validation', '1.png,42,train')
    const found = read()
    expect(summary(found)).toEqual(['read', '2.jpg=héllo wörld', '1.png=42'])
    expect(found.items[0]).toMatchObject({
      source: { kind: 'file', path: join(folder, 'images/2.jpg') },
      fields: { part: 'validation' },
    })
    expect(read({}, join(folder, 'labels.csv'))).toEqual(found)
    expect(read({ task: 'classify' }).task).toBe('classify')
  })

  it('takes columns and a root by name, and groups', () => {
    touch('a/1.png', 'b/1.png')
    writeFileSync(join(folder, 'list.csv'), 'image,text,writer,round\n1.png,x,ann,2\n')
    const columns = { fileColumn: 'image', labelColumn: 'text', group: 'writer' }
    const { items } = read({ ...columns, root: join(folder, 'b') }, join(folder, 'list.csv'))
    expect(items).toMatchObject([{ path: join(folder, 'b/1.png'), labels: ['x'], group: 'ann' }])
  })

  it('brings texts to normal form C', () => {
    touch('1.png')
    table('file,label', '1.png,cafe\u0301')
    expect(read().items[0]?.labels).toEqual(['caf\u00e9'])
  })

  it('names file and row of an empty text', () => {
    touch('1.png', '2.png')
    table('file,label', '1.png,x', '2.png,  ')
    expect(() => read()).toThrow(/labels\.csv, row 3 \(2\.png\): expected a value for column "label"/)
    table('file,label', '1.png,\u2003')
    expect(() => read()).toThrow(/(row 2 \(1\.png\)|1\.png): expected a/)
  })
})

describe('names', () => {
  it('are texts when no folder is a class', () => {
    touch('ABC12.png', 'x 3.14.JPG', 'readme.md', 'more/é.webp')
    expect(summary(read())).toEqual(['read', 'ABC12.png=ABC12', 'more/é.webp=é', 'x 3.14.JPG=x 3.14'])
  })

  it('are texts below a single folder', () => {
    touch('images/ABC12.png', 'images/D.png')
    expect(summary(read())).toEqual(['read', 'images/ABC12.png=ABC12', 'images/D.png=D'])
  })

  it('fit a pattern, which allows a text twice', () => {
    touch('ABC_1.png', 'ABC_2.png', 'other.png', 'train/D/x.png')
    const found = read({ pattern: '{label}_{n}', group: 'n' })
    expect(found.items.map(({ labels, group }) => [labels, group])).toEqual([
      [['ABC'], '1'],
      [['ABC'], '2'],
    ])
    expect(found.skipped).toHaveLength(2)
    expect(read({ pattern: '{part}/{label}/*', task: 'classify' }).items).toMatchObject([
      { labels: ['D'], fields: { part: 'train' } },
    ])
  })

  it('that are blank are refused', () => {
    touch(' .png')
    expect(() => read()).toThrow(/reading .* \.png: expected a text for its label, received " "/)
  })
})

describe('folders of classes', () => {
  it('are found when there are two and nothing beside them', () => {
    touch('cat/1.png', 'dog/deep/2.gif', 'notes.txt')
    expect(summary(read())).toEqual(['classify', 'cat/1.png=cat', 'dog/deep/2.gif=dog'])
    expect(summary(read({ task: 'read' }))).toEqual(['read', 'cat/1.png=1', 'dog/deep/2.gif=2'])
  })

  it('are meant by --task classify', () => {
    touch('cat/1.png')
    expect(summary(read({ task: 'classify' }))).toEqual(['classify', 'cat/1.png=cat'])
  })
})

describe('frames', () => {
  it('of a class folder, in the order of their numbers', () => {
    touch('run/ann/f10.png', 'run/ann/f9.png', 'run/ann/notes.txt', 'run/ann/.f1.png', 'walk/bob/1.png')
    const found = read({ frames: true })
    expect(summary(found)).toEqual(['classify', 'run/ann=run', 'walk/bob=walk'])
    const paths = ['f9.png', 'f10.png'].map((name) => join(folder, 'run/ann', name))
    expect(found.items[0]?.source).toEqual({ kind: 'frames', paths })
  })

  it('by names and patterns of folders', () => {
    touch('hello v1.2/1.png', 'bye/1.png')
    expect(summary(read({ frames: true }))).toEqual(['read', 'bye=bye', 'hello v1.2=hello v1.2'])
    touch('run_1/1.png')
    expect(summary(read({ frames: true, pattern: '{label}_{n}', task: 'classify' }))).toEqual(['classify', 'run_1=run'])
  })

  it('by a table of folders; those without images are skipped', () => {
    touch('frames/a/2.png', 'frames/a/1.png', 'frames/b/notes.txt')
    table('file,label', 'a,bin blue at f four please', 'b,x')
    const { items, skipped } = read({ frames: true })
    const paths = ['1.png', '2.png'].map((name) => join(folder, 'frames/a', name))
    expect(items).toMatchObject([{ labels: ['bin blue at f four please'], source: { kind: 'frames', paths } }])
    expect(skipped).toEqual([{ path: join(folder, 'frames/b'), reason: 'the folder holds no images' }])
    table('file,label', 'b,x')
    expect(() => read({ frames: true })).toThrow(/reading frames: expected files ending in \.png/)
  })
})

describe('IDX files', () => {
  it('are classes with their part of the split', () => {
    writeIdxPair(folder, 'train', 12)
    writeIdxPair(folder, 't10k', 3)
    const { items, task } = read()
    expect(task).toBe('classify')
    expect(items).toHaveLength(15)
    const path = join(folder, 'train-images-idx3-ubyte.gz')
    expect(items[11]).toEqual({
      id: 'train/11',
      path,
      labels: ['1'],
      fields: { part: 'train' },
      source: { kind: 'idx', path, index: 11 },
    })
    expect(items[12]).toMatchObject({ id: 'test/0', labels: ['0'], fields: { part: 'test' } })
    expect(read({ dataset: 'mnist' })).toEqual({ items, task, skipped: [] })
    expect(read({ task: 'read' }).task).toBe('read')
  })

  it('come in pairs of the same length', () => {
    writeIdxPair(folder, 'train', 3)
    rmSync(join(folder, 'train-labels-idx1-ubyte'))
    expect(() => read()).toThrow(
      /expected train-labels-idx1-ubyte or train-labels-idx1-ubyte\.gz for train-images-idx3-ubyte\.gz/,
    )
    writeFileSync(join(folder, 'train-labels-idx1-ubyte'), Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 1, 5]))
    expect(() => read()).toThrow(/expected 3, as many as images in .*gz, for labels, received 1/)
  })
})

it('refuses what holds no images', () => {
  expect(() => read()).toThrow(/expected files ending in \.png/)
  expect(() => read({}, join(folder, 'none'))).toThrow(/none: there is no such file or folder/)
  for (const dataset of ['mnist', 'captcha', 'digit-strings'])
    expect(() => read({ dataset }, join(folder, 'none'))).toThrow(/none.*there is no such file/)
  expect(() => read({ dataset: 'mnist' })).toThrow('reading MNIST: expected train-images-idx3-ubyte.gz and its like')
  touch('a.png')
  const path = relative(process.cwd(), join(folder, 'a.png'))
  expect(() => read({}, path)).toThrow('reading images: expected a folder or a CSV file for the data')
})

describe('folders of the parts of a split', () => {
  it('are no classes: what lies in them is', () => {
    touch('train/cat/1.png', 'train/dog/2.png', 'val/cat/3.png', 'test/dog/4.png')
    const { items, task } = read()
    expect(task).toBe('classify')
    expect(items.map(({ labels, fields }) => [labels[0], fields['part']])).toEqual([
      ['dog', 'test'],
      ['cat', 'train'],
      ['dog', 'train'],
      ['cat', 'validation'],
    ])
  })

  it('hold texts when their images lie in them directly', () => {
    touch('train/AB1.png', 'test/C2.png')
    const { items, task } = read()
    expect(task).toBe('read')
    expect(items.map(({ labels, fields }) => [labels[0], fields['part']])).toEqual([
      ['C2', 'test'],
      ['AB1', 'train'],
    ])
  })
})
