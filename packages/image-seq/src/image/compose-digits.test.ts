import { describe, expect, it } from 'vitest'
import { composeDigits, STRING_HEIGHT } from './compose-digits.js'
import type { Raster } from './raster.js'

/** A white bar in a black field of 28 x 28. */
function bar(width: number, height: number): Raster {
  const pixels = new Uint8Array(28 * 28)
  for (let y = 0; y < height; y++) pixels.fill(255, (y + 3) * 28 + 5, (y + 3) * 28 + 5 + width)
  return { pixels, width: 28, height: 28, channels: 1 }
}

/** First and last column of each stretch of columns that have a bright pixel. */
function stretches({ pixels, width, height }: Raster): [number, number][] {
  const found: [number, number][] = []
  for (let x = 0; x < width; x++) {
    let brightest = 0
    for (let y = 0; y < height; y++) brightest = Math.max(brightest, pixels[y * width + x] ?? 0)
    if (brightest < 128) continue
    const last = found.at(-1)
    if (last?.[1] === x - 1) last[1] = x
    else found.push([x, x])
  }
  return found
}
const seeds = Array.from({ length: 200 }, (_, seed) => seed)

describe('composeDigits', () => {
  it('is a function of the digits and the seed', () => {
    const digits = [bar(4, 20), bar(10, 20)]
    expect(composeDigits(digits, 3)).toEqual(composeDigits(digits, 3))
    expect(composeDigits(digits, 3)).not.toEqual(composeDigits(digits, 4))
    expect(composeDigits(digits, 3)).not.toEqual(composeDigits(digits.toReversed(), 3))
  })

  it('draws the digits whole, within 32 rows, with a margin', () => {
    for (const seed of seeds) {
      const drawn = composeDigits([bar(8, 20)], seed)
      expect(drawn).toMatchObject({ height: STRING_HEIGHT, channels: 1 })
      expect(drawn.pixels).toHaveLength(STRING_HEIGHT * drawn.width)
      const [[first, last] = [0, 0], ...more] = stretches(drawn)
      expect(more).toEqual([])
      expect(first).toBeGreaterThanOrEqual(1)
      expect(last).toBeLessThanOrEqual(drawn.width - 2)
      // 8 x 20 pixels of ink at a scale of 0.75 to 1.51; edges and noise move the sum by less than a tenth.
      const ink = drawn.pixels.reduce((sum, value) => sum + (value >= 128 ? value : 0), 0) / 255
      expect(ink).toBeGreaterThan(160 * 0.75 ** 2 * 0.85)
      expect(ink).toBeLessThan(160 * 1.512 ** 2 * 1.1)
    }
  })

  it('keeps narrow digits apart enough for a network to count them', () => {
    for (const seed of seeds) {
      const found = stretches(
        composeDigits(
          Array.from({ length: 8 }, () => bar(3, 20)),
          seed,
        ),
      )
      expect(found).toHaveLength(8)
      const advances = found.slice(1).map(([first], i) => first - (found[i]?.[0] ?? 0))
      expect(Math.min(...advances)).toBeGreaterThanOrEqual(9)
    }
  })

  it('lets wide digits touch or overlap, and stand far apart', () => {
    const touching = seeds.map((seed) => stretches(composeDigits([bar(16, 20), bar(16, 20)], seed)).length === 1)
    const share = touching.filter(Boolean).length / seeds.length
    expect(share).toBeGreaterThan(0.05)
    expect(share).toBeLessThan(0.4)
    const widths = seeds.map((seed) => composeDigits([bar(16, 20), bar(16, 20)], seed).width)
    expect(Math.max(...widths) / Math.min(...widths)).toBeGreaterThan(1.7)
  })

  it('fits a digit higher than the string', () => {
    for (const seed of seeds.slice(0, 20)) {
      const { pixels, height } = composeDigits([bar(5, 25)], seed)
      expect(height).toBe(STRING_HEIGHT)
      expect(pixels.some((value) => value > 200)).toBe(true)
    }
  })

  it('names a digit without ink', () => {
    expect(() => composeDigits([bar(3, 20), bar(3, 0)], 1)).toThrow(
      'drawing a string of digits: expected ink for digit 2, received "an empty image"',
    )
  })
})
