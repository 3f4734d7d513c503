import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import { EvidenceScore } from './evidence-score.js'

const noise = (kinds: number, rows: number) => {
  const random = new Random(4, 'evidence')
  return Array.from({ length: rows }, () => Array.from({ length: kinds }, () => random.next()))
}
const after = (rows: number[][], options = { kinds: 1, silence: 5 }) => {
  const score = new EvidenceScore(options)
  return { score, scores: rows.map((row) => score.update(row)) }
}

describe('EvidenceScore', () => {
  it('stays in [0, 1] and rises where evidence is new', () => {
    const { score, scores } = after(noise(1, 300))
    expect(Math.min(...scores)).toBe(0)
    expect(Math.max(...scores)).toBeLessThan(0.9999)
    expect(score.update([50])).toBeGreaterThan(0.9999)
  })

  it('announces an event once, and again where it surprises more', () => {
    const { score } = after(noise(1, 300))
    expect(score.update([5])).toBeGreaterThan(0.99)
    expect(score.update([4])).toBe(0)
    expect(score.update([10_000])).toBeGreaterThan(0.99)
    for (let row = 0; row < 5; row++) expect(score.update([0.5])).toBe(0)
    expect(score.update([0.9])).toBeGreaterThan(0) // five rows of silence are over
  })

  it('takes the geometric mean of the probabilities', () => {
    const rows = noise(1, 300)
    const one = after(rows).score.update([3])
    const same = after(
      rows.map(([x = 0]) => [x, x]),
      { kinds: 2, silence: 5 },
    ).score.update([3, 3])
    expect(same).toBeCloseTo(one, 12)
    const half = after(
      rows.map(([x = 0]) => [x, x]),
      { kinds: 2, silence: 5 },
    ).score.update([3, 0])
    expect(1 - half).toBeCloseTo(Math.sqrt(1 - one), 9)
  })

  it('learns nothing from evidence that is missing', () => {
    const rows = noise(2, 200)
    const { score } = after(rows, { kinds: 2, silence: 5 })
    const before = score.state()
    expect(score.update([Number.NaN, 1])).toBe(0)
    expect(score.state()).toEqual(before)
  })

  it('goes on from its state', () => {
    const rows = noise(2, 260)
    const whole = after(rows, { kinds: 2, silence: 20 }).scores
    const { score } = after(rows.slice(0, 150), { kinds: 2, silence: 20 })
    const next = new EvidenceScore({ kinds: 2, silence: 20 })
    next.restore(JSON.parse(JSON.stringify(score.state())))
    expect(rows.slice(150).map((row) => next.update(row))).toEqual(whole.slice(150))
  })
})
