/**
 * Where the pixels of an image are, and how to fetch them: as bytes of a file to decode, or as pixels. decode.ts and prepare.ts do the
 * rest. Each worker thread has its own `Sources`, so a file with many images is read once per thread.
 */
import { expected, readBytes } from '@weft/core/worker'
import { composeDigits } from './compose-digits.js'
import { readIdxImages, type IdxImages } from './idx.js'
import type { Raster } from './raster.js'

/** Where the pixels of an item are; plain data, so that it can be sent to another thread. */
export type ImageSource =
  /** A file of one image. */
  | { readonly kind: 'file'; readonly path: string }
  /** Files that are the frames of one sample, in order. */
  | { readonly kind: 'frames'; readonly paths: readonly string[] }
  /** An image of an IDX file, counted from 0. */
  | { readonly kind: 'idx'; readonly path: string; readonly index: number }
  /** Images of an IDX file, drawn next to one another by `composeDigits`. */
  | { readonly kind: 'digits'; readonly path: string; readonly indices: readonly number[]; readonly seed: number }

/** An image before decoding, or one that needs none; errors call it `name`. */
export type LoadedImage =
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'raster'; readonly name: string; readonly raster: Raster }

/** Fetches images and caches IDX files. */
export class Sources {
  readonly #idx = new Map<string, IdxImages>()

  /**
   * The image of a source, or the frames in order.
   *
   * @throws UserError for a file that cannot be read, or an image that an IDX file does not have.
   */
  async load(source: ImageSource): Promise<LoadedImage[]> {
    switch (source.kind) {
      case 'file':
        return [await loadFile(source.path)]
      case 'frames':
        return Promise.all(source.paths.map(loadFile))
      case 'idx': {
        const { path, index } = source
        return [{ kind: 'raster', name: `${path}, image ${index}`, raster: this.#image(path, index) }]
      }
      case 'digits': {
        const { path, indices, seed } = source
        const digits = indices.map((index) => this.#image(path, index))
        return [{ kind: 'raster', name: `${path}, images ${indices.join(', ')}`, raster: composeDigits(digits, seed) }]
      }
    }
  }

  /** A copy of an image of an IDX file, which the caller may move to another thread. */
  #image(path: string, index: number): Raster {
    const images = this.#idx.get(path) ?? readIdxImages(path)
    this.#idx.set(path, images)
    const { pixels, count, height, width } = images
    if (!Number.isInteger(index) || index < 0 || index >= count)
      throw expected({ doing: `reading ${path}`, want: `an image from 0 to ${count - 1}`, of: 'index', got: index })
    const size = height * width
    return { pixels: pixels.slice(index * size, (index + 1) * size), width, height, channels: 1 }
  }
}

async function loadFile(path: string): Promise<LoadedImage> {
  return { kind: 'bytes', name: path, bytes: await readBytes(path) }
}
