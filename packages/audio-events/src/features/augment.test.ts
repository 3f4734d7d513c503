import { describe, expect, it } from 'vitest'
import type { Frames } from '../features.js'
import type { AugmentOptions } from '../options/sound.js'
import { augment, cutOrPad } from './augment.js'

const FLOOR = -60
const BANDS = 4

/** Frame t holds t in every band, and 100 + t as a descriptor. */
function ramp(frames: number): Frames {
  const width = BANDS + 1
  const values = Float32Array.from({ length: frames * width }, (_, i) => {
    const t = Math.floor(i / width)
    return i % width === BANDS ? 100 + t : t
  })
  return { values, frames, width }
}

const firstBand = ({ values, width }: Frames) => Array.from(values).filter((_, i) => i % width === 0)

const off: AugmentOptions & { hopMs: number } = {
  augment: true,
  hopMs: 10,
  noise: undefined,
  mixup: 0,
  speedChange: 0,
  pitchShiftBands: 0,
  gainDb: 0,
  roll: false,
  timeShiftMs: 0,
  noiseChance: 0,
  noiseSnrDb: 10,
  timeMasks: 0,
  timeMaskMs: 0,
  frequencyMasks: 0,
  frequencyMaskBands: 0,
}
const window = (frames: number) => ({ frames, melBands: BANDS, floorDb: FLOOR })
const vary = (sound: Frames, frames: number, options: Partial<AugmentOptions>, seed = 1) =>
  augment(sound, window(frames), { ...off, ...options }, seed)

describe('cutOrPad', () => {
  it('puts a short sound in the middle of silence and cuts the middle out of a long one', () => {
    expect(firstBand(cutOrPad(ramp(2), window(5)))).toEqual([FLOOR, 0, 1, FLOOR, FLOOR])
    expect(firstBand(cutOrPad(ramp(5), window(3)))).toEqual([1, 2, 3])
    expect(firstBand(cutOrPad(ramp(3), window(3)))).toEqual([0, 1, 2])
  })

  it('moves as far as nothing is lost', () => {
    expect(firstBand(cutOrPad(ramp(2), window(5), 9))).toEqual([FLOOR, FLOOR, FLOOR, 0, 1])
    expect(firstBand(cutOrPad(ramp(2), window(5), -9))).toEqual([0, 1, FLOOR, FLOOR, FLOOR])
    expect(firstBand(cutOrPad(ramp(5), window(3), 9))).toEqual([0, 1, 2])
  })
})

describe('augment', () => {
  it('changes nothing when all is off, and never its input', () => {
    const sound = ramp(6)
    expect(vary(sound, 6, {}).values).toEqual(sound.values)
    const before = sound.values.slice()
    vary(sound, 6, { gainDb: 6, noiseChance: 1, timeMasks: 2, timeMaskMs: 30, roll: true, speedChange: 0.3 })
    expect(sound.values).toEqual(before)
  })

  it('is a function of the seed', () => {
    const options = {
      gainDb: 6,
      noiseChance: 1,
      timeMasks: 1,
      timeMaskMs: 30,
      roll: true,
      speedChange: 0.2,
      pitchShiftBands: 2,
    }
    expect(vary(ramp(9), 9, options, 5)).toEqual(vary(ramp(9), 9, options, 5))
    expect(vary(ramp(9), 9, options, 5)).not.toEqual(vary(ramp(9), 9, options, 6))
  })

  it('rolls without losing a frame, descriptors with their frames', () => {
    const { values, width } = vary(ramp(7), 7, { roll: true }, 3)
    const first = firstBand({ values, frames: 7, width })
    expect([...first].sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
    first.forEach((value, t) => expect(values[t * width + BANDS]).toBe(100 + value))
  })

  it('raises all bands by one gain, and leaves silence silent', () => {
    const { values, width } = vary(ramp(2), 4, { gainDb: 6 })
    const gain = values[width] ?? 0
    expect(Math.abs(gain)).toBeLessThanOrEqual(6)
    expect(gain).not.toBe(0)
    expect(values[2 * width]).toBeCloseTo(1 + gain, 5)
    expect(values[0]).toBe(FLOOR)
  })

  it('adds noise at no more than the level asked for', () => {
    const loud: Frames = { values: new Float32Array(400 * BANDS).fill(20), frames: 400, width: BANDS }
    for (const seed of [1, 2, 3, 4]) {
      const { values } = vary(loud, 400, { noiseChance: 1, noiseSnrDb: 10 }, seed)
      let added = 0
      for (const value of values) added += (10 ** (value / 10) - 100) / values.length
      expect(added).toBeGreaterThan(0)
      // 10 dB below a power of 100, with up to 10 dB of tilt in the outermost bands
      expect(added).toBeLessThan(10 * 5)
    }
  })

  it('takes noise from a recording at the same level', () => {
    const loud: Frames = { values: new Float32Array(50 * BANDS).fill(20), frames: 50, width: BANDS }
    const hum: Frames = { values: new Float32Array(7 * BANDS).fill(-30), frames: 7, width: BANDS }
    const { values } = augment(loud, window(50), { ...off, noiseChance: 1, noiseSnrDb: 0 }, 2, hum)
    const added = 10 ** ((values[0] ?? 0) / 10) - 100
    expect(added).toBeGreaterThan(0.09)
    expect(added).toBeLessThan(100.1)
    values.forEach((value) => expect(value).toBeCloseTo(values[0] ?? 0, 4))
  })

  it('masks whole bands and whole frames, no wider than asked', () => {
    let masked = 0
    for (const seed of [1, 2, 3, 4, 5]) {
      const options = { timeMasks: 1, timeMaskMs: 50, frequencyMasks: 1, frequencyMaskBands: 2 }
      const { values, width } = vary(ramp(40), 40, options, seed)
      const times = Array.from({ length: 40 }, (_, t) => t)
      const changed = (t: number, band: number) => values[t * width + band] !== t
      const bands = [0, 1, 2, 3].filter((band) => times.filter((t) => changed(t, band)).length > 30)
      const frames = times.filter((t) => [0, 1, 2, 3].every((band) => changed(t, band)))
      expect(bands.length).toBeLessThanOrEqual(2)
      expect(frames.length).toBeLessThanOrEqual(5)
      masked += bands.length + frames.length
    }
    expect(masked).toBeGreaterThan(5)
  })

  it('plays faster in fewer frames and slower in more', () => {
    const lengths = [1, 2, 3, 4, 5, 6].map(
      (seed) => firstBand(vary(ramp(20), 40, { speedChange: 0.5 }, seed)).filter((v) => v > FLOOR).length,
    )
    for (const length of lengths) {
      expect(length).toBeGreaterThanOrEqual(Math.floor(20 / 1.5))
      expect(length).toBeLessThanOrEqual(40)
    }
    expect(new Set(lengths).size).toBeGreaterThan(2)
  })
})
