import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { eventBasedScores, segmentBasedScores, type EventScores, type SoundEvent } from './events.js'

type ShortEvent = [label: string, startSeconds: number, endSeconds: number]
interface GoldenScores {
  overall: Record<'precision' | 'recall' | 'f1', number>
  macroF1: number
  byLabel: Record<string, Record<'precision' | 'recall' | 'f1', number>>
  errorRate: number
}
interface Golden {
  recordings: { reference: ShortEvent[]; estimated: ShortEvent[] }[]
  eventBased: GoldenScores
  onsetOnly: GoldenScores
  segmentBased: GoldenScores
  segmentBasedFine: GoldenScores
}

const event = ([label, startSeconds, endSeconds]: ShortEvent): SoundEvent => ({ label, startSeconds, endSeconds })
const golden: Golden = JSON.parse(readFileSync(new URL('./golden/events.json', import.meta.url), 'utf8'))
const recordings = golden.recordings.map(({ reference, estimated }) => ({
  reference: reference.map(event),
  estimated: estimated.map(event),
}))

function expectScores(actual: EventScores, wanted: GoldenScores): void {
  expect(actual.macro.f1).toBeCloseTo(wanted.macroF1, 10)
  for (const key of ['precision', 'recall', 'f1'] as const) {
    expect(actual.overall[key]).toBeCloseTo(wanted.overall[key], 10)
    for (const [label, scores] of Object.entries(wanted.byLabel)) {
      expect(actual.byLabel[label]?.[key]).toBeCloseTo(scores[key], 10)
    }
  }
}

describe('sound event scores agree with sed_eval', () => {
  it('event-based, onset and offset', () => {
    expectScores(eventBasedScores(recordings, { offsetShare: 0.2 }), golden.eventBased)
  })
  it('event-based, onset only', () => {
    expectScores(eventBasedScores(recordings, { collarSeconds: 0.1, offset: false }), golden.onsetOnly)
  })
  it.each([
    [1, golden.segmentBased],
    [0.1, golden.segmentBasedFine],
  ])('segments of %f s', (segmentSeconds, wanted) => {
    const actual = segmentBasedScores(recordings, segmentSeconds)
    expectScores(actual, wanted)
    expect(actual.errorRate).toBeCloseTo(wanted.errorRate, 10)
  })
})

describe('by hand', () => {
  it('pairs as many events as possible, not the first that fits', () => {
    const reference = [event(['a', 1.0, 2]), event(['a', 1.2, 2])]
    const estimated = [event(['a', 1.1, 2]), event(['a', 0.85, 2])]
    expect(eventBasedScores([{ reference, estimated }]).overall).toEqual({ precision: 1, recall: 1, f1: 1, support: 2 })
  })

  it('compares with a slack, so that 0.8 is within 0.2 of 0.6', () => {
    const one = { reference: [event(['a', 0.6, 2])], estimated: [event(['a', 0.8, 2])] }
    expect(eventBasedScores([one]).overall.f1).toBe(1)
  })

  it('does not pair across labels or recordings', () => {
    const a = event(['a', 0, 1])
    const across = [
      { reference: [a], estimated: [event(['b', 0, 1])] },
      { reference: [], estimated: [a] },
    ]
    expect(eventBasedScores(across).overall).toEqual({ precision: 0, recall: 0, f1: 0, support: 1 })
    expect(segmentBasedScores(across).errorRate).toBe(2)
  })

  it('is 0 with NaN error rate when there is nothing', () => {
    expect(eventBasedScores([]).overall.f1).toBe(0)
    expect(segmentBasedScores([{ reference: [], estimated: [] }]).errorRate).toBeNaN()
  })

  it('rejects an event that ends before it starts', () => {
    expect(() => eventBasedScores([{ reference: [event(['a', 2, 1])], estimated: [] }])).toThrow(
      'scoring events: expected 0 <= start <= end for an event "a", received "2 to 1"',
    )
  })
})
