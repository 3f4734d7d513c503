/**
 * From an image to what the network's input is made of: grey or colour, polarity, deskewed, contrast, black and white, and the size,
 * in this order, as options-image.ts says. Thresholds see the full image, so an edge that they made sharp is grey again after resizing. Numbers of mean 0 are made of the pixels later, by the training part's own mean and deviation.
 */
import { expected } from '@weft/core/worker'
import { binarise, stretchContrast } from './binarise.js'
import { isDark, negative, toColour } from './colour.js'
import { decodeImage } from './decode.js'
import { deskew } from './deskew.js'
import type { ImageOptions } from '../options/image.js'
import type { Raster } from './raster.js'
import { fitFactor, fitInto } from './resize.js'

/**
 * An image ready for the network, and where its columns stood: column c begins at `offset + scale · c` pixels from the left edge of
 * the original, upright image. With deskewing this holds along the middle row of the prepared image; letters above and below stood
 * to the sides of it, by the sine of the angle.
 */
export interface Prepared {
  /** [H, W, C] with H the `height` asked for, W the `width` unless that is 0. */
  readonly image: Raster
  readonly scale: number
  readonly offset: number
}

/**
 * Prepares a decoded image; the same object comes back when it is right already.
 *
 * @throws UserError when the prepared image would exceed `maxMegapixels`, which only a very long and thin one does.
 */
export function prepareRaster(raster: Raster, options: ImageOptions, name = 'the image'): Prepared {
  let image = toColour(raster, options.colour)
  if (options.background !== 'keep' && isDark(image) !== (options.background === 'dark')) image = negative(image)
  const level = options.deskew ? deskew(image) : { image, scale: 1, offset: 0 }
  image = level.image
  if (options.contrast === 'stretch') image = stretchContrast(image)
  if (options.binarise !== 'none') image = binarise(image, options.binarise)
  const columns = Math.round(image.width * fitFactor(image.width, image.height, options))
  if (columns * options.height > options.maxMegapixels * 1e6) {
    const shape = `${image.width} x ${image.height} pixels, ${columns} wide at height ${options.height}`
    throw expected({
      doing: `preparing ${name}`,
      want: `at most ${options.maxMegapixels} megapixels`,
      of: 'the prepared image',
      got: shape,
    })
  }
  const fitted = fitInto(image, options)
  const scale = (level.scale * image.width) / fitted.columns
  return { image: fitted.image, scale, offset: level.offset - scale * fitted.left }
}

/**
 * Decodes and prepares an image file's bytes. An image more than four times as large as asked for is shrunk to twice that while it is
 * decoded, unless it is to be black and white.
 *
 * @param name What errors call it.
 * @throws UserError as `decodeImage` does.
 */
export async function prepareImage(
  bytes: Uint8Array,
  name: string,
  options: ImageOptions,
): Promise<Prepared & { readonly warnings: readonly string[] }> {
  const { colour, maxMegapixels } = options
  const decoded = await decodeImage(bytes, name, {
    colour,
    maxMegapixels,
    fit: options.binarise === 'none' ? options : undefined,
  })
  const { image, scale, offset } = prepareRaster(decoded.image, options, name)
  const reduction = decoded.originalWidth / decoded.image.width
  return { image, scale: scale * reduction, offset: offset * reduction, warnings: decoded.warnings }
}
