/**
 * The prepared images of a list, made once by worker threads before training begins; holding and re-making them is core's. Nothing is
 * kept on disk: decoding an image takes about as long as reading it back would.
 */
import { type FillOptions, ItemStore } from '@weft/core/app'
import type { ImageTaskMessage, PreparedItem } from './image-worker.js'
import type { ImageItem } from '../data/items.js'
import type { ImageOptions } from '../options/image.js'

export type ImageStore = ItemStore<ImageItem, ImageTaskMessage, PreparedItem, ImageOptions>

/**
 * Decodes and prepares all items.
 *
 * @param check Is told each image; a UserError that it throws leaves the image out.
 * @throws UserError for an image that cannot be used when `strict`, and when none can.
 */
export function prepareImages(
  items: readonly ImageItem[],
  settings: ImageOptions,
  options: FillOptions,
  check?: (item: ImageItem, image: PreparedItem) => void,
): Promise<ImageStore> {
  const spec = {
    module: new URL('./image-worker.js', import.meta.url),
    settings,
    task: ({ source }: ImageItem) => ({ source }),
    bytesOf: ({ pixels }: PreparedItem) => pixels.byteLength,
    lengthOf: ({ frames, width }: PreparedItem) => (frames > 1 ? frames : width),
  }
  return ItemStore.prepare(items, spec, options, check)
}
