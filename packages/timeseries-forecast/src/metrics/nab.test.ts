import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { nabProbation, nabProfiles, nabScore, type NabFile, type NabProfile } from './nab.js'

const DIGITS = 10 // the same float64 sums, in another order
const { standard, rewardLowFnRate, rewardLowFpRate } = nabProfiles

/** A file of `rows` rows an hour apart that scores 1 in the rows given and else 0. */
function file(rows: number, windows: [number, number][], alarms: number[], probation = 0): NabFile {
  const times = Float64Array.from({ length: rows }, (_, i) => i * 3600_000)
  const scores = Float64Array.from(times, (_, i) => Number(alarms.includes(i)))
  return { scores, times, windows: windows.map(([a, b]) => [a * 3600_000, b * 3600_000]), probation }
}
const sigma = (y: number) => 2 / (1 + Math.exp(5 * y)) - 1
const raw = (given: NabFile, profile: NabProfile = standard) => nabScore([given], profile, 1).raw

describe('nabScore', () => {
  it('counts a window once, by its earliest alarm', () => {
    // Window [10, 19], ten rows: row 15 is 5 rows from behind its right end, half of the width.
    expect(raw(file(40, [[10, 19]], [15]))).toBeCloseTo(sigma(-0.5) / sigma(-1), DIGITS)
    expect(raw(file(40, [[10, 19]], [15, 16, 19]))).toBe(raw(file(40, [[10, 19]], [15])))
    expect(raw(file(40, [[10, 19]], [19]))).toBeCloseTo(sigma(-0.1) / sigma(-1), DIGITS)
  })

  it('rewards an alarm the more the earlier it comes', () => {
    const worth = [10, 11, 14, 18, 19].map((row) => raw(file(40, [[10, 19]], [row])))
    expect(worth).toEqual([...worth].sort((a, b) => b - a))
    expect(new Set(worth).size).toBe(5)
  })

  it('takes for a false alarm what its distance behind the last window says', () => {
    const hit = 1 // the window's first row
    expect(raw(file(60, [[10, 19]], [5, 10]))).toBeCloseTo(hit - 0.11, DIGITS)
    expect(raw(file(60, [[10, 19]], [10, 22]))).toBeCloseTo(hit + 0.11 * sigma(3 / 9), DIGITS)
    expect(raw(file(60, [[10, 19]], [10, 46]))).toBeCloseTo(hit - 0.11, DIGITS) // three widths behind
    expect(raw(file(60, [[10, 19]], [10, 46]), rewardLowFpRate)).toBeCloseTo(hit - 0.22, DIGITS)
  })

  it('takes the weight of a false negative for a missed window, and none for probationary rows', () => {
    expect(raw(file(40, [[10, 19]], []))).toBe(-1)
    expect(nabScore([file(40, [[10, 19]], [])], rewardLowFnRate, 1).raw).toBe(-2)
    expect(raw(file(40, [[10, 19]], [2, 4, 10], 5))).toBe(1)
  })

  it('is exactly 0 for silence and exactly 100 for the first row of each window alone', () => {
    const windows: [number, number][] = [
      [10, 19],
      [30, 30],
    ]
    for (const profile of Object.values(nabProfiles)) {
      // Long enough that an alarm in every row does not pay.
      const silent = { ...file(400, windows, []), scores: new Float64Array(400).fill(0.5) }
      expect(nabScore([silent, silent], profile)).toMatchObject({ score: 0, threshold: Infinity })
      const perfect = file(40, windows, [10, 30])
      expect(nabScore([perfect, file(20, [], [])], profile)).toMatchObject({ score: 100, threshold: 1 })
    }
  })

  it('counts what happened in each file', () => {
    const { perFile } = nabScore([file(40, [[10, 19]], [12, 25, 26]), file(40, [[5, 6]], [])], standard, 1)
    expect(perFile).toMatchObject([
      { detectedWindows: 1, missedWindows: 0, falseAlarms: 2 },
      { detectedWindows: 0, missedWindows: 1, falseAlarms: 0 },
    ])
  })

  it('chooses one threshold for all files, as an independent search does', () => {
    const golden: {
      corpus: { scores: number[]; windows: [number, number][]; probation: number }[]
      profiles: Record<keyof typeof nabProfiles, Record<'threshold' | 'raw' | 'score' | 'scoreAt0.8', number>>
    } = JSON.parse(readFileSync(new URL('./golden/nab.json', import.meta.url), 'utf8'))
    const files = golden.corpus.map((given) => ({ ...given, times: given.scores.map((_, i) => i) }))
    for (const name of ['standard', 'rewardLowFpRate', 'rewardLowFnRate'] as const) {
      const wanted = golden.profiles[name]
      const found = nabScore(files, nabProfiles[name])
      expect(found.threshold).toBe(wanted.threshold)
      expect(found.raw).toBeCloseTo(wanted.raw, DIGITS)
      expect(found.score).toBeCloseTo(wanted.score, DIGITS)
      expect(nabScore(files, nabProfiles[name], 0.8).score).toBeCloseTo(wanted['scoreAt0.8'], DIGITS)
    }
  })

  it('refuses what it cannot score', () => {
    const good = file(40, [[10, 19]], [])
    expect(() => nabScore([{ ...good, scores: [1] }], standard)).toThrow(
      'computing the NAB score: expected 40 numbers for scores, received 1',
    )
    expect(() => nabScore([{ ...good, scores: good.times }], standard)).not.toThrow()
    expect(() => nabScore([{ ...good, scores: new Float64Array(40).fill(Number.NaN) }], standard)).toThrow(
      'expected a number for the score of row 0, received NaN',
    )
    expect(() => nabScore([{ ...good, windows: [[1, 2]] }], standard)).toThrow('ascending windows that each hold a row')
    expect(() => nabScore([{ ...good, probation: -1 }], standard)).toThrow('for probation, received -1')
  })
})

describe('nabProbation', () => {
  it('is 15 % of the rows, at most 750', () => {
    expect([0, 100, 4032, 5000, 20000].map(nabProbation)).toEqual([0, 15, 604, 750, 750])
  })
})
