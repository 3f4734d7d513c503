import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeNative, expectNativeCalls, nativeAvailable, onBoth } from '../testing/native.js'
import { dropoutMask } from './dropout.js'

const COUNT = 100_000

describe.each(nativeAvailable() ? ['cpu', 'native'] : ['cpu'])('dropoutMask on %s', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))
  const draw = (keep: number, seed: number, shape = [COUNT]) => Array.from(dropoutMask(shape, keep, seed).dataSync())

  it('is 0 or 1 / keepProbability, kept as often as asked', () => {
    for (const keep of [0.1, 0.5, 0.9]) {
      const mask = draw(keep, 7)
      expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / keep)]))
      const share = mask.filter((value) => value > 0).length / COUNT
      // Five standard deviations of a binomial share.
      expect(Math.abs(share - keep)).toBeLessThan(5 * Math.sqrt((keep * (1 - keep)) / COUNT))
    }
    expect(new Set(draw(1, 7))).toEqual(new Set([1]))
  })

  it('is the same for the same seed, and independent of that of another, or of a neighbour', () => {
    const agreement = (a: number[], b: number[]) => a.filter((value, i) => value === b[i]).length / a.length
    const first = draw(0.5, 1)
    expect(draw(0.5, 1)).toEqual(first)
    for (const other of [
      draw(0.5, 2),
      draw(0.5, 2 ** 31),
      draw(0.5, -1),
      first.slice(1),
      first.slice(2),
      first.slice(64),
    ])
      expect(Math.abs(agreement(other, first) - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / COUNT) + 1e-3)
  })

  it('has the shape asked for, and refuses what is no probability', () => {
    expect(dropoutMask([2, 3, 4], 0.5, 1).shape).toEqual([2, 3, 4])
    expect(draw(0.5, 1, [0])).toEqual([])
    expect(() => dropoutMask([2], 0, 1)).toThrow('expected a number in (0, 1] for keepProbability, received 0')
    expect(() => dropoutMask([2], NaN, 1)).toThrow(RangeError)
  })
})

describeNative('dropoutMask, reference and native', () => {
  it('have the same bits', async () => {
    const all = () =>
      [1, 3, 15, 16, 17, 70_001].flatMap((size) =>
        [1, 123456789, 4294967295].map((seed) => dropoutMask([size], 0.7, seed)),
      )
    const { reference, native } = await expectNativeCalls(['DropoutMask'], () => onBoth(all))
    expect(native).toEqual(reference)
  })
})
