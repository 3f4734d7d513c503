/**
 * The list of labelled images that `data` and the options describe. How names and tables are read is core's; here it is decided which
 * of the layouts a folder has, and whether labels are texts or classes. Nothing is decoded.
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

/** File names that are the texts. */
const NAMES_ARE_TEXTS = '{label}'

/**
 * Reads the list of images. In this order: a public data set by name; a CSV file; names by a pattern; a folder with labels.csv; one
 * with IDX files; one with folders for the parts of a split (train, validation or val, test); one whose images lie in several folders, a
 * class each; one whose image names are their texts.
 *
 * @throws UserError for a folder without images, a label that is empty, and what the readers of core refuse.
 */
export function readImages(data: string, options: ReadingOptions): ImageList {
  const { dataset, frames, pattern, group } = options
  const taskOr = (usual: ImageTask) => (options.task === 'auto' ? usual : options.task)
  if (dataset !== undefined) {
    const found = datasets[dataset].read(data)
    return { ...found, task: taskOr(found.task) }
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
    const found = readIdxItems(pairs)
    return { ...found, task: taskOr(found.task) }
  }
  const ids = listFiles(data, files)
  if (hasPartFolders(ids)) return readParts(data, ids, files, taskOr, frames)
  const task = taskOr(hasClassFolders(ids) ? 'classify' : 'read')
  return imagesOf(
    task === 'classify' ? readClassFolders(data, files) : readByPattern(data, NAMES_ARE_TEXTS, files),
    task,
    frames,
  )
}

/** Folders that are no classes but parts of a split. */
const PART_FOLDERS: Readonly<Record<string, PartName>> = {
  train: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  test: 'test',
}

/** Whether every sample lies in a folder that is called after a part. */
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
  const divided = items.map((item) => ({
    ...item,
    fields: { ...item.fields, part: PART_FOLDERS[item.fields['part'] ?? ''] ?? 'train' },
  }))
  return imagesOf({ items: divided, skipped }, task, frames)
}

function readTable(path: string, options: ReadingOptions, task: ImageTask): ImageList {
  const { root, fileColumn, labelColumn, group, frames } = options
  const columns = { fileColumn, labelColumn, groupColumn: group }
  return imagesOf(readCsvItems(path, { root, ...columns, folders: frames }), task, frames)
}

/** Whether samples lie in two folders or more and none beside them. */
function hasClassFolders(ids: readonly string[]): boolean {
  const folders = new Set(ids.map((id) => (id.includes('/') ? id.slice(0, id.indexOf('/')) : '')))
  return !folders.has('') && folders.size > 1
}

/** How the parts are drawn: whole groups together, or else of classes the same share of each, of texts at random. */
export function drawing(seed: number, { group }: Pick<ReadingOptions, 'group'>, task: ImageTask): DrawOptions {
  return { seed, byGroup: group !== undefined, stratified: task === 'classify' }
}
