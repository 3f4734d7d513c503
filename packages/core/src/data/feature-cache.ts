/**
 * Features on disk, so that a second run does not compute them again. A key is a hash of the content and of the options behind the
 * features: a renamed file has the same entry, a changed option has a new one.
 *
 * Each entry is a small file with a checksum in its header, written under a temporary name and renamed: any number of workers and
 * processes may write the same key. Nothing is flushed to disk, which would cost seconds for thousands of clips; an entry that a
 * crash has damaged fails its checksum and is computed again. The cache is a convenience: if it cannot be written (full disk, no
 * permission), work goes on without it, and `statistics` says so.
 */
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { expected } from '../errors.js'
import { sizeOf } from './pad.js'

/** An array in the cache. */
export interface CachedArray {
  data: Float32Array
  shape: readonly number[]
}

/** Counts of this object; other workers and processes have their own. */
export interface CacheStatistics {
  hits: number
  misses: number
  /** Entries that failed their checksum; each is also a miss. */
  damaged: number
  /** Entries that could not be written. */
  failedWrites: number
  /** Why the last write failed. */
  lastFailure: string | undefined
}

export interface FeatureCacheOptions {
  /**
   * The oldest entries are deleted when the folder holds more bytes than this. Each writer checks after every tenth of it, so
   * several writers can each exceed it by that much. Default: no limit.
   */
  maxBytes?: number
}

const MAGIC = 0x46544657 // "WFTF"
const HEAD_WORDS = 16 // magic, checksum, rank, up to 13 dimensions
const MAX_RANK = HEAD_WORDS - 3
const ENTRY = /^[0-9a-f]{40}\.f32$/
const TEMPORARY = /^[0-9a-f]{40}\.f32\.[\d.]+\.tmp$/
const STALE_MS = 3_600_000

/** JSON with sorted keys, so that equal options give equal text. */
function stableJson(value: unknown): string {
  const ordered = (_: string, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one
  return JSON.stringify(value, ordered) ?? 'undefined'
}

/**
 * The key of features: a hash of the content (the bytes of a file) and of everything that decides which features come of it.
 * Include a version of the code in the options, and raise it when the features change.
 */
export function featureKey(content: Uint8Array | string, options: unknown): string {
  const digest = createHash('sha256').update(stableJson(options)).update('\0').update(content).digest('hex')
  return digest.slice(0, 40)
}

/** Deletes a file if possible. */
function remove(path: string): void {
  try {
    fs.rmSync(path, { force: true })
  } catch {
    // A file that stays costs nothing but space.
  }
}

function checksum(head: Uint32Array, data: Float32Array): number {
  return crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), crc32(head.subarray(2)))
}

/** A folder of features, created at the first write. */
export class FeatureCache {
  readonly folder: string
  readonly statistics: CacheStatistics = { hits: 0, misses: 0, damaged: 0, failedWrites: 0, lastFailure: undefined }
  readonly #maxBytes: number
  /** Bytes written since the size of the folder was last checked; infinite before the first check. */
  #unchecked = Infinity
  #temporaries = 0

  constructor(folder: string, { maxBytes = Infinity }: FeatureCacheOptions = {}) {
    if (!(maxBytes > 0))
      throw expected({
        doing: 'opening a feature cache',
        want: 'a number of bytes above 0',
        of: 'maxBytes',
        got: maxBytes,
      })
    this.folder = folder
    this.#maxBytes = maxBytes
  }

  /** The entry, or if there is none the result of `compute`, which is then stored. */
  async getOrCompute(key: string, compute: () => CachedArray | Promise<CachedArray>): Promise<CachedArray> {
    const entry = this.read(key)
    if (entry) return entry
    const features = await compute()
    this.write(key, features)
    return features
  }

