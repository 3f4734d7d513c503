/**
 * From the bytes of a file to 8-bit pixels, through sharp: with EXIF orientation applied, colours as sRGB, transparency over white. Files
 * that are not images, damaged, truncated or too large are refused, the last before anything is decoded; odd but usable files
 * cause a warning. Transparency is shown over black only if nothing is visible on white, as with white letters.
 */
import { Buffer } from 'node:buffer'
import { extname } from 'node:path'
import { readBytes, UserError } from '@weft/core/worker'
import sharp from 'sharp'
import type { Metadata, Sharp } from 'sharp'
import { toColour } from './colour.js'
import type { Colour } from './colour.js'
import { endsEarly, kindOf } from './image-kinds.js'
import type { ImageKind } from './image-kinds.js'
import type { Raster } from './raster.js'
import { fitFactor } from './resize.js'
import type { Box } from './resize.js'
import { outsideReference } from './svg-references.js'

/** Extensions of image files in folders. */
export const IMAGE_EXTENSIONS = ['.png', '.jpg', '.jpeg', '.webp', '.gif', '.tif', '.tiff', '.avif', '.svg'] as const

export interface DecodeOptions {
  readonly colour: Colour
  /** Larger images are refused before they are decoded. */
  readonly maxMegapixels: number
  /** The size that the image will have: one more than four times as large is shrunk to twice that size. */
  readonly fit?: Box | undefined
}

export interface DecodedImage {
  readonly image: Raster
  /** Size in pixels before shrinking, upright. */
  readonly originalWidth: number
  readonly originalHeight: number
  /** Oddities of the file, in words. */
  readonly warnings: readonly string[]
}

/** Neither side may be shorter: such an image shows nothing. */
const LEAST_SIDE = 4

/**
 * Configures sharp for a worker thread: one thread per image and no cache, since the workers already run in parallel. It applies to the
 * whole process.
 */
export function useSharpInWorkers(): void {
  sharp.concurrency(1)
  sharp.cache(false)
}

/**
 * Reads an image file.
 *
 * @throws UserError naming the file if it cannot be read, is not a complete image, or exceeds the limits.
 */
export async function readImage(path: string, options: DecodeOptions): Promise<DecodedImage> {
  return decodeImage(await readBytes(path), path, options)
}

/** As `readImage`, from the file's bytes; `name` is what errors call it. */
export async function decodeImage(bytes: Uint8Array, name: string, options: DecodeOptions): Promise<DecodedImage> {
  const kind = requireImage(bytes, name)
  const metadata = await readMetadata(bytes, kind, name)
  const { width: originalWidth, height: originalHeight } = metadata.autoOrient
  checkSize(originalWidth, originalHeight, options.maxMegapixels, name)
  const warnings: string[] = []
  const { pages = 1 } = metadata
  if (pages > 1) warnings.push(`it holds ${pages} ${kind === 'TIFF' ? 'pages' : 'frames'}; only the first is used`)

  const wide = metadata.depth !== 'uchar' && metadata.depth !== 'ushort'
  const shrunk = wide ? undefined : shrunkSize(originalWidth, originalHeight, options.fit)
  const pipeline = (failOn: 'warning' | 'error') => {
    const image = sharp(bytes, { failOn, autoOrient: true, limitInputPixels: false, sequentialRead: true })
    return shrunk === undefined ? image : image.resize({ ...shrunk, fit: 'fill' })
  }
  const decode = wide ? decodeWide : decodeBytes
  let image: Raster
  try {
    image = await decode(pipeline('warning'), metadata, warnings)
  } catch (strict) {
    try {
      image = await decode(pipeline('error'), metadata, warnings)
    } catch (error) {
      throw damaged(bytes, kind, name, error)
    }
    warnings.push(`slightly damaged: ${reasonOf(strict)}`)
  }
  return { image: toColour(image, options.colour), originalWidth, originalHeight, warnings }
}

function requireImage(bytes: Uint8Array, name: string): ImageKind {
  if (bytes.length === 0) throw new UserError(`decoding ${name}: expected an image, received an empty file`)
  const content = kindOf(bytes)
  if ('other' in content) {
    const extensions: readonly string[] = IMAGE_EXTENSIONS
    throw new UserError(
      `decoding ${name}: expected PNG, JPEG, WebP, GIF, TIFF, AVIF or SVG, received ${content.other}`,
      extensions.includes(extname(name).toLowerCase()) ? 'Its name says image, its content does not.' : undefined,
    )
  }
  if (content.kind !== 'SVG') return content.kind
  const reference = outsideReference(Buffer.from(bytes).toString('utf8'))
  if (reference !== undefined) {
    throw new UserError(
      `decoding ${name}: expected a self-contained drawing, received one that refers to ${JSON.stringify(reference.trim().slice(0, 200))}`,
      'Embed what it refers to (data:), or export the drawing as PNG.',
    )
  }
  return content.kind
}

