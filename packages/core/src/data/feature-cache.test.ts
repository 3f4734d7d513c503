import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FeatureCache, featureKey } from './feature-cache.js'
import { WorkerPool } from './worker-pool.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'feature-cache-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const features = (size: number, first = 0) => ({
  data: Float32Array.from({ length: size }, (_, i) => first + i / 3),
  shape: [size],
})
const key = (name: string) => featureKey(name, {})
const pathOf = (name: string) => join(folder, key(name).slice(0, 2), `${key(name)}.f32`)

describe('featureKey', () => {
  it('depends on the content and on each option, not on the order of options', () => {
    const base = featureKey('content', { hopMs: 10, bands: { low: 20, high: 8000 } })
    expect(base).toMatch(/^[0-9a-f]{40}$/)
    expect(featureKey('content', { bands: { high: 8000, low: 20 }, hopMs: 10 })).toBe(base)
    expect(featureKey(Buffer.from('content'), { hopMs: 10, bands: { low: 20, high: 8000 } })).toBe(base)
    expect(featureKey('Content', { hopMs: 10, bands: { low: 20, high: 8000 } })).not.toBe(base)
    expect(featureKey('content', { hopMs: 10, bands: { low: 20, high: 8001 } })).not.toBe(base)
  })
})

describe('a feature cache', () => {
  it('gives back what was stored, also from a part of a buffer and of rank 0', async () => {
    const cache = new FeatureCache(folder)
    const part = { data: features(10).data.subarray(2, 8), shape: [2, 3] }
    expect(cache.read(key('a'))).toBeUndefined()
    expect(await cache.getOrCompute(key('a'), () => part)).toBe(part)
    const again = await new FeatureCache(folder).getOrCompute(key('a'), () => {
      throw new Error('it is known')
    })
    expect(again).toEqual({ data: part.data.slice(), shape: [2, 3] })
    cache.write(key('b'), { data: Float32Array.of(4), shape: [] })
    expect(cache.read(key('b'))).toEqual({ data: Float32Array.of(4), shape: [] })
    expect(cache.statistics).toMatchObject({ hits: 1, misses: 2, damaged: 0, failedWrites: 0 })
    expect(cache.describe().entries).toBe(2)
    expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.tmp'))).toEqual([])
  })

  it.each([
    ['cut off', (path: string) => truncateSync(path, 100)],
    ['empty', (path: string) => truncateSync(path, 0)],
    ['too long', (path: string) => writeFileSync(path, 'x', { flag: 'a' })],
    [
      'changed in one bit',
      (path: string) => {
        const bytes = readFileSync(path)
        bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1
        writeFileSync(path, bytes)
      },
    ],
    [
      'of another shape',
      (path: string) => {
        const bytes = readFileSync(path)
        bytes.writeUInt32LE(2, 8)
        bytes.writeUInt32LE(5, 12)
        bytes.writeUInt32LE(10, 16)
        writeFileSync(path, bytes)
      },
    ],
  ])('computes an entry again that is %s', async (_, damage) => {
    const cache = new FeatureCache(folder)
    cache.write(key('a'), features(50))
    damage(pathOf('a'))
    expect(await cache.getOrCompute(key('a'), () => features(50, 7))).toEqual(features(50, 7))
    expect(cache.statistics.damaged).toBe(1)
    expect(cache.read(key('a'))).toEqual(features(50, 7))
  })

  it('goes on when it cannot write, and says so', async () => {
    const blocked = join(folder, 'file')
    writeFileSync(blocked, 'not a folder')
    const cache = new FeatureCache(join(blocked, 'cache'))
    expect(await cache.getOrCompute(key('a'), () => features(3))).toEqual(features(3))
    expect(cache.statistics.failedWrites).toBe(1)
    expect(cache.statistics.lastFailure).toMatch(/ENOTDIR|EEXIST|ENOENT/)
  })

  it('keeps its bound, deleting what was unused for longest', () => {
    const bytes = 64 + 400
    const cache = new FeatureCache(folder, { maxBytes: 10 * bytes })
    for (let i = 0; i < 10; i++) {
      cache.write(key(`${i}`), features(100))
      utimesSync(pathOf(`${i}`), 1000 + i, 1000 + i)
    }
    expect(cache.read(key('0'))).toBeDefined()
    cache.write(key('new'), features(100))
    expect(cache.describe()).toEqual({ entries: 10, bytes: 10 * bytes })
    expect(existsSync(pathOf('0'))).toBe(true)
    expect(existsSync(pathOf('1'))).toBe(false)
  })

  it('clears its entries and old remains of writers, and nothing else', () => {
    const cache = new FeatureCache(folder)
    cache.write(key('a'), features(3))
    const mine = join(folder, 'notes.txt')
    writeFileSync(mine, 'keep')
    const remains = `${pathOf('b')}.1.0.0.tmp`
    cache.write(key('b'), features(3))
    writeFileSync(remains, 'half')
    utimesSync(remains, 1, 1)
    cache.prune(Infinity)
    expect(existsSync(remains)).toBe(false)
    expect(cache.describe().entries).toBe(2)
    cache.clear()
    expect(cache.describe()).toEqual({ entries: 0, bytes: 0 })
    expect(existsSync(mine)).toBe(true)
  })

  it('is safe when several threads write the same keys', async () => {
    const module = new URL('./fixtures/cache-worker.mjs', import.meta.url)
    const pool = new WorkerPool<{ names: string[] }, number, { folder: string }>({
      module,
      data: { folder },
      size: 3,
      depth: 1,
    })
    const names = Array.from({ length: 20 }, (_, i) => `item ${i}`)
    const wrong = await Promise.all(Array.from({ length: 6 }, () => pool.run({ names })))
    await pool.close()
    expect(wrong).toEqual([0, 0, 0, 0, 0, 0])
    expect(new FeatureCache(folder).describe().entries).toBe(20)
  })

  it('names what is wrong with its arguments', () => {
    const cache = new FeatureCache(folder)
    expect(() => cache.read('../../etc/passwd')).toThrow('looking up features: expected a key made by featureKey')
    expect(() => cache.write(key('a'), { data: new Float32Array(3), shape: [2] })).toThrow(
      'expected 2 values for shape [2]',
    )
    expect(() => new FeatureCache(folder, { maxBytes: 0 })).toThrow('for maxBytes, received 0')
  })
})
