/**
 * The list of labelled images for `data` and the options. @weft/core reads names and tables; this file decides which layout a folder has,
 * and whether labels are texts or classes. Nothing is decoded.
 */
import { existsSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expected } from '@weft/core/errors'
import { listFiles, readByPattern, readClassFolders, readCsvItems } from '@weft/core/data'
import type { FileOptions } from '@weft/core/data'
import type { DrawOptions } from '@weft/core/app'
import type { PartName } from '@weft/core/options'
import { IMAGE_EXTENSIONS } from './image/decode.js'
import { datasets } from './datasets/index.js'
import { findIdxPairs, readIdxItems } from './data/idx-items.js'
import { imagesOf, isImageName, type ImageList, type ImageTask } from './data/items.js'
import type { ReadingOptions } from './options/data.js'

/** The pattern of file names that are the texts. */
const NAME_IS_TEXT = '{label}'

/**
 * Reads the list of images. The first of these layouts that applies: a public data set by name; a CSV file; file names that follow a
 * pattern; a folder with labels.csv; one with IDX files; one with folders for the parts of a split (train, validation or val, test); one
 * with a folder per class; one whose file names are the texts.
 *
 * @throws UserError for a folder without images, an empty label, and other faults of the data.
 */
export function readImages(data: string, options: ReadingOptions): ImageList {
  const { dataset, frames, pattern, group } = options
  const taskOr = (usual: ImageTask) => (options.task === 'auto' ? usual : options.task)
  if (dataset !== undefined) {
    const list = datasets[dataset].read(data)
    return { ...list, task: taskOr(list.task) }
  }
  const what = statSync(data, { throwIfNoEntry: false })
  if (what?.isFile() && isImageName(basename(data)))
    throw expected({ doing: 'reading images', want: 'a folder or a CSV file', of: 'the data', got: data })
  if (what?.isFile()) return readTable(data, options, taskOr('read'))
  const files = { extensions: IMAGE_EXTENSIONS, folders: frames }
  if (pattern !== undefined) return imagesOf(readByPattern(data, pattern, { ...files, group }), taskOr('read'), frames)
  const table = join(data, 'labels.csv')
  if (existsSync(table)) return readTable(table, options, taskOr('read'))
  const pairs = what?.isDirectory() && !frames ? findIdxPairs(data) : []
  if (pairs.length > 0) {
    const list = readIdxItems(pairs)
    return { ...list, task: taskOr(list.task) }
  }
  const ids = listFiles(data, files)
  if (hasPartFolders(ids)) return readParts(data, ids, files, taskOr, frames)
  const task = taskOr(hasClassFolders(ids) ? 'classify' : 'read')
  return imagesOf(
    task === 'classify' ? readClassFolders(data, files) : readByPattern(data, NAME_IS_TEXT, files),
    task,
    frames,
  )
}

/** Names of folders that are parts of a split. */
const PART_FOLDERS: Readonly<Record<string, PartName>> = {
  train: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  test: 'test',
}

/** Whether every sample is in a folder named after a part. */
function hasPartFolders(ids: readonly string[]): boolean {
  return ids.every((id) => Object.hasOwn(PART_FOLDERS, id.slice(0, Math.max(0, id.indexOf('/')))))
}

/** Reads `part/class/…` or, for texts, `part/text`. */
function readParts(
  data: string,
  ids: readonly string[],
  files: FileOptions,
  taskOr: (usual: ImageTask) => ImageTask,
  frames: boolean,
): ImageList {
  const task = taskOr(ids.every((id) => id.split('/').length > 2) ? 'classify' : 'read')
  const { items, skipped } = readByPattern(data, task === 'classify' ? '{part}/{label}/*' : '{part}/{label}', files)
  const itemsWithPart = items.map((item) => ({
    ...item,
    fields: { ...item.fields, part: PART_FOLDERS[item.fields['part'] ?? ''] ?? 'train' },
  }))
  return imagesOf({ items: itemsWithPart, skipped }, task, frames)
}

function readTable(path: string, options: ReadingOptions, task: ImageTask): ImageList {
  const { root, fileColumn, labelColumn, group, frames } = options
  const columns = { fileColumn, labelColumn, groupColumn: group }
  return imagesOf(readCsvItems(path, { root, ...columns, folders: frames }), task, frames)
}

/** Whether all samples are in folders, of which there are at least two. */
function hasClassFolders(ids: readonly string[]): boolean {
  const folders = new Set(ids.map((id) => (id.includes('/') ? id.slice(0, id.indexOf('/')) : '')))
  return !folders.has('') && folders.size > 1
}

/** How parts are drawn: with whole groups together, otherwise stratified for classes and at random for texts. */
export function drawing(seed: number, { group }: Pick<ReadingOptions, 'group'>, task: ImageTask): DrawOptions {
  return { seed, byGroup: group !== undefined, stratified: task === 'classify' }
}
