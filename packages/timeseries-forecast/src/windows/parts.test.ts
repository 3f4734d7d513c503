import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import { chronologicalParts } from './parts.js'

const axis = (from: number, rows: number) => Float64Array.from({ length: rows }, (_, t) => (from + t) * 3_600_000)

describe('chronologicalParts', () => {
  it('divides one series by shares', () => {
    expect(chronologicalParts([axis(0, 10)], { validationShare: 0.2, testShare: 0.3 })).toEqual([
      { train: { from: 0, to: 5 }, validation: { from: 5, to: 7 }, test: { from: 7, to: 10 } },
    ])
  })

  it('counts rows as is usual: 70 and 20 per cent rounded down, the rest validates', () => {
    const [parts] = chronologicalParts([axis(0, 52_696)], { validationShare: 0.1, testShare: 0.2 })
    expect(parts).toEqual({
      train: { from: 0, to: 36_887 },
      validation: { from: 36_887, to: 42_157 },
      test: { from: 42_157, to: 52_696 },
    })
  })

  it('leaves parts empty that have no share', () => {
    const [parts] = chronologicalParts([axis(0, 7)], { validationShare: 0, testShare: 0.3 })
    expect(parts).toEqual({
      train: { from: 0, to: 4 },
      validation: { from: 4, to: 4 },
      test: { from: 4, to: 7 },
    })
    const [none] = chronologicalParts([axis(0, 7)], { validationShare: 0, testShare: 0 })
    expect(none?.train).toEqual({ from: 0, to: 7 })
  })

  it('divides several series at the same moments', () => {
    const [long, late, early] = chronologicalParts([axis(0, 10), axis(6, 4), axis(0, 3)], {
      borderTimes: [5 * 3_600_000, 8 * 3_600_000],
    })
    expect(long?.validation).toEqual({ from: 5, to: 8 })
    expect(late).toEqual({ train: { from: 0, to: 0 }, validation: { from: 0, to: 2 }, test: { from: 2, to: 4 } })
    expect(early?.train).toEqual({ from: 0, to: 3 })
  })

  it('never tests a series before it trains another, and keeps about the shares', () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = new Random(seed)
      const times = Array.from({ length: 2 + random.int(5) }, () => axis(random.int(300), 20 + random.int(300)))
      const parts = chronologicalParts(times, { validationShare: 0.15, testShare: 0.25 })
      const moments = (part: 'train' | 'validation' | 'test') =>
        parts.flatMap((own, s) => [...(times[s]?.subarray(own[part].from, own[part].to) ?? [])])
      expect(Math.max(...moments('train'))).toBeLessThan(Math.min(...moments('validation')))
      expect(Math.max(...moments('validation'))).toBeLessThan(Math.min(...moments('test')))
      const total = times.reduce((sum, own) => sum + own.length, 0)
      expect(Math.abs(moments('test').length - total * 0.25)).toBeLessThanOrEqual(times.length)
    }
  })

  it('takes row numbers, and an end of the test part', () => {
    expect(chronologicalParts([axis(0, 100)], { borderRows: [60, 80, 90] })[0]?.test).toEqual({ from: 80, to: 90 })
  })

  it('refuses row numbers of series with different times', () => {
    expect(() => chronologicalParts([axis(0, 9), axis(1, 9)], { borderRows: [3, 6] })).toThrow(
      'dividing the rows: expected series with the same times for borders that are row numbers',
    )
  })

  it('refuses borders that leave nothing to train on', () => {
    expect(() => chronologicalParts([axis(0, 9)], { borderRows: [0, 6] })).toThrow('--until, received "0, 6')
    expect(() => chronologicalParts([axis(0, 9)], { borderRows: [6, 3] })).toThrow('expected ascending borders')
    expect(() => chronologicalParts([axis(0, 9)], { borderRows: [6, 10] })).toThrow('expected ascending borders')
    expect(() => chronologicalParts([axis(5, 9)], { borderTimes: [0, 3_600_000] })).toThrow(
      'dividing the rows: expected a time after the first rows for --validation-from, received "1970-01-01T00:00:00.000Z"',
    )
    expect(() => chronologicalParts([axis(0, 9)], { validationShare: 0.5, testShare: 0.5 })).toThrow(
      'expected at least 1 row left to train on',
    )
    expect(() => chronologicalParts([axis(0, 9)], { validationShare: -1, testShare: 0.5 })).toThrow(
      'expected a share of at least 0 and below 1 for validationShare, received -1',
    )
  })
})
