/**
 * Prepares an image for the network, in this order: grey or colour, polarity, deskewing, contrast, black and white, and size, as the
 * options in options/image.ts ask. Thresholds see the full image, so their sharp edges are grey again after resizing. Later,
 * features.ts scales the pixels by the mean and deviation of the training part.
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
 * An image ready for the network, and where its columns were: column c begins `offset + scale · c` pixels from the left edge of the
 * original, upright image. With deskewing this holds along the middle row of the prepared image; letters above and below were to the
 * sides of it, by the sine of the angle.
 */
export interface PreparedImage {
  /** [H, W, C] with H the option `height`, and W the option `width` unless that is 0. */
  readonly image: Raster
  readonly scale: number
  readonly offset: number
}

/**
 * Prepares a decoded image; returns the same object if nothing needs to change.
 *
 * @throws UserError when the prepared image would exceed `maxMegapixels`, as only a very long and thin one can.
 */
export function prepareRaster(raster: Raster, options: ImageOptions, name = 'the image'): PreparedImage {
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
 * Decodes and prepares the bytes of an image file. An image more than four times larger than its final size is shrunk to twice that size
 * while it is decoded, unless it will be black and white.
 *
 * @param name What errors call it.
 * @throws UserError as `decodeImage` does.
 */
export async function prepareImage(
  bytes: Uint8Array,
  name: string,
  options: ImageOptions,
): Promise<PreparedImage & { readonly warnings: readonly string[] }> {
  const { colour, maxMegapixels } = options
  const original = await decodeImage(bytes, name, {
    colour,
    maxMegapixels,
    fit: options.binarise === 'none' ? options : undefined,
  })
  const { image, scale, offset } = prepareRaster(original.image, options, name)
  const reduction = original.originalWidth / original.image.width
  return { image, scale: scale * reduction, offset: offset * reduction, warnings: original.warnings }
}
