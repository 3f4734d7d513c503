import { describe, expect, it } from 'vitest'
import { Normaliser } from '@weft/core/data'
import { ImageInput } from './features.js'
import type { PreparedItem } from './features/image-worker.js'
import { PADDING } from './network.js'

/** An image of rows of pixel values. */
function image(width: number, pixels: number[], channels: 1 | 3 = 1, frames = 1): PreparedItem {
  const height = pixels.length / (width * channels * frames)
  return {
    pixels: Uint8Array.from(pixels),
    frames,
    height,
    width,
    channels,
    scale: 1,
    offset: 0,
    digest: '',
    warnings: [],
  }
}

describe('ImageInput', () => {
  it('scales each channel by its own mean and deviation', () => {
    const input = new ImageInput(new Normaliser([100, 0, 50], [50, 100, 25]), 3, false)
    const { data, shape } = input.of(image(1, [100, 0, 50, 150, 200, 0], 3))
    expect(shape).toEqual([2, 1, 3])
    expect(Array.from(data)).toEqual([0, 0, 0, 1, 2, -2])
  })

  it('pads narrower images on the right, and lets equal ones be', () => {
    const input = new ImageInput(new Normaliser([0], [1]), 1, false)
    const equal = input.batch([image(2, [1, 2, 3, 4]), image(2, [5, 6, 7, 8])])
    expect(equal.shape).toEqual([2, 2, 2, 1])
    const batch = input.batch([image(1, [1, 2]), image(2, [5, 6, 7, 8])])
    expect(batch.shape).toEqual([2, 2, 32, 1])
    expect(Array.from(batch.dataSync().slice(0, 34))).toEqual([1, ...Array(31).fill(PADDING), 2, PADDING])
  })

  it('pads sequences at their end, frame by frame', () => {
    const input = new ImageInput(new Normaliser([0], [1]), 1, true)
    const batch = input.batch([image(1, [1, 2], 1, 1), image(1, [3, 4, 5, 6], 1, 2)])
    expect(batch.shape).toEqual([2, 2, 2, 1, 1])
    expect(Array.from(batch.dataSync())).toEqual([1, 2, PADDING, PADDING, 3, 4, 5, 6])
  })
})
