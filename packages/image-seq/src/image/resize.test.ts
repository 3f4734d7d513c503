import { inflateSync } from 'node:zlib'
import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import golden from '../golden/images.json' with { type: 'json' }
import type { Raster } from './raster.js'
import { fitInto, resize } from './resize.js'

const unpack = (text: string) => new Uint8Array(inflateSync(Buffer.from(text, 'base64')))
const page: Raster = { pixels: unpack(golden.page), width: golden.width, height: golden.height, channels: 1 }
const furthest = (got: Uint8Array, wanted: ArrayLike<number>) => {
  expect(got).toHaveLength(wanted.length)
  return got.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted[i] ?? NaN))), 0)
}

describe('resize', () => {
  it('takes means of areas, by hand', () => {
    const pixels = Uint8Array.of(0, 90, 30)
    expect(resize({ pixels, width: 3, height: 1, channels: 1 }, 2, 1).pixels).toEqual(Uint8Array.of(30, 50))
  })

  it('shrinks as scikit-image does', () => {
    expect(furthest(resize(page, golden.smallWidth, golden.smallHeight).pixels, golden.small)).toBeLessThan(0.52) // rounding
  })

  it('enlarges as Pillow does', () => {
    const wanted = unpack(golden.large)
    expect(furthest(resize(page, golden.largeWidth, golden.largeHeight).pixels, wanted)).toBeLessThanOrEqual(1) // it rounds twice
  })

  it.each([
    [1, 1],
    [1, 50],
    [7, 3],
    [40, 23],
    [37, 5],
    [100, 2],
  ])('keeps flat images flat and the channels apart, to %d x %d', (width, height) => {
    const pixels = new Uint8Array(37 * 23 * 3).map((_, i) => [250, 3, 128][i % 3] ?? 0)
    const out = resize({ pixels, width: 37, height: 23, channels: 3 }, width, height)
    expect(out.pixels).toHaveLength(width * height * 3)
    out.pixels.forEach((value, i) => expect(value).toBe([250, 3, 128][i % 3]))
  })

  it('keeps the mean when it shrinks by whole factors', () => {
    const random = new Random(5)
    const pixels = Uint8Array.from({ length: 24 * 12 }, () => random.int(256))
    const mean = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length
    const out = resize({ pixels, width: 24, height: 12, channels: 1 }, 6, 4)
    expect(Math.abs(mean(out.pixels) - mean(pixels))).toBeLessThan(0.5)
  })
})

describe('fitInto', () => {
  const bar: Raster = { pixels: new Uint8Array(20 * 10).fill(200), width: 20, height: 10, channels: 1 }
  bar.pixels.fill(0, 4 * 20 + 8, 4 * 20 + 12)

  it('is as wide as the shape says', () => {
    const { image, left, columns } = fitInto(bar, { height: 5, width: 0 })
    expect([image.width, image.height, left, columns]).toEqual([10, 5, 0, 10])
  })

  it.each([
    [30, 10, 5, 20],
    [31, 10, 5, 20],
    [10, 10, 0, 10],
    [20, 40, 0, 20],
  ])('pads with the background and never squeezes, to %d x %d', (width, height, left, columns) => {
    const fitted = fitInto(bar, { width, height })
    expect([fitted.image.width, fitted.image.height, fitted.left, fitted.columns]).toEqual([
      width,
      height,
      left,
      columns,
    ])
    expect(fitted.image.pixels[0]).toBe(200)
    expect(fitted.image.pixels.at(-1)).toBe(200)
    expect(Math.min(...fitted.image.pixels)).toBeLessThan(150)
  })
})
