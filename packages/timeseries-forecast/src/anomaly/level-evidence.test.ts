import { describe, expect, it } from 'vitest'
import { dailySeason, LevelEvidence } from './level-evidence.js'

const row = (...values: number[]) => Float64Array.from(values)

describe('LevelEvidence', () => {
  it('says how far a row lies from the median and how far the level has moved', () => {
    const level = new LevelEvidence(1, 0)
    expect(level.update(row(1))).toEqual({ distance: 1, shift: 0 })
    // The recent average goes from 1 to 1.2, the longer one is still 1.
    expect(level.update(row(2)).shift).toBeCloseTo(0.2, 12)
    // 1.2 → 0.56, beside 1.02 of before.
    const third = level.update(row(-2))
    expect(third.distance).toBe(2)
    expect(third.shift).toBeCloseTo(0.46, 12)
  })

  it('takes the mean over the columns that are there', () => {
    const level = new LevelEvidence(2, 0)
    expect(level.update(row(1, -3)).distance).toBe(2)
    expect(level.update(row(Number.NaN, -3)).distance).toBe(3)
    expect(level.update(row(Number.NaN, Number.NaN)).distance).toBeNaN()
  })

  it('compares with the row one season before', () => {
    const level = new LevelEvidence(1, 3)
    for (const value of [1, 5, 9]) expect(level.update(row(value)).distance).toBeNaN()
    expect(level.update(row(1)).distance).toBe(0)
    expect(level.update(row(7)).distance).toBe(2)
    expect(level.update(row(9)).shift).toBeGreaterThan(0)
    expect(level.update(row(1)).distance).toBe(0)
    expect(level.update(row(7)).distance).toBe(0) // what was unusual yesterday
  })

  it('goes on from its state', () => {
    const [once, again] = [new LevelEvidence(2, 2), new LevelEvidence(2, 2)]
    for (let i = 0; i < 7; i++) once.update(row(i * i, i === 5 ? Number.NaN : 3))
    again.restore(JSON.parse(JSON.stringify(once.state())))
    for (let i = 0; i < 5; i++) expect(again.update(row(i, 1))).toEqual(once.update(row(i, 1)))
  })
})

describe('dailySeason', () => {
  const hours = Float64Array.from({ length: 60 }, (_, i) => i * 3600_000)
  const ofHour = (shape: (hour: number) => number) => hours.map((_, i) => shape(i))

  it('finds days that repeat themselves', () => {
    const day = ofHour((i) => Math.sin((2 * Math.PI * i) / 24))
    expect(dailySeason(hours, [day])).toBe(24)
    expect(dailySeason(hours, [day.map((value, i) => (i % 5 === 0 ? Number.NaN : value))])).toBe(24)
  })

  it('finds none where another period rules, where nothing varies, or before two days', () => {
    expect(dailySeason(hours, [ofHour((i) => Math.sin((2 * Math.PI * i) / 17))])).toBe(0)
    expect(dailySeason(hours, [ofHour(() => 0)])).toBe(0)
    expect(dailySeason(hours.subarray(0, 47), [ofHour((i) => i % 24).subarray(0, 47)])).toBe(0)
    expect(dailySeason(Float64Array.of(), [])).toBe(0)
  })
})