  /** The entry, or undefined if there is none or it is damaged. The caller owns the array. */
  read(key: string): CachedArray | undefined {
    const path = this.#path(key)
    let file: number
    try {
      file = fs.openSync(path, 'r')
    } catch {
      this.statistics.misses++
      return undefined
    }
    try {
      const entry = this.#readEntry(file)
      if (entry) {
        this.statistics.hits++
        if (this.#maxBytes < Infinity) fs.futimesSync(file, new Date(), new Date()) // last used, last deleted
        return entry
      }
    } catch {
      // An entry that cannot be read counts as damaged.
    } finally {
      fs.closeSync(file)
    }
    this.statistics.damaged++
    this.statistics.misses++
    return undefined
  }

  #readEntry(file: number): CachedArray | undefined {
    const head = new Uint32Array(HEAD_WORDS)
    const got = fs.readSync(file, head, 0, head.byteLength, 0)
    const [magic, sum, rank = 0] = head
    if (got !== head.byteLength || magic !== MAGIC || rank > MAX_RANK) return undefined
    const shape = [...head.subarray(3, 3 + rank)]
    const bytes = fs.fstatSync(file).size - head.byteLength
    if (bytes !== sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT) return undefined
    const data = new Float32Array(bytes / Float32Array.BYTES_PER_ELEMENT)
    for (let at = 0; at < bytes;) {
      const more = fs.readSync(file, data, at, bytes - at, head.byteLength + at)
      if (more === 0) return undefined
      at += more
    }
    return checksum(head, data) === sum ? { data, shape } : undefined
  }

  /** Stores an entry; returns false and counts it in `statistics` when that fails. */
  write(key: string, { data, shape }: CachedArray): boolean {
    if (shape.length > MAX_RANK || data.length !== sizeOf(shape)) {
      throw expected({
        doing: 'storing features',
        want: `${sizeOf(shape)} values for shape [${shape.join(', ')}]`,
        of: 'the data',
        got: data.length,
      })
    }
    const head = new Uint32Array(HEAD_WORDS)
    head.set([MAGIC, 0, shape.length, ...shape])
    head[1] = checksum(head, data)
    const path = this.#path(key)
    const temporary = `${path}.${process.pid}.${threadId}.${this.#temporaries++}.tmp`
    try {
      const file = this.#create(temporary)
      try {
        const bytes = fs.writevSync(file, [head, data])
        if (bytes !== head.byteLength + data.byteLength) throw new Error('only part of the file was written')
      } finally {
        fs.closeSync(file)
      }
      fs.renameSync(temporary, path)
    } catch (error) {
      remove(temporary)
      this.statistics.failedWrites++
      this.statistics.lastFailure = error instanceof Error ? error.message : String(error)
      return false
    }
    this.#keepBound(head.byteLength + data.byteLength)
    return true
  }

  #create(path: string): number {
    try {
      return fs.openSync(path, 'wx')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      fs.mkdirSync(join(path, '..'), { recursive: true })
      return fs.openSync(path, 'wx')
    }
  }

  #keepBound(bytes: number): void {
    this.#unchecked += bytes
    if (this.#maxBytes === Infinity || this.#unchecked < this.#maxBytes / 10) return
    this.prune(this.#maxBytes)
    this.#unchecked = 0
  }

  /** Number of entries and their bytes, as they are on disk now. */
  describe(): { entries: number; bytes: number } {
    const entries = this.#list().filter((file) => file.isEntry)
    return { entries: entries.length, bytes: entries.reduce((bytes, file) => bytes + file.bytes, 0) }
  }

  /** Deletes the least recently used entries until at most `maxBytes` are left, and what crashed writers left behind. */
  prune(maxBytes: number): void {
    const files = this.#list()
    const stale = files.filter((file) => !file.isEntry && file.changedMs < Date.now() - STALE_MS)
    const entries = files.filter((file) => file.isEntry).sort((a, b) => b.changedMs - a.changedMs)
    let bytes = 0
    const surplus = entries.filter((file) => (bytes += file.bytes) > maxBytes)
    for (const { path } of [...stale, ...surplus]) remove(path)
  }

  /** Deletes all entries, and nothing else in the folder. */
  clear(): void {
    for (const { path } of this.#list()) remove(path)
  }

  #path(key: string): string {
    if (!/^[0-9a-f]{40}$/.test(key))
      throw expected({ doing: 'looking up features', want: 'a key made by featureKey', of: 'key', got: key })
    return join(this.folder, key.slice(0, 2), `${key}.f32`)
  }

  #list(): { path: string; bytes: number; changedMs: number; isEntry: boolean }[] {
    if (!fs.existsSync(this.folder)) return []
    return fs
      .readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .map((name) => ({ name: name.split(/[\\/]/).at(-1) ?? '', path: join(this.folder, name) }))
      .filter(({ name }) => ENTRY.test(name) || TEMPORARY.test(name))
      .flatMap(({ name, path }) => {
        const stat = fs.statSync(path, { throwIfNoEntry: false }) // another process may have deleted it
        return stat ? [{ path, bytes: stat.size, changedMs: stat.mtimeMs, isEntry: ENTRY.test(name) }] : []
      })
  }
}
