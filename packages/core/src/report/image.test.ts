import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { encodePng, finiteRange, heatMapPng, mapColour, toDataUri } from './image.js'

/** Levels of 255 by which the polynomial fits may differ from matplotlib's tables. */
const LEVELS = 6

describe('colour maps', () => {
  // matplotlib 3.10: matplotlib.colormaps[name](t, bytes=True)
  it.each([
    ['viridis', 0, [68, 1, 84]],
    ['viridis', 0.5, [32, 144, 140]],
    ['viridis', 1, [253, 231, 36]],
    ['magma', 0, [0, 0, 3]],
    ['magma', 0.5, [183, 55, 121]],
    ['magma', 1, [251, 252, 191]],
  ] as const)('%s at %d', (map, t, wanted) => {
    mapColour(map, t).forEach((level, at) => expect(Math.abs(level - (wanted[at] ?? 0))).toBeLessThanOrEqual(LEVELS))
  })

  it.each(['viridis', 'magma', 'grey'] as const)('%s grows lighter all the way and holds at its ends', (map) => {
    const light = Array.from({ length: 65 }, (_, at) => {
      const [r, g, b] = mapColour(map, at / 64)
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    })
    light.slice(1).forEach((value, at) => expect(value).toBeGreaterThanOrEqual((light[at] ?? 0) - 0.8))
    expect(mapColour(map, 7)).toEqual(mapColour(map, 1))
    expect(mapColour(map, NaN)).toEqual(mapColour(map, 0))
  })
})

describe('PNG', () => {
  it('gives back the pixels it was given', async () => {
    const pixels = Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    const png = await encodePng(pixels, 3, 2)
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height, info.channels]).toEqual([3, 2, 3])
    expect(Array.from(data)).toEqual(Array.from(pixels))
    expect(toDataUri(png)).toMatch(/^data:image\/png;base64,iVBORw0KGgo/)
    await expect(encodePng(pixels, 4, 2)).rejects.toThrow(
      'encoding a PNG: expected 1, 3 or 4 bytes for each of 4 x 2 pixels',
    )
  })

  it('draws time to the right and the first feature at the bottom', async () => {
    // Two steps, three features: [0 1 2] then [3 4 5].
    const png = await heatMapPng([0, 1, 2, 3, 4, 5], 2, 3, { map: 'grey' })
    const { data, info } = await sharp(png).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([2, 3])
    const grey = Array.from({ length: 6 }, (_, at) => data[at * info.channels])
    expect(grey).toEqual([102, 255, 51, 204, 0, 153])
  })

  it('bears values that are all alike, missing or infinite', async () => {
    expect(finiteRange([NaN, 3, -Infinity, 1])).toEqual([1, 3])
    expect(finiteRange([NaN])).toEqual([0, 1])
    await heatMapPng([NaN, 5, Infinity, 5], 2, 2, { scale: 3 })
    await expect(heatMapPng([], 0, 0)).rejects.toThrow('drawing a heat map')
  })
})
