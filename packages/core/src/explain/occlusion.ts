/**
 * Occlusion: how much a score drops when a patch of the image is covered, at every place. It needs only the outputs of the network, so it
 * explains any network, and shows what the network really depends on. The network runs once for each place, where Grad-CAM takes two
 * runs in all. Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { expected } from '../errors.js'
import type { ExplanationMap } from './explanation-map.js'
import type { Score } from './layer-gradient.js'

export interface OcclusionOptions {
  /** Height and width of the patch in pixels (default: a sixth of the shorter side). */
  readonly size?: number | readonly [height: number, width: number]
  /** Pixels from one place to the next (default: half the patch). */
  readonly stride?: number | readonly [down: number, along: number]
  /**
   * What covers the patch: 'background', the median along the edges of the image (default), 'mean', the mean of the image, or a value
   * for each channel, scaled as the network sees them.
   */
  readonly fill?: 'background' | 'mean' | readonly number[]
  /** Images to run at once (default: 32). */
  readonly batchSize?: number
}

const doing = 'covering parts of an image'

interface Frames {
  readonly values: Float32Array
  readonly frames: number
  readonly height: number
  readonly width: number
  readonly channels: number
}

/**
 * The drop of the score when a place is covered: for each pixel the mean over the patches that cover it; negative where covering helps.
 *
 * Shapes: `x` [1, H, W, C], or [1, T, H, W, C] with all frames covered at once → 1 x H x W.
 * @param score Such as `classScore(model, label)`, or `textScore(labels)` for a reader.
 */
export async function occlusion(
  model: tfl.LayersModel,
  x: tf.Tensor,
  score: Score,
  options: OcclusionOptions = {},
): Promise<ExplanationMap> {
  const [batch, ...inner] = x.shape
  if (batch !== 1 || (x.rank !== 4 && x.rank !== 5))
    throw expected({ doing, want: '[1, H, W, C] or [1, T, H, W, C]', of: 'x', got: `[${x.shape.join(', ')}]` })
  const [height = 0, width = 0, channels = 0] = inner.slice(-3)
  const image: Frames = {
    values: new Float32Array(await x.data()),
    frames: x.rank === 5 ? (inner[0] ?? 1) : 1,
    height,
    width,
    channels,
  }
  const { batchSize = 32 } = options
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw expected({ doing, want: 'a positive integer', of: 'batchSize', got: batchSize })
  const fill = fillOf(image, options.fill ?? 'background')
  const places = placesOf(image, options)
  const run = (images: Float32Array, count: number) =>
    tf.tidy(() => {
      const outputs = model.predictOnBatch(tf.tensor(images, [count, ...inner]))
      const [output] = Array.isArray(outputs) ? outputs : [outputs]
      if (output === undefined) throw expected({ doing, want: 'an output', of: 'the model', got: 'none' })
      return score(output)
    })
  const [whole = 0] = await read(run(image.values, 1))
  const sums = new Float64Array(height * width)
  const counts = new Uint32Array(height * width)
  for (let from = 0; from < places.length; from += batchSize) {
    const some = places.slice(from, from + batchSize)
    const images = new Float32Array(some.length * image.values.length)
    some.forEach((place, at) => cover(images, at * image.values.length, image, place, fill))
    const scores = await read(run(images, some.length))
    some.forEach(({ top, left, bottom, right }, at) => {
      const drop = whole - (scores[at] ?? 0)
      for (let y = top; y < bottom; y++) {
        for (let pixel = y * width + left; pixel < y * width + right; pixel++) {
          sums[pixel] = (sums[pixel] ?? 0) + drop
          counts[pixel] = (counts[pixel] ?? 0) + 1
        }
      }
    })
  }
  const values = Float32Array.from(sums, (sum, pixel) => sum / Math.max(1, counts[pixel] ?? 0))
  return { values, frames: 1, height, width }
}

/** A patch of the image: rows [top, bottom), columns [left, right). */
interface Place {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** The patches to cover, row by row. */
function placesOf({ height, width }: Frames, options: OcclusionOptions): Place[] {
  const [patchHeight, patchWidth] = pair('size', options.size ?? Math.max(1, Math.round(Math.min(height, width) / 6)))
  const [down, along] = pair(
    'stride',
    options.stride ?? [Math.max(1, Math.floor(patchHeight / 2)), Math.max(1, Math.floor(patchWidth / 2))],
  )
  return starts(height, patchHeight, down).flatMap((top) =>
    starts(width, patchWidth, along).map((left) => ({
      top,
      left,
      bottom: Math.min(height, top + patchHeight),
      right: Math.min(width, left + patchWidth),
    })),
  )
}

/** Copies the image into `images` at `at`, with the place covered in each frame. */
function cover(images: Float32Array, at: number, image: Frames, place: Place, fill: readonly number[]): void {
  images.set(image.values, at)
  for (let frame = 0; frame < image.frames; frame++) {
    for (let y = place.top; y < place.bottom; y++) {
      const row = at + (frame * image.height + y) * image.width * image.channels
      for (let x = place.left; x < place.right; x++) images.set(fill, row + x * image.channels)
    }
  }
}

async function read(scores: tf.Tensor): Promise<number[]> {
  const values = Array.from(await scores.data())
  scores.dispose()
  return values
}

function pair(name: string, value: number | readonly [number, number]): readonly [number, number] {
  const both = typeof value === 'number' ? ([value, value] as const) : value
  if (!both.every((side) => Number.isInteger(side) && side >= 1))
    throw expected({ doing, want: 'positive integers', of: name, got: both.join(' x ') })
  return both
}

/** Where patches begin: every `stride` pixels, and the last one so that it ends with the image. */
function starts(length: number, patch: number, stride: number): number[] {
  const last = Math.max(0, length - patch)
  const places = Array.from({ length: Math.floor(last / stride) + 1 }, (_, at) => at * stride)
  return places.at(-1) === last ? places : [...places, last]
}

function fillOf(image: Frames, fill: 'background' | 'mean' | readonly number[]): readonly number[] {
  const { values, frames, height, width, channels } = image
  if (fill !== 'background' && fill !== 'mean') {
    if (fill.length !== channels)
      throw expected({ doing, want: `${channels} values`, of: 'fill', got: `[${fill.join(', ')}]` })
    return fill
  }
  const isEdge = (y: number, x: number) => y === 0 || x === 0 || y === height - 1 || x === width - 1
  return Array.from({ length: channels }, (_, channel) => {
    const samples: number[] = []
    for (let pixel = 0; pixel < frames * height * width; pixel++) {
      if (fill === 'background' && !isEdge(Math.floor(pixel / width) % height, pixel % width)) continue
      samples.push(values[pixel * channels + channel] ?? 0)
    }
    if (fill === 'mean') return samples.reduce((sum, value) => sum + value, 0) / samples.length
    return samples.sort((a, b) => a - b)[samples.length >> 1] ?? 0
  })
}
