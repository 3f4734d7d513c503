import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compilePattern, readByPattern, readClassFolders, readCsvItems, type FileListing } from './read-items.js'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'read-items-'))
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

function make(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), '')
  }
}

function csv(...lines: string[]): string {
  const path = join(root, 'labels.csv')
  writeFileSync(path, lines.join('\n'))
  return path
}

const summary = (found: FileListing) => found.items.map((item) => `${item.id}=${item.labels.join('+')}`)
const WAV = { extensions: ['.wav'] }

describe('a folder per class', () => {
  it('labels by the first folder, at any depth, in order, and says what it skips', () => {
    make('dog/b.wav', 'dog/a.WAV', 'cat/deep/c.wav', 'cat/notes.txt', 'stray.wav', '.hidden/x.wav', 'empty/readme.md')
    const found = readClassFolders(root, WAV)
    expect(summary(found)).toEqual(['cat/deep/c.wav=cat', 'dog/a.WAV=dog', 'dog/b.wav=dog'])
    expect(found.items[0]?.path).toBe(join(root, 'cat/deep/c.wav'))
    expect(found.skipped.map((skip) => [skip.path.slice(root.length + 1), skip.reason])).toEqual([
      ['stray.wav', 'it lies beside the class folders, not in one'],
      ['empty', 'the class folder holds no such files'],
    ])
  })

  it('takes the folders that hold the files for samples', () => {
    make('run/ann v1.2/0.png', 'run/ann v1.2/1.png', 'run/bob/deep/0.png', 'walk/notes.txt', 'stray/0.png', '0.png')
    const found = readClassFolders(root, { extensions: ['.png'], folders: true })
    expect(summary(found)).toEqual(['run/ann v1.2=run', 'run/bob/deep=run'])
    expect(found.skipped[0]).toEqual({
      path: join(root, 'stray'),
      reason: 'it lies beside the class folders, not in one',
    })
    const named = readByPattern(root, '{label}/{person}', { extensions: ['.png'], folders: true, group: 'person' })
    expect(named.items.map(({ id, group }) => [id, group])).toEqual([['run/ann v1.2', 'ann v1.2']])
    expect(() => readClassFolders(join(root, 'run/bob/deep'), { extensions: ['.png'], folders: true })).toThrow(
      /expected folders of files ending in \.png in .*deep, received none/,
    )
  })

  it('follows links, but not into itself', () => {
    make('data/dog/a.wav', 'elsewhere/b.wav')
    symlinkSync(join(root, 'elsewhere'), join(root, 'data/cat'), 'junction')
    symlinkSync(join(root, 'data'), join(root, 'data/dog/again'), 'junction')
    expect(summary(readClassFolders(join(root, 'data'), WAV))).toEqual(['cat/b.wav=cat', 'dog/a.wav=dog'])
  })

  it('names what is missing', () => {
    expect(() => readClassFolders(join(root, 'none'))).toThrow(/reading .*none: there is no such file or folder$/)
    expect(() => readClassFolders(root, WAV)).toThrow('expected files ending in .wav in')
    make('a.wav')
    expect(() => readClassFolders(root, WAV)).toThrow('expected a folder for each class')
    expect(() => readClassFolders(join(root, 'a.wav'))).toThrow('expected a folder for the data')
  })
})

describe('file names by a pattern', () => {
  it('give label, group, fold and fields; others are skipped', () => {
    make('0_ann_3.wav', 'sub/1_bob_0.wav', 'notes.wav', 'readme.md')
    const found = readByPattern(root, '{label}_{speaker}_{take}.wav', { ...WAV, group: 'speaker', fold: 'take' })
    expect(found.items).toMatchObject([
      { id: '0_ann_3.wav', labels: ['0'], group: 'ann', fold: '3', fields: { label: '0', speaker: 'ann', take: '3' } },
      { id: 'sub/1_bob_0.wav', labels: ['1'], group: 'bob', fold: '0' },
    ])
    expect(found.skipped).toEqual([
      { path: join(root, 'notes.wav'), reason: 'its name does not match {label}_{speaker}_{take}.wav' },
    ])
  })

  it.each([
    ['{label}_{speaker}_{take}.wav', '7_jackson_32.wav', { label: '7', speaker: 'jackson', take: '32' }],
    ['{label}_{rest}.wav', 'a_b_c.wav', { label: 'a', rest: 'b_c' }],
    ['{fold}-*-{label}.ogg', '1-100032-A-0.ogg', { fold: '1', label: 'A-0' }],
    ['{speaker}/{label}', 'ann/yes.flac', { speaker: 'ann', label: 'yes' }],
    ['x(1)+{label}.wav', 'x(1)+a.wav', { label: 'a' }],
    ['{label}.wav', 'a.mp3', undefined],
    ['{label}.wav', 'a/b.wav', undefined],
  ])('%s on %s', (pattern, name, wanted) => {
    const groups = compilePattern(pattern).expression.exec(name)?.groups
    expect(groups && { ...groups }).toEqual(wanted)
  })

  it('errors give examples', () => {
    make('a.wav', 'b.wav')
    expect(() => readByPattern(root, '{label}_{take}.wav')).toThrow('received "2 that do not match: a.wav, b.wav"')
    expect(() => readByPattern(root, '{take}.wav')).toThrow('expected a part {label} for the pattern')
    expect(() => readByPattern(root, '{label}{take}.wav')).toThrow('expected a character between two parts')
    expect(() => readByPattern(root, '{label}_{label}.wav')).toThrow('expected different parts')
    expect(() => readByPattern(root, '{label}_{1}.wav')).toThrow('expected a word for a part in braces, received "1"')
    expect(() => readByPattern(root, '{label}.wav', { group: 'speaker' })).toThrow('expected one of label for group')
  })
})

