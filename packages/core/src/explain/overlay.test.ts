import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { mapColour } from '../report/image.js'
import { resizeMap } from './explanation-map.js'
import { blendMap, overlayPng } from './overlay.js'

const map = { values: Float32Array.from([0, 1]), frames: 1, height: 1, width: 2 }
const grey = { pixels: Uint8Array.from([0, 255]), width: 2, height: 1, channels: 1 as const }
const mix = (colour: readonly number[], level: number, opacity: number) =>
  colour.map((part) => Math.round(opacity * part + (1 - opacity) * level))

describe('blendMap', () => {
  it('mixes the colour of each value with the grey of the image', () => {
    const { pixels, width, height } = blendMap(grey, map, { scale: 1, opacity: 0.5 })
    expect([width, height]).toEqual([2, 1])
    expect(Array.from(pixels)).toEqual([
      ...mix(mapColour('viridis', 0), 0, 0.5),
      ...mix(mapColour('viridis', 1), 255, 0.5),
    ])
    expect(Array.from(blendMap(grey, map, { scale: 1, opacity: 0 }).pixels)).toEqual([0, 0, 0, 255, 255, 255])
  })

  it('takes RGB by its brightness, ranges and other colours', () => {
    const image = { pixels: Uint8Array.from([255, 0, 0, 0, 255, 0]), width: 2, height: 1, channels: 3 as const }
    const { pixels } = blendMap(image, map, { scale: 1, opacity: 0.25, range: [0, 4], colours: 'magma' })
    expect(Array.from(pixels.subarray(0, 3))).toEqual(mix(mapColour('magma', 0), 0.299 * 255, 0.25))
    expect(Array.from(pixels.subarray(3))).toEqual(mix(mapColour('magma', 64 / 255), 0.587 * 255, 0.25))
  })

  it('scales pixels up as they are and the map smoothly', async () => {
    const { pixels, width, height } = blendMap(grey, map, { scale: 3, opacity: 1 })
    expect([width, height]).toEqual([6, 3])
    const row = Array.from({ length: 6 }, (_, x) => Array.from(pixels.subarray(x * 3, x * 3 + 3)))
    const shares = resizeMap(map, 3, 6).values.subarray(0, 6)
    expect(row).toEqual(Array.from(shares, (share) => mapColour('viridis', Math.round(255 * share) / 255)))
    const { info } = await sharp(await overlayPng(grey, map))
      .metadata()
      .then((found) => ({ info: found }))
    expect([info.width, info.height]).toEqual([400, 200])
  })

  it('bears a map of zeros and names what does not fit', () => {
    const zeros = { ...map, values: new Float32Array(2) }
    expect(Array.from(blendMap(grey, zeros, { scale: 1, opacity: 1 }).pixels.subarray(3))).toEqual(
      mapColour('viridis', 0),
    )
    expect(() => blendMap(grey, map, { scale: 1.5 })).toThrow('a positive integer for scale')
    expect(() => blendMap(grey, map, { frame: 1 })).toThrow('an integer from 0 to 0 for frame')
    expect(() => blendMap(grey, map, { opacity: 2 })).toThrow('opacity')
  })
})

describe('resizeMap', () => {
  it('puts a value in the middle of its cell and never goes beyond the values', () => {
    expect(Array.from(resizeMap(map, 1, 4).values)).toEqual([0, 0.25, 0.75, 1])
    const square = { values: Float32Array.from([0, 1, 2, 3]), frames: 1, height: 2, width: 2 }
    expect(Array.from(resizeMap(square, 2, 2).values)).toEqual([0, 1, 2, 3])
    expect(Array.from(resizeMap(square, 1, 1).values)).toEqual([1.5])
    expect(Array.from(resizeMap({ ...map, frames: 2, width: 1 }, 2, 1).values)).toEqual([0, 0, 1, 1])
  })
})
