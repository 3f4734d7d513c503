import { describe, expect, it } from 'vitest'
import { resample, StreamResampler } from './resample.js'

const tone = (hz: number, rate: number, samples: number) =>
  Float32Array.from({ length: samples }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate))

/** Amplitude at a frequency, and the level of everything else relative to a full-scale tone, away from the ends. */
function analyse(signal: Float32Array, hz: number, rate: number): { amplitude: number; restDb: number } {
  const periods = Math.floor(((signal.length - 2000) * hz) / rate)
  const count = Math.round((periods * rate) / hz)
  let re = 0
  let im = 0
  let energy = 0
  for (let i = 1000; i < 1000 + count; i++) {
    const value = signal[i] ?? 0
    re += value * Math.cos((2 * Math.PI * hz * i) / rate)
    im += value * Math.sin((2 * Math.PI * hz * i) / rate)
    energy += value * value
  }
  const amplitude = (2 * Math.hypot(re, im)) / count
  return { amplitude, restDb: 10 * Math.log10(Math.max(1e-20, energy / count - amplitude ** 2 / 2) / 0.5) }
}

describe('resample', () => {
  it.each([
    [44100, 16000],
    [16000, 8000],
    [8000, 16000],
    [192000, 16000],
    [11025, 8000],
    [48000, 44100],
  ])('keeps tones below 0.85 of the half rate: %i → %i Hz', (from, to) => {
    const half = Math.min(from, to) / 2
    for (const hz of [200, 0.4 * half, 0.85 * half].map(Math.round)) {
      const { amplitude, restDb } = analyse(resample(tone(hz, from, from), from, to), hz, to)
      expect(amplitude).toBeCloseTo(1, 3)
      expect(restDb).toBeLessThan(-70)
    }
  })

  it.each([
    [44100, 16000, 9000],
    [44100, 16000, 12000],
    [16000, 8000, 4400],
    [192000, 8000, 50000],
  ])('lets nothing fold back: %i → %i Hz of a tone at %i Hz', (from, to, hz) => {
    const out = resample(tone(hz, from, from), from, to).subarray(1000, -1000)
    const rms = Math.sqrt(out.reduce((sum, value) => sum + value * value, 0) / out.length)
    expect(20 * Math.log10(rms)).toBeLessThan(-75)
  })

  it('gives the rounded length, keeps a constant, and returns equal rates as they are', () => {
    const ones = new Float32Array(1001).fill(1)
    expect(resample(ones, 44100, 16000)).toHaveLength(Math.round((1001 * 16000) / 44100))
    expect(resample(ones, 8000, 16000)[1000]).toBeCloseTo(1, 6)
    expect(resample(ones, 8000, 8000)).toBe(ones)
    expect(resample(new Float32Array(0), 8000, 16000)).toHaveLength(0)
  })

  it('names the argument that is wrong', () => {
    expect(() => resample(new Float32Array(1), 0, 8000)).toThrow(/for fromHz, received 0/)
  })
})

describe('StreamResampler', () => {
  it.each([
    [44100, 16000],
    [8000, 16000],
    [48000, 16000],
    [16000, 16000],
  ])('gives bit by bit what resample gives at once: %i → %i Hz', (from, to) => {
    const whole = tone(440, from, 5000)
    const stream = new StreamResampler(from, to)
    const parts: number[] = []
    for (let at = 0, size = 1; at < whole.length; at += size, size = (size * 3) % 701) {
      parts.push(...stream.push(whole.subarray(at, at + size)))
    }
    parts.push(...stream.end())
    expect(Float32Array.from(parts)).toEqual(resample(whole, from, to))
  })
})
