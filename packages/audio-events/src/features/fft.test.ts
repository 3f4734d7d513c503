import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import { RealFft } from './fft.js'

describe('RealFft', () => {
  it.each([4, 8, 64, 512])('is the defining sum for %i samples', (size) => {
    const random = new Random(size)
    const frame = Float64Array.from({ length: size }, () => random.normal())
    const fft = new RealFft(size)
    const power = new Float64Array(fft.bins)
    fft.powerSpectrum(frame, power)
    for (let k = 0; k < fft.bins; k++) {
      let re = 0
      let im = 0
      frame.forEach((value, n) => {
        re += value * Math.cos((2 * Math.PI * k * n) / size)
        im -= value * Math.sin((2 * Math.PI * k * n) / size)
      })
      expect(power[k]).toBeCloseTo(re * re + im * im, 8)
    }
  })

  it('refuses other sizes', () => {
    expect(() => new RealFft(48)).toThrow(/expected a power of two of at least 4 for fftSize, received 48/)
  })
})
