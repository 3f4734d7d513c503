/**
 * What a worker thread does for one item: fetch its image or frames, decode and prepare them, and take a digest of the pixels by which
 * twins are found. The pool of core calls `handle`; image-store.ts asks for it.
 */
import { createHash } from 'node:crypto'
import { isMainThread } from 'node:worker_threads'
import { expected, transfer } from '@weft/core/worker'
import type { Transfer } from '@weft/core/worker'
import { useSharpInWorkers } from '../image/decode.js'
import type { ImageOptions } from '../options/image.js'
import { prepareImage, prepareRaster, type Prepared } from '../image/prepare.js'
import { Sources, type ImageSource, type LoadedImage } from '../image/image-source.js'

export interface ImageTaskMessage {
  readonly source: ImageSource
}

/** An image, or the frames of a sequence, as the network's input is made of. */
export interface PreparedItem extends Pick<Prepared, 'scale' | 'offset'> {
  /** [T, H, W, C], T being 1 for a single image. */
  readonly pixels: Uint8Array
  readonly frames: number
  readonly height: number
  readonly width: number
  readonly channels: 1 | 3
  /** Of the pixels and their shape. */
  readonly digest: string
  readonly warnings: readonly string[]
}

const sources = new Sources()

if (!isMainThread) useSharpInWorkers()

export async function handle({ source }: ImageTaskMessage, options: ImageOptions): Promise<Transfer<PreparedItem>> {
  const loaded = await sources.load(source)
  const images: PreparedFile[] = []
  for (const image of loaded) images.push(await prepare(image, options))
  const [first] = images
  if (first === undefined) throw expected({ doing: 'preparing an image', want: 'at least 1', of: 'frames', got: 0 })
  const { width, height, channels } = first.image
  const size = width * height * channels
  const pixels = new Uint8Array(images.length * size)
  images.forEach(({ image }, at) => {
    if (image.width !== width || image.height !== height)
      throw expected({
        doing: `preparing ${loaded[at]?.name ?? ''}`,
        want: `${width} x ${height} pixels, as the first frame has,`,
        of: 'the frame',
        got: `${image.width} x ${image.height}`,
      })
    pixels.set(image.pixels, at * size)
  })
  const digest = createHash('sha1').update(`${images.length} ${height} ${width} ${channels} `).update(pixels)
  const made: PreparedItem = {
    pixels,
    frames: images.length,
    height,
    width,
    channels,
    scale: first.scale,
    offset: first.offset,
    digest: digest.digest('base64'),
    warnings: images.flatMap(({ warnings }) => warnings),
  }
  return transfer(made, [pixels.buffer])
}

type PreparedFile = Prepared & { readonly warnings: readonly string[] }

async function prepare(image: LoadedImage, options: ImageOptions): Promise<PreparedFile> {
  if (image.kind === 'bytes') return prepareImage(image.bytes, image.name, options)
  return { ...prepareRaster(image.raster, options, image.name), warnings: [] }
}
