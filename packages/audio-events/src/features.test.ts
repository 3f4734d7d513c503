import { describe, expect, it } from 'vitest'
import golden from './golden/mel.json' with { type: 'json' }
import { hzToMel, melToHz, Spectrogram } from './features.js'
import { GOLDEN_SAMPLES as samples, GOLDEN_SPECTROGRAM as options } from './testing/golden-sound.js'

/** Golden values have 4 digits; filters and powers are float64 here, the result float32. */
const TOLERANCE_DIGITS = 3

function expectRows(spectrogram: Spectrogram, wanted: number[][]): void {
  const { values, frames, width } = spectrogram.compute(samples)
  expect(frames).toBe(golden.frames)
  wanted.forEach((row, i) => {
    row.forEach((value, band) => expect(values[6 * i * width + band]).toBeCloseTo(value, TOLERANCE_DIGITS))
  })
}

describe('Spectrogram', () => {
  it('agrees with librosa', () => {
    expectRows(new Spectrogram(options), golden.logMel)
  })

  it('agrees with librosa with pre-emphasis, a longer transform and a band of frequencies', () => {
    const other = { ...options, melBands: 12, minHz: 100, maxHz: 3500, fftSize: 512, preEmphasis: 0.97 }
    expectRows(new Spectrogram(other), golden.preEmphasis)
  })

  it('puts a tone into the band that holds its frequency', () => {
    const spectrogram = new Spectrogram(options)
    for (const hz of [250, 1000, 2500]) {
      const tone = Float32Array.from({ length: 800 }, (_, i) => Math.sin((2 * Math.PI * hz * i) / 8000))
      const row = [...spectrogram.compute(tone).values.subarray(0, 16)]
      const step = hzToMel(4000) / 17
      const centre = melToHz(step * (row.indexOf(Math.max(...row)) + 1))
      expect(Math.abs(hzToMel(centre) - hzToMel(hz))).toBeLessThanOrEqual(step / 2 + 1e-9)
    }
  })

  it('gives one frame for a sound shorter than the window and the floor for silence', () => {
    const { values, frames } = new Spectrogram(options).compute(new Float32Array(3))
    expect(frames).toBe(1)
    expect([...values]).toEqual(new Array(16).fill(-100))
  })

  it('computes a frame by itself as within the whole', () => {
    const spectrogram = new Spectrogram({ ...options, preEmphasis: 0.97 })
    const whole = spectrogram.compute(samples)
    const row = new Float32Array(16)
    const part = samples.subarray(3 * 80, 3 * 80 + 200)
    spectrogram.frameInto(part, 0, samples[3 * 80 - 1] ?? 0, row)
    expect(row).toEqual(whole.values.slice(3 * 16, 4 * 16))
  })

  it('appends descriptors, which are numbers for silence too', () => {
    const spectrogram = new Spectrogram({
      ...options,
      descriptors: ['rms', 'zcr', 'spectralCentroid', 'spectralFlatness'],
    })
    const tone = Float32Array.from({ length: 400 }, (_, i) => Math.sin((2 * Math.PI * 1000 * i) / 8000))
    const { values, width } = spectrogram.compute(tone)
    expect(width).toBe(20)
    expect(values[16]).toBeCloseTo(Math.SQRT1_2, 2)
    expect(values[17]).toBeCloseTo(50, -1) // two crossings a period, 25 periods
    expect(values[18]).toBeCloseTo(32, 0) // bin 32 of 256
    expect([...spectrogram.compute(new Float32Array(400)).values.subarray(16, 20)]).toEqual([0, 0, 0, 0])
  })

  it.each([
    [{ melBands: 200 }, /at least one frequency in each mel band, received none between/],
    [{ fftSize: 128 }, /fftSize of at least the window's 200 samples, received 128/],
    [{ fftSize: 300 }, /a power of two of at least 4 for fftSize, received 300/],
    [{ maxHz: 5000 }, /minHz < maxHz <= 4000/],
  ])('refuses %o', (change, message) => {
    expect(() => new Spectrogram({ ...options, ...change })).toThrow(message)
  })
})
