import { describe, expect, it } from 'vitest'
import { levelDb, trimSilence } from './signal.js'

describe('trimSilence', () => {
  const quiet = new Float32Array(1000)
  const loud = Float32Array.from({ length: 500 }, (_, i) => Math.sin(i / 3))

  it('keeps what is audible with 20 ms around it', () => {
    const sound = Float32Array.from([...quiet, ...loud, ...quiet])
    const trimmed = trimSilence(sound, 8000, 40)
    expect(trimmed).toHaveLength(160 + 560 + 160) // blocks of 80 samples: 960 to 1520
    expect(trimmed.subarray(200, 700)).toEqual(loud)
  })

  it('leaves silence and sounds without pauses as they are', () => {
    expect(trimSilence(quiet, 8000, 40)).toBe(quiet)
    expect(trimSilence(loud, 8000, 0)).toBe(loud)
    expect(trimSilence(loud, 8000, 60)).toHaveLength(500)
  })
})

describe('levelDb', () => {
  it('is 0 for a full-scale square wave, -3 for a sine, -Infinity for silence', () => {
    expect(levelDb(Float32Array.of(1, -1))).toBe(0)
    expect(levelDb(Float32Array.from({ length: 800 }, (_, i) => Math.sin((2 * Math.PI * i) / 80)))).toBeCloseTo(
      -3.01,
      2,
    )
    expect(levelDb(new Float32Array(5))).toBe(-Infinity)
  })
})
