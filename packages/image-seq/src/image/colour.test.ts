import { describe, expect, it } from 'vitest'
import { borderColour, isDark, negative, toColour } from './colour.js'
import golden from '../golden/images.json' with { type: 'json' }
import type { Raster } from './raster.js'

const rgb = (...values: number[]): Raster => ({
  pixels: Uint8Array.from(values),
  width: values.length / 3,
  height: 1,
  channels: 3,
})

describe('toColour', () => {
  it('makes the grey that Pillow makes', () => {
    expect([...toColour(rgb(...golden.colours), 'grey').pixels]).toEqual(golden.greys)
  })

  it('gives every grey back after a detour through colour', () => {
    const all: Raster = { pixels: Uint8Array.from({ length: 256 }, (_, i) => i), width: 16, height: 16, channels: 1 }
    const there = toColour(all, 'rgb')
    expect(there.pixels.slice(3, 9)).toEqual(Uint8Array.of(1, 1, 1, 2, 2, 2))
    expect(toColour(there, 'grey')).toEqual(all)
    expect(toColour(all, 'grey')).toBe(all)
  })
})

describe('borderColour', () => {
  it('is the median along the edges, each pixel once', () => {
    // The five of the middle are no border; of the twelve others 7 are 9.
    const pixels = Uint8Array.of(9, 9, 9, 9, 9, 1, 5, 5, 5, 9, 9, 1, 1, 1, 1)
    expect(borderColour({ pixels, width: 5, height: 3, channels: 1 })).toEqual(Uint8Array.of(9))
  })

  it.each([
    [1, 4],
    [4, 1],
    [1, 1],
    [2, 2],
  ])('works at %d x %d', (width, height) => {
    const pixels = new Uint8Array(3 * width * height).map((_, i) => [200, 10, 60][i % 3] ?? 0)
    expect(borderColour({ pixels, width, height, channels: 3 })).toEqual(Uint8Array.of(200, 10, 60))
  })

  it('tells dark from light, and the negative turns one into the other', () => {
    const dark = rgb(0, 0, 200, 0, 0, 200)
    expect(isDark(dark)).toBe(true)
    expect(isDark(negative(dark))).toBe(false)
    expect(negative(negative(dark))).toEqual(dark)
  })
})
