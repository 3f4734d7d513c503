/**
 * Backgrounds, and ink on them. A background has light grey levels, ink dark ones, so that every text is legible; light ink on dark is the
 * negative of that. Backgrounds are generated, or cut from photographs, which are scaled to the same range.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { expected, reasonOf, UserError } from '@weft/core/errors'
import { Random } from '@weft/core/runtime'
import type { Raster } from '../image/raster.js'
import type { InkCover } from './text-line.js'
import type { BackgroundKind } from './background-kind.js'

/** Differences of a background from its mean level, [H, W] or, for a photograph in colour, [H, W, 3]. */
type Texture = Float32Array

const DOING = 'loading backgrounds'
/** Range of the mean level of a background; its texture is at most `DEEPEST` below. */
const GROUND_LEVELS = [195, 250] as const
const DEEPEST = 45
/** Levels of ink; strike-through lines reach up to twice the maximum. */
const INK_LEVELS = [0, 70] as const
/** Largest difference of a channel from grey. */
const GROUND_TINT = 18
const INK_TINT = 50

/**
 * Paints ink on a background, [H, W, C].
 *
 * @param photo An image to cut the background from, instead of `kind`.
 */
export function paint(
  ink: InkCover,
  kind: BackgroundKind,
  photo: Raster | undefined,
  look: { readonly colour: boolean; readonly lightInk: boolean; readonly textHeight: number },
  random: Random,
): Raster {
  const { width, height, cover } = ink
  const channels = look.colour ? 3 : 1
  const tinted = (level: number, tint: number) =>
    Array.from({ length: channels }, () => level + (look.colour ? random.uniform(-tint, tint) : 0))
  const ground = tinted(random.uniform(...GROUND_LEVELS), GROUND_TINT)
  const text = tinted(random.uniform(...INK_LEVELS), INK_TINT).map((level) => Math.max(0, level))
  const strike = tinted(random.uniform(INK_LEVELS[0], 2 * INK_LEVELS[1]), INK_TINT)
  const texture =
    photo === undefined
      ? TEXTURES[kind](width, height, random, { baseline: ink.baseline, textHeight: look.textHeight })
      : cutPhoto(photo, width, height, channels, random)
  const stride = texture.length / (width * height)
  const pixels = new Uint8ClampedArray(width * height * channels)
  for (let p = 0, at = 0; p < width * height; p++) {
    const textShare = (cover[p * 3] ?? 0) / 255
    const strikeShare = (cover[p * 3 + 1] ?? 0) / 255
    for (let c = 0; c < channels; c++, at++) {
      const base = Math.max(0, Math.min(255, (ground[c] ?? 0) + (texture[p * stride + (c % stride)] ?? 0)))
      const level = base * (1 - textShare - strikeShare) + (text[c] ?? 0) * textShare + (strike[c] ?? 0) * strikeShare
      pixels[at] = look.lightInk ? 255 - level : level
    }
  }
  return { pixels: new Uint8Array(pixels.buffer), width, height, channels }
}

interface Place {
  readonly baseline: number
  readonly textHeight: number
}

const TEXTURES: Readonly<Record<BackgroundKind, (w: number, h: number, random: Random, place: Place) => Texture>> = {
  plain: (width, height) => new Float32Array(width * height),
  gradient,
  paper,
  ruled,
  speckle,
}

/** A gradient in one direction. */
function gradient(width: number, height: number, random: Random): Texture {
  const angle = random.uniform(0, 2 * Math.PI)
  const depth = random.uniform(15, 2 * DEEPEST)
  const dx = Math.cos(angle) / width
  const dy = Math.sin(angle) / height
  const reach = Math.abs(Math.cos(angle)) + Math.abs(Math.sin(angle))
  const shade = (x: number, y: number) => ((x - width / 2) * dx + (y - height / 2) * dy) / reach
  return filled(width, height, (x, y) => depth * shade(x, y))
}

/** Grain, and clouds of twice the height of the text. */
function paper(width: number, height: number, random: Random, { textHeight }: Place): Texture {
  const cell = Math.max(2, 2 * textHeight)
  const columns = Math.ceil(width / cell) + 1
  const knots = Float32Array.from({ length: columns * (Math.ceil(height / cell) + 1) }, () => random.uniform(-1, 1))
  const clouds = random.uniform(0, 15)
  const grain = random.uniform(2, 9)
  const knot = (i: number, j: number) => knots[j * columns + i] ?? 0
  return filled(width, height, (x, y) => {
    const i = Math.floor(x / cell)
    const j = Math.floor(y / cell)
    const fx = smooth(x / cell - i)
    const fy = smooth(y / cell - j)
    const over = (1 - fx) * knot(i, j) + fx * knot(i + 1, j)
    const under = (1 - fx) * knot(i, j + 1) + fx * knot(i + 1, j + 1)
    return clouds * ((1 - fy) * over + fy * under) + grain * (random.next() + random.next() - 1)
  })
}

