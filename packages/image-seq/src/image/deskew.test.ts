import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { deskew, skewDegrees } from './deskew.js'
import golden from '../golden/images.json' with { type: 'json' }
import type { Raster } from './raster.js'

/** What the profile of sampled pixels and the Radon transform may differ by. */
const TOLERANCE_DEGREES = 0.4

const skewed = golden.skewed.map((item) => ({
  ...item,
  image: {
    pixels: new Uint8Array(inflateSync(Buffer.from(item.pixels, 'base64'))),
    width: golden.textWidth,
    height: golden.textHeight,
    channels: 1,
  } satisfies Raster,
}))

/** A bar that falls to the right by `degrees`. */
function bar(degrees: number, ink: number, paper: number): Raster {
  const [width, height] = [160, 90]
  const slope = Math.tan((degrees * Math.PI) / 180)
  const pixels = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [(i % width) - 80, Math.floor(i / width) - 45]
    return Math.abs(x) < 60 && Math.abs(y - slope * x) < 5 ? ink : paper
  })
  return { pixels, width, height, channels: 1 }
}

describe('skewDegrees', () => {
  it.each(skewed)(
    'finds lines of text turned by $turnedBy degrees, as the Radon transform does',
    ({ turnedBy, radon, image }) => {
      expect(Math.abs(skewDegrees(image) - turnedBy)).toBeLessThan(TOLERANCE_DEGREES)
      expect(Math.abs(skewDegrees(image) - radon)).toBeLessThan(TOLERANCE_DEGREES)
    },
  )

  it.each([-12, -5, -1.5, 0, 3, 9.5])('finds a bar turned by %d degrees, dark or light', (degrees) => {
    expect(Math.abs(skewDegrees(bar(degrees, 20, 230)) - degrees)).toBeLessThan(TOLERANCE_DEGREES)
    expect(skewDegrees(bar(degrees, 230, 20))).toBe(skewDegrees(bar(degrees, 20, 230)))
  })

  it('leaves alone what has no lines or is turned too far', () => {
    expect(skewDegrees({ pixels: new Uint8Array(400).fill(77), width: 20, height: 20, channels: 1 })).toBe(0)
    expect(skewDegrees(bar(30, 0, 255))).toBe(0)
  })
})

describe('deskew', () => {
  it.each(skewed)('leaves nothing to turn after $turnedBy degrees', ({ image }) => {
    expect(Math.abs(skewDegrees(deskew(image).image))).toBeLessThan(TOLERANCE_DEGREES)
  })

  it('keeps the ink, the margins and the background', () => {
    const before = bar(8, 30, 220)
    const { image, degrees } = deskew(before)
    expect(degrees).toBeCloseTo(8, 0)
    const ink = (raster: Raster) => raster.pixels.reduce((sum, value) => sum + (220 - value), 0)
    expect(ink(image) / ink(before)).toBeCloseTo(1, 1)
    expect([image.pixels[0], image.pixels.at(-1)]).toEqual([220, 220])
    expect(image.width - before.width).toBeLessThan(6) // the bar is 1 / cos 8° longer than its box was wide
    expect(image.height).toBeLessThan(before.height - 10) // and its box was higher than it
  })

  it('tells where columns stood', () => {
    const before = bar(8, 30, 220)
    for (let i = 110; i < 160 * 90; i += 160) if (before.pixels[i] === 30) before.pixels[i] = 120 // an upright mark
    const { image, scale, offset } = deskew(before)
    const row = Math.floor(image.height / 2) * image.width
    const line = [...image.pixels.subarray(row + 80, row + 130)] // within the bar, along its middle
    const at = 80 + line.indexOf(Math.max(...line))
    expect(Math.abs(offset + scale * (at + 0.5) - 110.5)).toBeLessThan(1.5)
  })

  it('keeps the channels together', () => {
    const grey = bar(6, 40, 200)
    const pixels = new Uint8Array(3 * grey.pixels.length).map(
      (_, i) => (grey.pixels[Math.floor(i / 3)] ?? 0) - (i % 3) * 20,
    )
    const { image } = deskew({ ...grey, pixels, channels: 3 })
    expect(image.channels).toBe(3)
    for (let i = 0; i < image.pixels.length; i += 3) {
      const [r = 0, g = 0, b = 0] = image.pixels.subarray(i, i + 3)
      expect(Math.abs(r - g - 20) + Math.abs(g - b - 20)).toBeLessThanOrEqual(2)
    }
  })
})
