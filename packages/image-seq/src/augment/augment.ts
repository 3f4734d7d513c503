/**
 * Variations of an image for training: one geometric map (warp.ts), then its values (pixel-effects.ts). A function of the image, the
 * options and a seed; the input is left as it is. Outside of the image its edge pixels are repeated: that continues light and dark
 * grounds and gradients alike, where a fixed colour draws frames and a mirror draws letters that are not there.
 */
import { Random } from '@weft/core/runtime'
import { applyEffects, drawEffects, type EffectOptions } from './pixel-effects.js'
import type { Raster } from '../image/raster.js'
import { drawGeometry, movesPoints, pointMap, warp, type GeometryOptions } from './warp.js'

/**
 * A variation of `image`.
 *
 * Shapes: [H, W, C] → [H, W, C]. What is drawn depends on the seed and the size, never on the pixels: the frames of a sequence that get
 * one seed get one variation, the noise included. With all strengths 0 the pixels come back as they are.
 */
export function augment(image: Raster, options: GeometryOptions & EffectOptions, seed: number): Raster {
  const random = new Random(seed, 'augment')
  const effects = drawEffects(options, random)
  const { width, height } = image
  const moved = movesPoints(options)
    ? warp(image, pointMap(drawGeometry(options, width, height, random), width, height))
    : image
  return applyEffects(moved, effects)
}
