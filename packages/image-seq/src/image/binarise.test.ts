import { inflateSync } from 'node:zlib'
import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import { binarise, otsuThreshold, sauvolaThresholds, stretchContrast } from './binarise.js'
import golden from '../golden/images.json' with { type: 'json' }
import type { Raster } from './raster.js'

const page = new Uint8Array(inflateSync(Buffer.from(golden.page, 'base64')))
const { width, height } = golden
const grey = (w: number, h: number, value: (x: number, y: number) => number): Raster => ({
  pixels: Uint8Array.from({ length: w * h }, (_, i) => value(i % w, Math.floor(i / w))),
  width: w,
  height: h,
  channels: 1,
})

describe('otsuThreshold', () => {
  it('parts two values, by hand', () => {
    expect(otsuThreshold(Uint8Array.of(10, 10, 10, 200, 200))).toBe(10)
    expect(otsuThreshold(Uint8Array.of(7, 7))).toBe(7)
  })

  it('agrees with scikit-image', () => expect(otsuThreshold(page)).toBe(golden.otsu))
})

describe('sauvolaThresholds', () => {
  it('agrees with scikit-image, edges included', () => {
    const thresholds = sauvolaThresholds(page, width, height, { window: golden.sauvolaWindow, k: 0.2, range: 128 })
    const furthest = Math.max(...golden.sauvola.map((value, i) => Math.abs(value - (thresholds[i] ?? NaN))))
    expect(furthest).toBeLessThan(0.01) // the file holds two digits
  })

  it.each([
    [1, 1],
    [1, 9],
    [9, 1],
    [2, 3],
    [5, 40],
  ])('gives (1 - k) of the value of a flat image of %d x %d, smaller than the window', (w, h) => {
    const thresholds = sauvolaThresholds(new Uint8Array(w * h).fill(100), w, h, { window: 15, k: 0.2, range: 128 })
    for (const threshold of thresholds) expect(threshold).toBeCloseTo(80, 4)
  })
})

describe('binarise', () => {
  // Light falls off to the right by more than ink differs from paper.
  const paper = (x: number) => 250 - 2 * x
  const isInk = (x: number, y: number) => y >= 10 && y < 13 && x % 12 < 6
  const uneven = grey(96, 24, (x, y) => paper(x) - (isInk(x, y) ? 50 : 0))

  it.each([false, true])('finds ink in uneven light with sauvola where otsu does not, dark background %s', (dark) => {
    const given = dark ? { ...uneven, pixels: uneven.pixels.map((value) => 255 - value) } : uneven
    const wrong = (method: 'otsu' | 'sauvola') =>
      binarise(given, method).pixels.filter(
        (value, i) => (value === (dark ? 255 : 0)) !== isInk(i % 96, Math.floor(i / 96)),
      ).length
    expect(wrong('sauvola')).toBeLessThan(20)
    expect(wrong('otsu')).toBeGreaterThan(400)
  })

  it('leaves black and white as it is, in three channels too', () => {
    const random = new Random(3)
    const two = grey(20, 9, () => 255 * random.int(2))
    expect(binarise(two, 'otsu').pixels).toEqual(two.pixels)
    const rgb: Raster = {
      ...two,
      channels: 3,
      pixels: Uint8Array.from({ length: 540 }, (_, i) => two.pixels[Math.floor(i / 3)] ?? 0),
    }
    expect(binarise(rgb, 'otsu').pixels).toEqual(rgb.pixels)
  })
})

describe('stretchContrast', () => {
  it('brings the half percent at each end to black and white', () => {
    const ramp = grey(100, 10, (x) => 50 + x)
    const { pixels } = stretchContrast(ramp)
    expect([pixels[0], pixels[99]]).toEqual([0, 255])
    for (let x = 1; x < 100; x++) expect(pixels[x]).toBeGreaterThanOrEqual(pixels[x - 1] ?? 0)
  })

  it('is not misled by single pixels', () => {
    const ramp = grey(100, 10, (x, y) => (x === 50 && y === 5 ? 255 : x === 51 && y === 5 ? 0 : 60 + x))
    expect(stretchContrast(ramp).pixels[99]).toBe(255)
  })

  it('leaves a blank image alone', () => {
    const blank = grey(10, 10, (x) => 200 + (x % 3))
    expect(stretchContrast(blank)).toBe(blank)
  })
})
