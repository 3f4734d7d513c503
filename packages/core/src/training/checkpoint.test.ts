import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../errors.js'
import { CheckpointFolder, decodeCheckpoint, encodeCheckpoint, type CheckpointContent } from './checkpoint.js'
import type { Values } from './weights.js'

const content = (mark: number): CheckpointContent => ({
  state: { mark, text: 'größe', list: [1, null, 0.1 + 0.2] },
  arrays: new Map<string, Values>([
    ['floats', Float32Array.from([1.5, -0, Number.NaN, 1e-42, Infinity])],
    ['none', new Float32Array()],
    ['ints', Int32Array.from([-7, 2 ** 31 - 1])],
  ]),
})

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weft-checkpoint-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

describe('checkpoint files', () => {
  it('comes back bit for bit', () => {
    const read = decodeCheckpoint(encodeCheckpoint(content(3)), 'x')
    expect(read.state).toEqual(content(3).state)
    expect([...read.arrays.keys()]).toEqual(['floats', 'none', 'ints'])
    for (const [name, values] of content(3).arrays) {
      const decoded = read.arrays.get(name)
      expect(decoded?.constructor).toBe(values.constructor)
      expect(Buffer.from(decoded?.buffer ?? new ArrayBuffer()).equals(Buffer.from(values.buffer))).toBe(true)
    }
  })

  it('is refused when cut anywhere or changed anywhere', () => {
    const whole = encodeCheckpoint(content(3))
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeCheckpoint(whole.subarray(0, length), 'some/file')).toThrow(UserError)
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => decodeCheckpoint(changed, 'some/file')).toThrow('reading checkpoint some/file: expected')
    }
  })

  it('says which file is cut and what to do', () => {
    const half = encodeCheckpoint(content(3)).subarray(0, 100)
    try {
      decodeCheckpoint(half, 'run/checkpoint/a.weft')
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(UserError)
      if (!(error instanceof UserError)) return
      expect(error.message).toBe(
        'reading checkpoint run/checkpoint/a.weft: expected a whole file, received 100 bytes whose checksum does not match (cut or changed)',
      )
      expect(error.hint).toMatch(/delete this file/)
    }
  })
})

describe('CheckpointFolder', () => {
  it('keeps the newest two, in the order of their numbers', () => {
    const folder = new CheckpointFolder(dir)
    expect(folder.load()).toBeUndefined()
    for (const batches of [9, 100, 20_000_000_000]) folder.save(batches, content(batches))
    expect(readdirSync(dir)).toEqual(['checkpoint-0000000100.weft', 'checkpoint-20000000000.weft'])
    expect(folder.load()?.content.state['mark']).toBe(20_000_000_000)
  })

  it('falls back on the one before a damaged one, and says so', () => {
    const folder = new CheckpointFolder(dir)
    folder.save(1, content(1))
    const newest = folder.save(2, content(2))
    writeFileSync(newest, readFileSync(newest).subarray(0, 90))
    const loaded = folder.load()
    expect(loaded?.content.state['mark']).toBe(1)
    expect(loaded?.skipped).toHaveLength(1)
    expect(loaded?.skipped[0]).toContain(newest)
  })

  it('names every file when none can be read', () => {
    const folder = new CheckpointFolder(dir)
    for (const batches of [1, 2]) writeFileSync(folder.save(batches, content(batches)), 'no checkpoint')
    expect(() => folder.load()).toThrow(/checkpoint-0000000002.weft.*\n.*checkpoint-0000000001.weft/)
  })

  it('is not misled by what a killed process left, and removes it at the next write', () => {
    const folder = new CheckpointFolder(dir)
    folder.save(1, content(1))
    writeFileSync(join(dir, 'checkpoint-0000000002.weft.4711.tmp'), encodeCheckpoint(content(2)).subarray(0, 50))
    expect(folder.load()?.content.state['mark']).toBe(1)
    folder.save(2, content(2))
    expect(readdirSync(dir)).toEqual(['checkpoint-0000000001.weft', 'checkpoint-0000000002.weft'])
  })
})
