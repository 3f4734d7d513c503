import { describe, expect, it } from 'vitest'
import { gaussianTail, RandomDetector, WindowedGaussianDetector } from './reference-detectors.js'

describe('gaussianTail', () => {
  it('is the upper tail of the standard normal', () => {
    // scipy.stats.norm.sf
    const known: [number, number][] = [
      ...([
        [0, 0.5],
        [1, 0.15865525393145707],
        [-1, 0.8413447460685429],
      ] as [number, number][]),
      ...([
        [3, 0.0013498980316300957],
        [6, 9.865876450376946e-10],
      ] as [number, number][]),
    ]
    for (const [z, tail] of known) expect(gaussianTail(z) / tail).toBeCloseTo(1, 6)
  })
})

describe('WindowedGaussianDetector', () => {
  it('fills its window row by row and then moves in steps', () => {
    const detector = new WindowedGaussianDetector({ size: 4, step: 2 })
    const score = (value: number) => detector.update(0, [value]).score
    expect(score(1)).toBe(0)
    expect(score(2)).toBeCloseTo(1, 12) // one value has no deviation
    expect(score(3)).toBeCloseTo(1 - gaussianTail(1.5 / 0.5), 12) // mean 1.5, deviation 0.5
    score(4)
    const deviation = Math.sqrt(1.25) // of 1, 2, 3, 4
    expect(score(6)).toBeCloseTo(1 - gaussianTail(3.5 / deviation), 12)
    expect(score(8)).toBeCloseTo(1 - gaussianTail(5.5 / deviation), 12) // the window has not moved yet
    expect(score(5.25)).toBeCloseTo(0.5, 6) // the mean of 3, 4, 6, 8
    expect(score(Number.NaN)).toBe(0)
  })

  it('alarms from its threshold on', () => {
    const detector = new WindowedGaussianDetector({ threshold: 0.99 })
    for (let row = 0; row < 100; row++) expect(detector.update(row, [row % 2]).alarm && row > 2).toBe(false)
    expect(detector.update(100, [5]).alarm).toBe(true)
  })
})

describe('RandomDetector', () => {
  it('is a function of its seed', () => {
    const scores = (seed: number) => {
      const detector = new RandomDetector({ seed })
      return Array.from({ length: 5 }, () => detector.update().score)
    }
    expect(scores(1)).toEqual(scores(1))
    expect(scores(1)).not.toEqual(scores(2))
  })
})
