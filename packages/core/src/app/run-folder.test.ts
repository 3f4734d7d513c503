import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRunFolder, readRunOptions } from './run-folder.js'

const record = { options: { epochs: 3, seed: 1 }, versions: { weft: '0.1.0' }, device: 'native' }

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weft-run-'))
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

describe('openRunFolder', () => {
  it('begins a run in a folder that is missing or empty', () => {
    for (const dir of [root, join(root, 'a', 'b')]) {
      if (dir === root) rmSync(root, { recursive: true })
      const folder = openRunFolder(dir, record)
      expect(folder.model).toBe(join(dir, 'model'))
      expect(readRunOptions(dir)).toEqual(record.options)
    }
  })

  it('writes over nothing', () => {
    writeFileSync(join(root, 'thesis.txt'), 'months of work')
    expect(() => openRunFolder(root, record)).toThrow(
      `beginning a run: expected a new or empty folder for out, received ${root}, which holds thesis.txt`,
    )
    expect(readFileSync(join(root, 'thesis.txt'), 'utf8')).toBe('months of work')
  })

  it('goes on with a run under the options that it began with', () => {
    openRunFolder(root, record)
    openRunFolder(root, { ...record, options: { epochs: 99 } }, true)
    expect(readRunOptions(root)).toEqual(record.options)
  })

  it('says where there is no run, and that a file is no folder', () => {
    expect(() => readRunOptions(root)).toThrow(`reading the run in ${root}: expected its options.json`)
    const file = join(root, 'file')
    writeFileSync(file, '')
    expect(() => openRunFolder(file, record)).toThrow(`beginning a run in ${file}: it is a file; a folder was expected`)
  })
})
