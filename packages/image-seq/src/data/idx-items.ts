/**
 * Labelled images of a folder of IDX files, as MNIST and the sets that follow its layout have them: a file of images and one of labels
 * for each part of the split. The files are read once to check them; the pixels are fetched again when they are needed.
 */
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { expected, reasonOf, UserError } from '@weft/core/errors'
import { readIdxImages, readIdxLabels } from '../image/idx.js'
import type { ImageList, ImageItem } from './items.js'

/** Beginnings of the file names, and the parts of the split that they stand for. */
const IDX_PARTS = [
  ['train', 'train'],
  ['t10k', 'test'],
] as const

/** A pair of IDX files, and the part of the split that it is. */
export interface IdxPair {
  readonly images: string
  readonly labels: string
  readonly part: 'train' | 'test'
}

/**
 * The IDX files of a folder by their usual names, such as train-images-idx3-ubyte.gz; none when the folder has none. Of a file and its
 * compressed copy the plain one is taken.
 *
 * @throws UserError for images without labels and labels without images.
 */
export function findIdxPairs(folder: string): IdxPair[] {
  const names = namesIn(folder)
  return IDX_PARTS.flatMap(([start, part]): IdxPair[] => {
    const find = (content: string) => names.find((name) => new RegExp(`^${start}-${content}-ubyte(\\.gz)?$`).test(name))
    const [images, labels] = [find('images[-.]idx3'), find('labels[-.]idx1')]
    if (images === undefined && labels === undefined) return []
    if (images === undefined || labels === undefined) {
      const lacking = images === undefined ? `${start}-images-idx3-ubyte` : `${start}-labels-idx1-ubyte`
      throw expected({
        doing: `reading ${folder}`,
        want: `${lacking} or ${lacking}.gz`,
        of: images ?? labels ?? '',
        got: 'no such file',
      })
    }
    return [{ images: resolve(folder, images), labels: resolve(folder, labels), part }]
  })
}

/** Sorted, so that a plain file comes before its compressed copy. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    throw new UserError(`reading ${folder}: ${reasonOf(error)}`)
  }
}

/**
 * The labels of a pair of IDX files.
 *
 * @throws UserError when there are not as many labels as images.
 */
export function readIdxPair({ images, labels }: IdxPair): Uint8Array {
  const { count } = readIdxImages(images)
  const values = readIdxLabels(labels)
  if (values.length !== count)
    throw expected({
      doing: `reading ${labels}`,
      want: `${count}, as many as images in ${images},`,
      of: 'labels',
      got: values.length,
    })
  return values
}

/** The images of pairs of IDX files as items to classify. */
export function readIdxItems(pairs: readonly IdxPair[]): ImageList {
  const items = pairs.flatMap((pair) => {
    const fields = { part: pair.part }
    return Array.from(readIdxPair(pair), (label, index): ImageItem => {
      const source = { kind: 'idx', path: pair.images, index } as const
      return { id: `${pair.part}/${index}`, path: pair.images, labels: [String(label)], fields, source }
    })
  })
  return { items, skipped: [], task: 'classify' }
}
