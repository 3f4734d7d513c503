import { describe, expect, it } from 'vitest'
import { applyEffects, type PixelEffects } from './pixel-effects.js'
import type { Raster } from '../image/raster.js'

const none: PixelEffects = { lightPx: 0, blurPx: 0, contrast: 0, brightness: 0, noise: 0, noiseSeed: 1 }
const grey = (width: number, ...pixels: number[]): Raster => ({
  pixels: Uint8Array.from(pixels),
  width,
  height: pixels.length / width,
  channels: 1,
})
const apply = (image: Raster, effects: Partial<PixelEffects>) => [
  ...applyEffects(image, { ...none, ...effects }).pixels,
]

/** A light pixel in the middle of 5 x 5. */
const dot = grey(5, ...Array.from({ length: 25 }, (_, at) => (at === 12 ? 200 : 0)))

describe('applyEffects', () => {
  it('grows light parts by a cross for each pixel, the last in part', () => {
    const cross = [7, 11, 12, 13, 17]
    expect(apply(dot, { lightPx: 1 })).toEqual(Array.from({ length: 25 }, (_, at) => (cross.includes(at) ? 200 : 0)))
    const half = apply(dot, { lightPx: 0.25 })
    expect([half[7], half[11], half[12], half[6]]).toEqual([50, 50, 200, 0])
    expect(apply(dot, { lightPx: 2 }).filter((value) => value === 200)).toHaveLength(13)
  })

  it('shrinks light parts, which is growing dark ones', () => {
    expect(apply(dot, { lightPx: -1 })).toEqual(Array<number>(25).fill(0))
    expect(apply(dot, { lightPx: -0.5 })[12]).toBe(100)
  })

  it('blurs by the Gaussian, channel by channel', () => {
    const weights = [-3, -2, -1, 0, 1, 2, 3].map((x) => Math.exp(-0.5 * x * x))
    const total = weights.reduce((a, b) => a + b)
    const pixels = new Uint8Array(9 * 9 * 3)
    pixels[(4 * 9 + 4) * 3 + 1] = 250
    const blurred = applyEffects({ pixels, width: 9, height: 9, channels: 3 }, { ...none, blurPx: 1 }).pixels
    for (let y = 1; y < 8; y++) {
      for (let x = 1; x < 8; x++) {
        const expected = (250 * (weights[x - 1] ?? NaN) * (weights[y - 1] ?? NaN)) / total ** 2
        expect(Math.abs((blurred[(y * 9 + x) * 3 + 1] ?? NaN) - expected)).toBeLessThanOrEqual(0.5 + 1e-3)
        expect(blurred[(y * 9 + x) * 3]).toBe(0)
      }
    }
  })

  it('leaves an even image even, whatever the blur', () => {
    for (const [width, height] of [
      [1, 1],
      [2, 7],
      [30, 3],
    ] as const) {
      // prettier-ignore
      const even = grey(width, ...Array<number>(width * height).fill(77))
      expect(new Set(apply(even, { blurPx: 4 }))).toEqual(new Set([77]))
    }
  })

  it('changes contrast about middle grey and holds values within 0 to 255', () => {
    expect(apply(grey(4, 0, 100, 127, 255), { contrast: 0.5 })).toEqual([0, 86, 127, 255])
    expect(apply(grey(4, 0, 100, 127, 255), { contrast: -1 })).toEqual([128, 128, 128, 128])
    expect(apply(grey(4, 0, 100, 127, 255), { brightness: 0.2 })).toEqual([51, 151, 178, 255])
  })

  it('adds noise of the deviation asked for, about nothing', () => {
    const even = grey(200, ...Array<number>(200 * 200).fill(128))
    const noise = apply(even, { noise: 0.1 }).map((value) => value - 128)
    const mean = noise.reduce((a, b) => a + b) / noise.length
    const deviation = Math.sqrt(noise.reduce((sum, v) => sum + (v - mean) ** 2, 0) / noise.length)
    // 40,000 draws: the mean strays by 0.13 and the deviation by 0.09 levels.
    expect(Math.abs(mean)).toBeLessThan(0.6)
    expect(Math.abs(deviation - 25.5)).toBeLessThan(0.6)
  })
})
