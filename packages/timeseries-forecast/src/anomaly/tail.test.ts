import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import { TailProbability } from './tail.js'

const learnt = (values: Iterable<number>, options = {}) => {
  const tail = new TailProbability(options)
  for (const value of values) tail.learn(value)
  return tail
}

describe('TailProbability', () => {
  it('is the share of earlier values that were as large, and an exponential tail beyond', () => {
    const tail = learnt(Array.from({ length: 1000 }, (_, i) => i))
    expect(tail.surprise(500)).toBeCloseTo(Math.log10(1001 / 501), 12) // 500 … 999, and itself
    expect(tail.surprise(0)).toBe(0)
    // Over the quantile 980 lie the excesses 0 … 19, whose mean is 9.5; 21 of 1001 are at least as large as 980.
    expect(tail.surprise(1030)).toBeCloseTo(Math.log10(1001 / 21) + 50 / 9.5 / Math.LN10, 12)
  })

  it('fits its tail to ten values while it knows few', () => {
    const tail = learnt(Array.from({ length: 60 }, (_, i) => i))
    expect(tail.surprise(72)).toBeCloseTo(Math.log10(61 / 11) + 22 / 4.5 / Math.LN10, 12) // excesses 0 … 9 over 50
  })

  it('says nothing before it knows enough', () => {
    const tail = learnt([1, 2, 3], { warmUp: 4 })
    expect(tail.surprise(1e9)).toBe(0)
    tail.learn(4)
    expect(tail.surprise(1e9)).toBeGreaterThan(1)
  })

  it('gives exponential noise the probability that it has', () => {
    const random = new Random(1, 'exponential')
    const tail = learnt(Array.from({ length: 8000 }, () => -Math.log(1 - random.next())))
    for (const digits of [1, 2, 3, 4, 6]) expect(tail.surprise(digits * Math.LN10) / digits).toBeGreaterThan(0.85)
    for (const digits of [1, 2, 3, 4, 6]) expect(tail.surprise(digits * Math.LN10) / digits).toBeLessThan(1.15)
  })

  it('forgets what is older than its memory', () => {
    const random = new Random(2, 'values')
    const old = Array.from({ length: 70 }, () => 1000 * random.next())
    const recent = Array.from({ length: 100 }, () => random.next())
    const tail = learnt([...old, ...recent], { memory: 100 })
    const fresh = learnt(recent, { memory: 100 })
    for (const x of [0, 0.1, 0.5, 0.99, 1.5]) expect(tail.surprise(x)).toBe(fresh.surprise(x))
    expect(tail.remembered()).toEqual(recent)
  })

  it('does not take rounding for a surprise after a constant', () => {
    expect(learnt(Array<number>(200).fill(0)).surprise(1e-9)).toBeLessThan(2.5)
    expect(learnt(Array<number>(200).fill(0)).surprise(1)).toBeGreaterThan(100)
  })
})