const smooth = (t: number) => t * t * (3 - 2 * t)

/** Ruled lines, one of them near the baseline; sometimes squares. */
function ruled(width: number, height: number, random: Random, { baseline, textHeight }: Place): Texture {
  const depth = random.uniform(20, 80)
  const thickness = Math.max(1, random.uniform(0.02, 0.05) * textHeight)
  const squared = random.next() < 0.25
  const gap = textHeight * (squared ? random.uniform(0.4, 0.7) : random.uniform(0.9, 1.3))
  const first = baseline + random.uniform(-0.02, 0.12) * textHeight
  const side = random.uniform(0, gap)
  const slope = random.uniform(-0.01, 0.01)
  const on = (offset: number) => {
    const from = ((offset % gap) + gap) % gap
    return Math.max(0, Math.min(1, thickness / 2 + 0.5 - Math.min(from, gap - from)))
  }
  const grain = random.uniform(0, 4)
  return filled(width, height, (x, y) => {
    const line = Math.max(on(y - first - slope * (x - width / 2)), squared ? on(x - side) : 0)
    return grain * random.uniform(-1, 1) - depth * line
  })
}

/** Small spots, mostly dark. */
function speckle(width: number, height: number, random: Random): Texture {
  const texture = new Float32Array(width * height)
  const spots = Math.round(width * height * random.uniform(0.003, 0.03))
  for (let n = 0; n < spots; n++) {
    const x = random.int(width)
    const y = random.int(height)
    const size = 1 + random.int(2)
    const depth = random.uniform(-160, 30)
    for (let j = y; j < Math.min(height, y + size); j++)
      texture.fill(depth, j * width + x, j * width + Math.min(width, x + size))
  }
  return texture
}

function filled(width: number, height: number, value: (x: number, y: number) => number): Texture {
  const texture = new Float32Array(width * height)
  for (let y = 0, at = 0; y < height; y++) for (let x = 0; x < width; x++) texture[at++] = value(x, y)
  return texture
}

/** A part of the photograph, mirrored where it is too small, with levels within `DEEPEST` of the mean. */
function cutPhoto(photo: Raster, width: number, height: number, channels: 1 | 3, random: Random): Texture {
  const left = random.int(Math.max(1, photo.width - width + 1))
  const top = random.int(Math.max(1, photo.height - height + 1))
  const strength = (random.uniform(0.4, 1) * DEEPEST) / 128
  const texture = new Float32Array(width * height * channels)
  let at = 0
  for (let y = 0; y < height; y++) {
    const row = mirrored(top + y, photo.height) * photo.width
    for (let x = 0; x < width; x++) {
      const from = (row + mirrored(left + x, photo.width)) * photo.channels
      for (let c = 0; c < channels; c++) texture[at++] = strength * ((photo.pixels[from + c] ?? 0) - 128)
    }
  }
  return texture
}

function mirrored(at: number, size: number): number {
  const turn = at % (2 * size)
  return turn < size ? turn : 2 * size - 1 - turn
}

const EXTENSIONS = /\.(avif|gif|jpe?g|png|tiff?|webp)$/iu
/** Largest number of photographs in memory, and their longest side in px. */
const MOST_PHOTOS = 64
const PHOTO_SIDE = 1024

/**
 * Images to cut backgrounds from: all images of a folder, or 64 of them chosen by the seed, scaled down to at most 1024 pixels per side.
 *
 * @throws UserError when the folder has none, or one cannot be decoded.
 */
export async function loadPhotos(folder: string, colour: boolean, seed: number): Promise<Raster[]> {
  let names
  try {
    names = readdirSync(folder).filter((name) => EXTENSIONS.test(name))
  } catch (error) {
    throw new UserError(`${DOING}: ${folder}: ${reasonOf(error)}`)
  }
  if (names.length === 0) throw expected({ doing: DOING, want: 'images', of: folder, got: 'none' })
  const sample = new Random(seed, 'photos').shuffle(names.sort()).slice(0, MOST_PHOTOS)
  const photos: Raster[] = []
  for (const name of sample) photos.push(await loadPhoto(join(folder, name), colour))
  return photos
}

async function loadPhoto(path: string, colour: boolean): Promise<Raster> {
  try {
    const image = sharp(path).resize(PHOTO_SIDE, PHOTO_SIDE, { fit: 'inside', withoutEnlargement: true })
    const { data, info } = await image
      .flatten({ background: '#fff' })
      .toColourspace(colour ? 'srgb' : 'b-w')
      .raw()
      .toBuffer({ resolveWithObject: true })
    return { pixels: data, width: info.width, height: info.height, channels: info.channels === 1 ? 1 : 3 }
  } catch (error) {
    throw new UserError(`${DOING}: ${path}: ${reasonOf(error)}`)
  }
}