async function readMetadata(bytes: Uint8Array, kind: ImageKind, name: string): Promise<Metadata> {
  try {
    return await sharp(bytes, { failOn: 'error', limitInputPixels: false }).metadata()
  } catch (error) {
    throw damaged(bytes, kind, name, error)
  }
}

function checkSize(width: number, height: number, maxMegapixels: number, name: string): void {
  if (width < LEAST_SIDE || height < LEAST_SIDE) {
    throw new UserError(
      `decoding ${name}: expected an image of at least ${LEAST_SIDE} x ${LEAST_SIDE} pixels, received ${width} x ${height}`,
    )
  }
  const megapixels = (width * height) / 1e6
  if (megapixels > maxMegapixels) {
    throw new UserError(
      `decoding ${name}: expected at most ${maxMegapixels} megapixels, received ${width} x ${height} (${megapixels.toFixed(1)} megapixels)`,
      'Make it smaller, or train with a higher --max-megapixels.',
    )
  }
}

/** Twice the size that the image will have, if it is more than twice as large as that; undefined not to shrink it. */
function shrunkSize(
  width: number,
  height: number,
  fit: Box | undefined,
): { width: number; height: number } | undefined {
  const factor = fit === undefined ? 1 : 2 * fitFactor(width, height, fit)
  if (factor > 0.5) return undefined
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) }
}

async function decodeBytes(pipeline: Sharp, { space, hasAlpha }: Metadata): Promise<Raster> {
  const isGrey = !hasAlpha && (space === 'b-w' || space === 'grey16')
  const { data, info } = await pipeline
    .toColourspace(isGrey ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length)
  if (info.channels === 4) return { pixels: opaque(pixels), width, height, channels: 3 }
  return { pixels, width, height, channels: info.channels === 1 ? 1 : 3 }
}

/** With a smaller difference between the darkest and the lightest value nothing is visible. */
const LEAST_CONTRAST = 32

/** Transparency over white, or over black if nothing is visible on white. [H, W, 4] → [H, W, 3] */
function opaque(rgba: Uint8Array): Uint8Array {
  const onWhite = over(rgba, 255)
  if (contrast(onWhite) >= LEAST_CONTRAST) return onWhite
  const onBlack = over(rgba, 0)
  return contrast(onBlack) >= LEAST_CONTRAST ? onBlack : onWhite
}

function over(rgba: Uint8Array, background: number): Uint8Array {
  const out = new Uint8Array((rgba.length / 4) * 3)
  for (let at = 0, to = 0; at < rgba.length; at += 4) {
    const alpha = rgba[at + 3] ?? 255
    for (let c = 0; c < 3; c++) {
      out[to++] = ((rgba[at + c] ?? 0) * alpha + background * (255 - alpha)) / 255 + 0.5
    }
  }
  return out
}

function contrast(values: Uint8Array): number {
  let low = 255
  let high = 0
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return high - low
}

/** Floats and signed or 32-bit integers: black is 0 and white is 1, or the minimum and maximum if values exceed this range. */
async function decodeWide(pipeline: Sharp, { space, channels }: Metadata, warnings: string[]): Promise<Raster> {
  const { data, info } = await pipeline
    .toColourspace(space)
    .raw({ depth: 'float' })
    .toBuffer({ resolveWithObject: true })
  const values = new Float32Array(Uint8Array.from(data).buffer)
  let low = 0
  let high = 1
  for (const value of values) {
    if (!Number.isFinite(value)) throw new Error(`a value that is ${value}`)
    if (value < low) low = value
    if (value > high) high = value
  }
  if (low < 0 || high > 1) {
    low = values.reduce((least, value) => Math.min(least, value), Infinity)
    warnings.push(`its values are ${low} to ${high}, not 0 to 1; this range was scaled from black to white`)
  }
  const { width, height } = info
  const colours = info.channels >= 3 ? 3 : 1
  const pixels = new Uint8Array(width * height * colours)
  for (let i = 0; i < pixels.length; i++) {
    const value = values[Math.floor(i / colours) * info.channels + (i % colours)] ?? 0
    pixels[i] = Math.round((255 * (value - low)) / Math.max(high - low, Number.MIN_VALUE))
  }
  if (channels > colours) warnings.push('its transparency was ignored')
  return { pixels, width, height, channels: colours }
}

/** Messages of decoders about bytes that end before the image does. */
const ENDS_EARLY = /premature|unexpected end|end of stream|outside of file|read error at/i

function damaged(bytes: Uint8Array, kind: ImageKind, name: string, error: unknown): UserError {
  const message = error instanceof Error ? error.message : String(error)
  const early = endsEarly(bytes, kind) || ENDS_EARLY.test(message)
  const what = early
    ? `one that ends too early, after ${bytes.length} bytes`
    : `one that is damaged or of an unsupported kind: ${reasonOf(error)}`
  return new UserError(`decoding ${name}: expected a complete ${kind} image, received ${what}`)
}

/** The reason in a message of sharp: its last line with words, without the preamble. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const last = message.split('\n').findLast((line) => /[a-z]{3}/i.test(line)) ?? message
  return last.replace(/^Input buffer (?:has corrupt header: )?/, '').trim()
}
