/**
 * Checkpoint files: a folder with the newest and the one before it, each a single file written atomically, so that a process can be
 * killed at any moment. A file holds a JSON head, arrays bit for bit, and a SHA-256 of both; instead of one that was cut or changed,
 * the one before it is used, with a message. What a run stores in them is in `run-state.ts`.
 *
 * Layout: `WEFTCKP1` · length of the head (u32, little-endian) · head (JSON) · arrays, each at a multiple of 8 · SHA-256 of the rest.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.js'
import { writeFileAtomic } from '../files.js'
import type { Json } from './callbacks.js'
import type { Values } from './weights.js'

const MAGIC = 'WEFTCKP1'
const SUM_BYTES = 32
const PREFIX_BYTES = 12

/** Content of a checkpoint: JSON and named arrays. */
export interface CheckpointContent {
  state: { [key: string]: Json }
  arrays: Map<string, Values>
}

const align = (bytes: number) => Math.ceil(bytes / 8) * 8

/** The bytes of a checkpoint file. */
export function encodeCheckpoint(content: CheckpointContent): Uint8Array {
  const arrays = [...content.arrays].map(([name, values]) => ({
    name,
    type: values instanceof Int32Array ? 'int32' : 'float32',
    length: values.length,
  }))
  const head = Buffer.from(JSON.stringify({ state: content.state, arrays }))
  const start = align(PREFIX_BYTES + head.length)
  const total = arrays.reduce((bytes, { length }) => bytes + align(4 * length), start)
  const file = Buffer.alloc(total + SUM_BYTES)
  file.write(MAGIC, 'latin1')
  file.writeUInt32LE(head.length, MAGIC.length)
  head.copy(file, PREFIX_BYTES)
  let at = start
  for (const values of content.arrays.values()) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at)
    at += align(values.byteLength)
  }
  createHash('sha256').update(file.subarray(0, total)).digest().copy(file, total)
  return file
}

/**
 * Reads what `encodeCheckpoint` wrote.
 *
 * @param path The file's path, for the error message.
 * @throws UserError when the bytes are not a whole checkpoint.
 */
export function decodeCheckpoint(file: Uint8Array, path: string): CheckpointContent {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  if (bytes.subarray(0, MAGIC.length).toString('latin1') !== MAGIC.slice(0, bytes.length))
    throw damageError(path, 'a checkpoint file', 'other content')
  const total = bytes.length - SUM_BYTES
  const whole =
    total >= PREFIX_BYTES &&
    createHash('sha256').update(bytes.subarray(0, total)).digest().equals(bytes.subarray(total))
  if (!whole)
    throw damageError(path, 'a whole file', `${bytes.length} bytes whose checksum does not match (cut or changed)`)
  const headLength = bytes.readUInt32LE(MAGIC.length)
  const head: { state: { [key: string]: Json }; arrays: { name: string; type: string; length: number }[] } = JSON.parse(
    bytes.toString('utf8', PREFIX_BYTES, PREFIX_BYTES + headLength),
  )
  const arrays = new Map<string, Values>()
  let at = align(PREFIX_BYTES + headLength)
  for (const { name, type, length } of head.arrays) {
    const data = Uint8Array.from(bytes.subarray(at, at + 4 * length)).buffer
    arrays.set(name, type === 'int32' ? new Int32Array(data) : new Float32Array(data))
    at += align(4 * length)
  }
  return { state: head.state, arrays }
}

function damageError(path: string, want: string, got: string): UserError {
  return new UserError(
    `reading checkpoint ${path}: expected ${want}, received ${got}`,
    'delete this file to continue from the checkpoint before it, or start again in another folder',
  )
}

/** The checkpoint that a run resumes from. */
export interface LoadedCheckpoint {
  path: string
  content: CheckpointContent
  /** Error messages of newer files that could not be read. */
  skipped: string[]
}

/** A folder of checkpoints, named by the number of batches trained on. */
export class CheckpointFolder {
  readonly dir: string
  readonly #keep: number
  readonly #write: (path: string, data: Uint8Array) => void

  /**
   * @param options.keep How many files are kept. Default: 2, the newest and one to fall back on.
   * @param options.write Writes a file. Default: atomically.
   */
  constructor(dir: string, options: { keep?: number; write?: (path: string, data: Uint8Array) => void } = {}) {
    this.dir = dir
    this.#keep = options.keep ?? 2
    this.#write = options.write ?? writeFileAtomic
  }

  /** Paths of the checkpoints, oldest first. */
  list(): string[] {
    if (!existsSync(this.dir)) return []
    const names = readdirSync(this.dir).filter((name) => /^checkpoint-\d+\.weft$/.test(name))
    return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => join(this.dir, name))
  }

  /** Writes a checkpoint, then removes older ones and half-written files of killed processes. */
  save(batches: number, content: CheckpointContent): string {
    const path = join(this.dir, `checkpoint-${String(batches).padStart(10, '0')}.weft`)
    this.#write(path, encodeCheckpoint(content))
    for (const old of this.list().slice(0, -this.#keep)) rmSync(old, { force: true })
    for (const name of readdirSync(this.dir)) if (name.endsWith('.tmp')) rmSync(join(this.dir, name), { force: true })
    return path
  }

  /**
   * The newest checkpoint that can be read; undefined when there are no files.
   *
   * @throws UserError when no file can be read; it names each.
   */
  load(): LoadedCheckpoint | undefined {
    const skipped: string[] = []
    const paths = this.list()
    for (const path of paths.toReversed()) {
      try {
        return { path, content: decodeCheckpoint(readFileSync(path), path), skipped }
      } catch (error) {
        skipped.push(error instanceof Error ? error.message : String(error))
      }
    }
    if (paths.length === 0) return undefined
    throw new UserError(skipped.join('\n'), 'no checkpoint here can be read: start again in another folder')
  }
}
