/**
 * Labelled images, made of the labelled files that core's lists found. A label is here one text in normal form C, whether it will be read
 * or is a class. Nothing is decoded. `fields.part` of an item, where there is one, is its part of the data set's own split: train,
 * validation or test.
 */
import { readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { expected } from '@weft/core/errors'
import { labelOf } from '@weft/core/data'
import type { FoundFiles, LabelledFile } from '@weft/core/data'
import { IMAGE_EXTENSIONS } from '../image/decode.js'
import type { ImageSource } from '../image/image-source.js'

/** Whether an image's label is a text to be read from it, or the class that it is of. */
export type ImageTask = 'read' | 'classify'

/** A labelled image, or labelled frames. */
export interface ImageItem extends LabelledFile {
  readonly source: ImageSource
}

export interface ImageList {
  items: ImageItem[]
  skipped: FoundFiles['skipped']
  task: ImageTask
}

/** Gives files, or with `frames` folders of files, their sources; folders without images are skipped. */
export function imagesOf({ items, skipped }: FoundFiles, task: ImageTask, frames = false): ImageList {
  const found: ImageList = { items: [], skipped: [...skipped], task }
  for (const item of items) {
    const label = labelOf(item).normalize('NFC').trim()
    if (label === '')
      throw expected({ doing: `reading ${item.path}`, want: 'a text', of: 'its label', got: labelOf(item) })
    const source = frames ? framesIn(item.path) : ({ kind: 'file', path: item.path } as const)
    if (source.kind === 'frames' && source.paths.length === 0)
      found.skipped.push({ path: item.path, reason: 'the folder holds no images' })
    else found.items.push({ ...item, labels: [label], source })
  }
  if (found.items.length === 0)
    throw expected({
      doing: 'reading frames',
      want: `files ending in ${IMAGE_EXTENSIONS.join(', ')}`,
      of: `${items.length} folders`,
      got: 'none',
    })
  return found
}

/** Numbers by value, so that frame 10 comes after frame 9. */
const natural = new Intl.Collator('en', { numeric: true })

export function framesIn(folder: string): Extract<ImageSource, { kind: 'frames' }> {
  const names = readdirSync(folder).filter(isImageName)
  names.sort((a, b) => natural.compare(a, b) || (a < b ? -1 : 1))
  return { kind: 'frames', paths: names.map((name) => join(folder, name)) }
}

/** Whether a file of this name is taken for an image. */
export function isImageName(name: string): boolean {
  const extensions: readonly string[] = IMAGE_EXTENSIONS
  return !name.startsWith('.') && extensions.includes(extname(name).toLowerCase())
}
