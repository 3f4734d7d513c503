import { describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import { resolveOptions } from '@weft/core/cli'
import { augment } from './augment.js'
import { augmentOptions } from '../options/augment.js'
import type { Raster } from '../image/raster.js'

const usual = resolveOptions(augmentOptions, {})
const off = {
  rotationDegrees: 0,
  shearDegrees: 0,
  perspective: 0,
  stretch: 0,
  shift: 0,
  elastic: 0,
  inkThicknessPx: 0,
  blurPx: 0,
  contrastChange: 0,
  brightnessChange: 0,
  noise: 0,
}
const strongest = {
  rotationDegrees: 180,
  shearDegrees: 60,
  perspective: 0.4,
  stretch: 0.9,
  shift: 1,
  elastic: 1,
  inkThicknessPx: 8,
  blurPx: 16,
  contrastChange: 1,
  brightnessChange: 1,
  noise: 1,
}

function picture(width: number, height: number, channels: 1 | 3, seed = 3): Raster {
  const random = new Random(seed)
  return { pixels: new Uint8Array(width * height * channels).map(() => random.int(256)), width, height, channels }
}

describe.each([
  [28, 28, 1],
  [200, 50, 3],
  [7, 1, 1],
  [1, 1, 3],
] as const)('augment of %i x %i, %i channels', (width, height, channels) => {
  const image = picture(width, height, channels)

  it('returns the same pixels, bit for bit, in a new array when everything is off', () => {
    const same = augment(image, off, 1)
    expect(same).toEqual(image)
    expect(same.pixels).not.toBe(image.pixels)
  })

  it('is a function of the seed, keeps the size and leaves its input alone', () => {
    const before = image.pixels.slice()
    const varied = augment(image, usual, 9)
    expect(augment(image, usual, 9)).toEqual(varied)
    expect(varied.pixels.length).toBe(image.pixels.length)
    expect({ ...varied, pixels: 0 }).toEqual({ width, height, channels, pixels: 0 })
    if (width > 1) expect(augment(image, usual, 10)).not.toEqual(varied)
    expect(image.pixels).toEqual(before)
  })

  it('survives the strongest of everything', () => {
    for (let seed = 0; seed < 10; seed++) {
      expect(augment(image, strongest, seed).pixels.length).toBe(image.pixels.length)
    }
  })
})

describe('augment', () => {
  it('changes something with any one strength', () => {
    const image = picture(32, 20, 1)
    for (const name of Object.keys(off)) {
      const varied = augment(image, { ...off, [name]: name === 'blurPx' ? 2 : 0.3 }, 4)
      expect(varied.pixels, name).not.toEqual(image.pixels)
    }
  })

  it('draws one strength independently of the others', () => {
    // A light image without noise: brightness alone is seen in a corner that geometry leaves alone.
    const even: Raster = { ...picture(40, 20, 1), pixels: new Uint8Array(800).fill(100) }
    const alone = augment(even, { ...off, brightnessChange: 0.2 }, 6)
    expect(augment(even, { ...usual, noise: 0, contrastChange: 0, brightnessChange: 0.2 }, 6)).toEqual(alone)
  })

  it('varies the frames of a sequence alike under one seed', () => {
    // Frames of opposite values stay opposites: places and levels are changed alike, up to rounding at the last step.
    const frame = picture(30, 20, 1)
    const negative = { ...frame, pixels: frame.pixels.map((value) => 255 - value) }
    const geometry = { ...usual, inkThicknessPx: 0, blurPx: 0, contrastChange: 0, brightnessChange: 0, noise: 0 }
    const a = augment(frame, geometry, 8).pixels
    const b = augment(negative, geometry, 8).pixels
    a.forEach((value, at) => expect(Math.abs(value + (b[at] ?? NaN) - 255)).toBeLessThanOrEqual(1))
  })
})