describe('a CSV of files and labels', () => {
  it('gives labels, folds, groups and all columns; missing files are skipped with their row', () => {
    make('audio/1.wav', 'audio/2.wav')
    const path = csv(
      '\uFEFFfilename;category;fold;speaker',
      'audio/1.wav;dog;1;ann',
      '"audio\\2.wav";"cat; big";2;bob',
      'no.wav;x;1;c',
    )
    const found = readCsvItems(path)
    expect(found.items).toMatchObject([
      { id: 'audio/1.wav', path: join(root, 'audio/1.wav'), labels: ['dog'], fold: '1', group: 'ann' },
      { id: 'audio/2.wav', labels: ['cat; big'], fold: '2', fields: { speaker: 'bob' } },
    ])
    expect(found.skipped).toEqual([
      { path: join(root, 'no.wav'), reason: 'row 4 of labels.csv names it, but there is no such file' },
    ])
  })

  it('takes several labels, other columns, another folder', () => {
    make('audio/1.wav')
    const path = csv('name,tags', '1.wav,rain | dog|rain')
    const options = { root: join(root, 'audio'), fileColumn: 'name', labelColumn: 'tags', labelSeparator: '|' }
    expect(readCsvItems(path, options).items[0]?.labels).toEqual(['rain', 'dog'])
  })

  it.each([
    [
      ['file,label', 'a.wav,x', 'a.wav,y'],
      'labels.csv, row 3: expected different files for column "file", received "a.wav, as in row 2"',
    ],
    [
      ['file,label', 'a.wav,x', '', 'b.wav,'],
      'labels.csv, row 4 (b.wav): expected a value for column "label", received ""',
    ],
    [['file,label', 'a.wav,x', 'b.wav'], 'labels.csv, row 3: expected 2 cells, one for each column, received 1'],
    [['file,label', 'a.wav,x,y'], 'labels.csv, row 2: expected 2 cells, one for each column, received 3'],
    [['file,label', ',x'], 'labels.csv, row 2: expected a value for column "file", received ""'],
    [['file,label', 'a.wav,"x'], /labels\.csv: .*Quote Not Closed.*line 2/],
    [['name,label', 'a.wav,x'], 'expected columns "file" and "label" for the header, received "name, label"'],
    [['file,label'], 'expected at least 1 for rows below the header, received 0'],
    [['file,label', 'none.wav,x'], 'expected files that exist for column "file"'],
  ])('errors, case %#', (lines, message) => {
    make('a.wav', 'b.wav')
    expect(() => readCsvItems(csv(...lines))).toThrow(message)
  })

  it('finds the one folder that holds the files', () => {
    make('images/1.png', 'images/2.png', 'other/3.png', '.hidden/1.png')
    const path = csv('file,label', 'none.png,c', '2.png,b', '1.png,a')
    const found = readCsvItems(path)
    expect(found.items).toMatchObject([
      { id: '2.png', path: join(root, 'images/2.png'), labels: ['b'] },
      { id: '1.png', path: join(root, 'images/1.png'), labels: ['a'] },
    ])
    expect(found.skipped.map((skip) => skip.path)).toEqual([join(root, 'images/none.png')])
    make('other/1.png')
    expect(() => readCsvItems(path)).toThrow('expected files that exist for column "file"')
    expect(readCsvItems(path, { root: join(root, 'other') }).items).toHaveLength(1)
    make('1.png')
    expect(readCsvItems(path).items[0]?.path).toBe(join(root, '1.png'))
  })

  it('takes folders for samples', () => {
    make('frames/a/0.png', 'frames/b.png', 'c/0.png')
    const path = csv('file,label', 'a,x', 'b.png,y')
    const found = readCsvItems(path, { folders: true })
    expect(found.items).toMatchObject([{ id: 'a', path: join(root, 'frames/a'), labels: ['x'] }])
    expect(found.skipped[0]?.reason).toBe('row 3 of labels.csv names it, but there is no such folder')
    expect(() => readCsvItems(csv('file,label', 'b.png,y'), { folders: true })).toThrow('expected folders that exist')
  })

  it('suggests the column that was meant', () => {
    make('a.wav')
    const path = csv('file,label', 'a.wav,x')
    expect(() => readCsvItems(path, { labelColumn: 'lable' })).toThrow(
      expect.objectContaining({ hint: 'Did you mean label?' }),
    )
    expect(() => readCsvItems(join(root, 'none.csv'))).toThrow(/none\.csv: there is no such file or folder$/)
  })
})
