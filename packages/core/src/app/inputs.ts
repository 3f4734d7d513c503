/**
 * The files that a command names to be judged, and what becomes of files that cannot be used. How labelled files are found, which come
 * with a data set, is data/read-items.ts's.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow } from '../data/read-items.js'
import { expected, UserError } from '../errors.js'
import type { RuntimeReport } from '../runtime/device.js'

/** A file that is not used, and why. */
export interface SkippedFile {
  readonly path: string
  readonly reason: string
}

/** The answers for a list of files. */
export interface Predictions<Prediction> {
  readonly predictions: readonly Prediction[]
  readonly skipped: readonly SkippedFile[]
  readonly runtime: RuntimeReport
}

/** Whether it is a folder. @throws UserError when there is neither a file nor a folder of this name. */
export function isFolder(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined)
    throw expected({
      doing: 'predicting',
      want: 'a file or folder',
      of: 'FILES',
      got: path,
      hint: 'There is none of this name.',
    })
  return stat.isDirectory()
}

/**
 * Files by their own names, and all with these endings in folders and below them; hidden ones only when they are named.
 *
 * @param paths Files and folders.
 * @param noun What one of them holds, such as `sound`.
 * @throws UserError when there is none.
 */
export function namedFiles(paths: readonly string[], extensions: readonly string[], noun: string): string[] {
  const files = paths.flatMap((path) =>
    isFolder(path) ? filesBelow(path, extensions).map((name) => join(path, name)) : [path],
  )
  if (files.length === 0)
    throw expected({
      doing: 'looking for files',
      want: `at least 1 ${noun}`,
      of: 'FILES',
      got: paths.join(', ') || 'none',
    })
  return files
}

/** A file that an error leaves out. @throws the error itself when it is none that a user can mend. */
export function skippedFile(path: string, error: unknown): SkippedFile {
  if (!(error instanceof UserError)) throw error
  const { message, hint } = error
  return { path, reason: hint === undefined ? message : `${message}. ${hint}` }
}

/** With `strict`, a file that was skipped while the list was read is an error. */
export function refuseSkipped(
  skipped: readonly SkippedFile[],
  { strict, data }: { readonly strict: boolean; readonly data: string },
): void {
  const [first] = skipped
  if (!strict || first === undefined) return
  throw new UserError(
    `reading ${data}: ${first.path}: ${first.reason}`,
    'Without --strict such files are skipped and counted.',
  )
}
