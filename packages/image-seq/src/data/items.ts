/**
 * Labelled images from lists of labelled files. Each has one label in normal form C, a text to read or a class. Nothing is decoded.
 * `fields.part` of an item, if present, is its part of the split that comes with the data set: train, validation or test.
 */
import { readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { expected } from '@weft/core/errors'
import { labelOf } from '@weft/core/data'
import type { FileListing, LabelledFile } from '@weft/core/data'
import { IMAGE_EXTENSIONS } from '../image/decode.js'
import type { ImageSource } from '../image/image-source.js'

/** Whether the label of an image is a text to read or a class. */
export type ImageTask = 'read' | 'classify'

/** A labelled image, or labelled frames. */
export interface ImageItem extends LabelledFile {
  readonly source: ImageSource
}

export interface ImageList {
  items: ImageItem[]
  skipped: FileListing['skipped']
  task: ImageTask
}

/** Images from files or, with `frames`, from folders of files; folders without images are skipped. */
export function imagesOf(files: FileListing, task: ImageTask, frames = false): ImageList {
  const items: ImageItem[] = []
  const skipped = [...files.skipped]
  for (const item of files.items) {
    const label = labelOf(item).normalize('NFC').trim()
    if (label === '')
      throw expected({ doing: `reading ${item.path}`, want: 'a text', of: 'its label', got: labelOf(item) })
    const source = frames ? framesIn(item.path) : ({ kind: 'file', path: item.path } as const)
    if (source.kind === 'frames' && source.paths.length === 0)
      skipped.push({ path: item.path, reason: 'the folder holds no images' })
    else items.push({ ...item, labels: [label], source })
  }
  if (items.length === 0)
    throw expected({
      doing: 'reading frames',
      want: `files ending in ${IMAGE_EXTENSIONS.join(', ')}`,
      of: `${files.items.length} folders`,
      got: 'none',
    })
  return { items, skipped, task }
}

/** Compares numbers by value, so that frame 10 comes after frame 9. */
const natural = new Intl.Collator('en', { numeric: true })

/** The images in a folder as frames, in the order of their names. */
export function framesIn(folder: string): Extract<ImageSource, { kind: 'frames' }> {
  const names = readdirSync(folder).filter(isImageName)
  names.sort((a, b) => natural.compare(a, b) || (a < b ? -1 : 1))
  return { kind: 'frames', paths: names.map((name) => join(folder, name)) }
}

/** Whether a file with this name counts as an image. */
export function isImageName(name: string): boolean {
  const extensions: readonly string[] = IMAGE_EXTENSIONS
  return !name.startsWith('.') && extensions.includes(extname(name).toLowerCase())
}
