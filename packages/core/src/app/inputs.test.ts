import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../errors.js'
import { namedFiles, refuseSkipped, skippedFile } from './inputs.js'

let folder = ''
const at = (...names: string[]) => join(folder, ...names)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-inputs-'))
  mkdirSync(at('b', 'deep'), { recursive: true })
  for (const name of ['z.wav', 'b/2.WAV', 'b/1.wav', 'b/notes.txt', 'b/.hidden.wav', 'b/deep/3.wav'])
    writeFileSync(at(name), '')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('namedFiles', () => {
  it('takes files as they are named and sounds of folders, in order', () => {
    const named = namedFiles([at('z.wav'), at('b'), at('b', 'notes.txt')], ['.wav'], 'sound')
    expect(named).toEqual([
      at('z.wav'),
      at('b', '1.wav'),
      at('b', '2.WAV'),
      at('b', 'deep', '3.wav'),
      at('b', 'notes.txt'),
    ])
  })

  it('says when there is nothing, or nothing of that name', () => {
    expect(() => namedFiles([at('b')], ['.png'], 'image')).toThrow('expected at least 1 image for FILES')
    expect(() => namedFiles([at('none')], ['.wav'], 'sound')).toThrow('expected a file or folder for FILES')
  })
})

it('leaves out only what a user can mend', () => {
  const mistake = new TypeError('ours')
  expect(skippedFile('a', new UserError('it is empty'))).toEqual({ path: 'a', reason: 'it is empty' })
  expect(skippedFile('a', new UserError('it is empty', 'Record it.'))).toEqual({
    path: 'a',
    reason: 'it is empty. Record it.',
  })
  expect(() => skippedFile('a', mistake)).toThrow(mistake)
})

it('refuses files that were left out, when strict', () => {
  const skipped = [{ path: 'a.png', reason: 'it is empty' }]
  refuseSkipped(skipped, { strict: false, data: 'data' })
  refuseSkipped([], { strict: true, data: 'data' })
  expect(() => refuseSkipped(skipped, { strict: true, data: 'data' })).toThrow('reading data: a.png: it is empty')
})
