/**
 * Random variations of an image for training: first its geometry (warp.ts), then its values (pixel-effects.ts). A function of the image,
 * the options and a seed; the input does not change. Beyond the edges the edge pixels are repeated, which continues light and dark
 * backgrounds and gradients alike; a fixed colour would draw frames, a mirror letters that are not there.
 */
import { Random } from '@weft/core/runtime'
import { applyEffects, drawEffects, type EffectOptions } from './pixel-effects.js'
import type { Raster } from '../image/raster.js'
import { drawGeometry, movesPoints, pointMap, warp, type GeometryOptions } from './warp.js'

/**
 * A variation of `image`.
 *
 * Shapes: [H, W, C] → [H, W, C]. The random draws depend on the seed and the size, never on the pixels: frames with the same seed have the same
 * variation, including the noise. With all strengths 0 the pixels do not change.
 */
export function augment(image: Raster, options: GeometryOptions & EffectOptions, seed: number): Raster {
  const random = new Random(seed, 'augment')
  const effects = drawEffects(options, random)
  const { width, height } = image
  const warped = movesPoints(options)
    ? warp(image, pointMap(drawGeometry(options, width, height, random), width, height))
    : image
  return applyEffects(warped, effects)
}
