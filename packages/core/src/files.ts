/**
 * Reading files, and writing them so that a reader sees the old content or the new one, never half of it: to a temporary name in the same folder,
 * flushed to the disk, then renamed.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { threadId } from 'node:worker_threads'
import { reasonOf, UserError } from './errors.js'

/**
 * The bytes of a file.
 *
 * @throws UserError when it cannot be read, with the reason in plain words.
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new UserError(`reading ${path}: ${reasonOf(error)}`)
  }
}

/** Writes `data` to `path` atomically, making the folder when it is missing. */
export function writeFileAtomic(path: string, data: string | Uint8Array): void {
  // Several threads of this process may write the same file.
  const temporary = `${path}.${process.pid}-${threadId}.tmp`
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data
  try {
    mkdirSync(dirname(path), { recursive: true })
    const file = openSync(temporary, 'w')
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary, { force: true })
    throw new UserError(`writing ${path}: ${reasonOf(error)}`)
  }
}

/** Writes `value` as indented JSON, atomically. */
export function writeJsonAtomic(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** Reads a JSON file; the error names it. The caller checks the shape of what comes back. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UserError(`reading ${path}: ${reasonOf(error)}`)
  }
}
