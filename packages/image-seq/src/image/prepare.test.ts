import { Random } from '@weft/core/runtime'
import { UserError } from '@weft/core/errors'
import { resolveOptions } from '@weft/core/cli'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { imageOptions } from '../options/image.js'
import type { ImageOptions } from '../options/image.js'
import { prepareImage, prepareRaster } from './prepare.js'
import type { Raster } from './raster.js'

const options = (given: Partial<ImageOptions> = {}) => resolveOptions(imageOptions, given)

/** Light paper with an upright dark stroke of 4 columns from `x`. */
function stroke(width: number, height: number, x: number, channels: 1 | 3 = 1): Raster {
  const isInk = (i: number) => Math.abs((Math.floor(i / channels) % width) - x - 1.5) < 2
  const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) => (isInk(i) ? 20 : 230))
  return { pixels, width, height, channels }
}

/** The middle of the darkest columns of the middle row. */
function darkest({ pixels, width, height, channels }: Raster): number {
  const row = Array.from({ length: width }, (_, x) => 255 - (pixels[((height >> 1) * width + x) * channels] ?? 0))
  const ink = row.map((value) => Math.max(0, value - 60))
  return ink.reduce((sum, value, x) => sum + value * (x + 0.5), 0) / ink.reduce((sum, value) => sum + value, 0)
}

describe('prepareRaster', () => {
  it('gives back the same object when there is nothing to do', () => {
    const digit: Raster = { pixels: new Uint8Array(784), width: 28, height: 28, channels: 1 }
    expect(prepareRaster(digit, options({ height: 28 }))).toEqual({ image: digit, scale: 1, offset: 0 })
    expect(prepareRaster(digit, options({ height: 28, width: 28, background: 'dark' })).image).toBe(digit)
  })

  it.each([
    [200, 64, 0],
    [200, 64, 100],
    [200, 64, 61],
    [200, 64, 400],
    [90, 20, 0],
    [333, 47, 96],
  ])('has the size asked for and tells where columns stood: %d x %d, width %d', (width, height, asked) => {
    for (const x of [5, 40, width - 9]) {
      const { image, scale, offset } = prepareRaster(stroke(width, height, x, 3), options({ width: asked }))
      expect([image.width, image.height, image.channels]).toEqual([asked || Math.round((width * 32) / height), 32, 1])
      expect(image.pixels).toHaveLength(image.width * 32)
      expect(Math.abs(offset + scale * darkest(image) - (x + 2))).toBeLessThan(0.6)
    }
  })

  it.each([
    ['dark', 235, 25],
    ['light', 20, 230],
    ['keep', 20, 230],
  ] as const)('makes the background %s', (background, ink, paper) => {
    const { pixels } = prepareRaster(stroke(60, 32, 30), options({ background })).image
    expect([pixels[31], pixels[0]]).toEqual([ink, paper])
    const dark = { ...stroke(60, 32, 30), pixels: stroke(60, 32, 30).pixels.map((value) => 255 - value) }
    const same = prepareRaster(dark, options({ background })).image.pixels
    if (background === 'keep') expect(same).toEqual(dark.pixels)
    else expect(same).toEqual(pixels)
  })

  it('stretches, binarises and turns level when asked', () => {
    const { image } = prepareRaster(stroke(60, 32, 30), options({ contrast: 'stretch' }))
    expect([Math.min(...image.pixels), Math.max(...image.pixels)]).toEqual([0, 255])
    for (const binarise of ['otsu', 'sauvola'] as const) {
      const made = prepareRaster(stroke(60, 32, 30), options({ binarise })).image
      expect([made.pixels[0], made.pixels[31]]).toEqual([255, 0])
    }
    const slanted = stroke(160, 90, 0)
    slanted.pixels.forEach((_, i) => {
      slanted.pixels[i] = Math.abs(Math.floor(i / 160) - 30 - 0.14 * (i % 160)) < 6 ? 0 : 255
    })
    const level = prepareRaster(slanted, options({ deskew: true }))
    expect(Math.abs(level.offset + (level.scale * level.image.width) / 2 - 80)).toBeLessThan(4) // the middle stays the middle
    const rows = Array.from({ length: 32 }, (_, y) =>
      level.image.pixels.slice(y * level.image.width, (y + 1) * level.image.width),
    )
    expect(rows.some((row) => row.slice(8, -8).every((value) => value < 60))).toBe(true)
  })

  it.each(['none', 'otsu', 'sauvola'] as const)('gives colour the same shape with %s', (binarise) => {
    const random = new Random(2)
    const noise: Raster = { pixels: Uint8Array.from({ length: 45 * 21 * 3 }, () => random.int(256)), width: 45, height: 21, channels: 3 } // prettier-ignore
    const all = options({ colour: 'rgb', width: 50, binarise, contrast: 'stretch', deskew: true, background: 'dark' })
    const { image } = prepareRaster(noise, all)
    expect([image.width, image.height, image.channels, image.pixels.length]).toEqual([50, 32, 3, 4800])
    expect(noise.pixels[0]).toBe(new Random(2).int(256)) // the input is left as it was
  })

  it('refuses what would become too large', () => {
    const thin: Raster = { pixels: new Uint8Array(4 * 200_000), width: 200_000, height: 4, channels: 1 }
    const make = () => prepareRaster(thin, options({ height: 64 }), 'thin.png')
    expect(make).toThrow(UserError)
    expect(make).toThrow(/preparing thin\.png: expected at most 100 megapixels .* 3200000 wide at height 64/)
  })
})

describe('prepareImage', () => {
  const large = (format: 'jpeg' | 'png', orientation = 1) =>
    sharp(Buffer.from(stroke(1600, 800, 500).pixels), { raw: { width: 1600, height: 800, channels: 1 } })
      .withMetadata({ orientation })
      .toFormat(format)
      .toBuffer()

  it.each(['jpeg', 'png'] as const)('shrinks a large %s while it is decoded, to nearly the same', async (format) => {
    const bytes = await large(format)
    const quick = await prepareImage(bytes, 'x', options())
    const whole = await prepareImage(bytes, 'x', options({ binarise: 'otsu' }))
    expect([quick.image.width, quick.image.height, quick.scale]).toEqual([64, 32, 25])
    expect(whole.scale).toBe(25)
    // A stroke of 4 columns among 25: nearest-neighbour reduction would lose it.
    expect(Math.min(...quick.image.pixels.subarray(0, 64))).toBeLessThan(215)
    expect(
      Math.abs(quick.scale * (quick.image.pixels.indexOf(Math.min(...quick.image.pixels)) + 0.5) - 502),
    ).toBeLessThan(25)
  })

  it('counts columns of the upright image', async () => {
    const { image, scale } = await prepareImage(await large('jpeg', 6), 'x', options({ width: 64 }))
    expect([image.width, image.height]).toEqual([64, 32])
    expect(scale).toBe(50) // 800 x 1600 upright, 16 columns of 64
  })

  it('passes warnings and errors on', async () => {
    const frames = Buffer.from(Array.from({ length: 8 * 16 * 3 }, (_, i) => (i < 192 ? 0 : 200)))
    const gif = await sharp(frames, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } })
      .gif()
      .toBuffer()
    expect((await prepareImage(gif, 'x.gif', options())).warnings).toEqual([
      'it holds 2 frames; only the first is taken',
    ])
    const bytes = await large('png')
    await expect(prepareImage(bytes, 'x.png', options({ maxMegapixels: 1 }))).rejects.toThrow(
      'decoding x.png: expected at most 1 megapixels, received 1600 x 800 (1.3 megapixels)',
    )
  })
})
