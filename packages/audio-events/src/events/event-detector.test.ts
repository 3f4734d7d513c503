import { describe, expect, it } from 'vitest'
import { EventDetector, type Detection, type WindowVerdict } from './event-detector.js'

/** Windows of 1 s every 0.1 s over a sound that is audible from 2 s to 2.6 s. */
function windows(
  probability: (overlapSeconds: number, index: number) => number,
  audible: [number, number] | null = [2, 2.6],
) {
  return Array.from({ length: 50 }, (_, i): WindowVerdict => {
    const endSeconds = 0.1 * (i + 1)
    const startSeconds = endSeconds - 1
    const from = Math.max(startSeconds, audible?.[0] ?? Infinity)
    const to = Math.min(endSeconds, audible?.[1] ?? -Infinity)
    const overlap = Math.max(0, to - from)
    return {
      startSeconds,
      endSeconds,
      probabilities: Float32Array.of(probability(overlap, i), 0),
      audible: overlap > 0 ? [{ startSeconds: from, endSeconds: to }] : [],
    }
  })
}

function detect(verdicts: readonly WindowVerdict[], smoothing = 1): Detection[] {
  const detector = new EventDetector(['dog', 'cat'], { threshold: 0.5, release: 0.3, smoothing })
  return [...verdicts.flatMap((verdict) => detector.push(verdict)), ...detector.flush()]
}

describe('EventDetector', () => {
  it('finds an event where it is audible, however early and late windows are sure', () => {
    const found = detect(windows((overlap) => (overlap > 0.25 ? 0.9 : 0.1)))
    expect(found.map(({ kind }) => kind)).toEqual(['onset', 'event'])
    const [onset, event] = found
    expect(onset).toMatchObject({ label: 'dog' })
    expect(onset?.startSeconds).toBeCloseTo(2, 5)
    if (event?.kind !== 'event') throw new Error('no event')
    expect(event.endSeconds).toBeCloseTo(2.6, 5)
    expect(event.probability).toBeCloseTo(0.9, 5)
  })

  it('goes on between release and threshold, and ends below release', () => {
    const found = detect(windows((_, i) => (i === 22 ? 0.6 : i < 30 ? 0.4 : 0.2)))
    expect(found.filter(({ kind }) => kind === 'event')).toHaveLength(1)
  })

  it('passes over single windows with smoothing', () => {
    const spikes = windows((_, i) => (i === 25 ? 0.9 : 0))
    expect(detect(spikes, 1)).toHaveLength(2)
    expect(detect(spikes, 3)).toHaveLength(0)
    const gap = windows((overlap, i) => (overlap > 0.25 && i !== 24 ? 0.9 : 0))
    expect(detect(gap, 3).filter(({ kind }) => kind === 'event')).toHaveLength(1)
  })

  it('hears nothing in silence', () => {
    expect(detect(windows(() => 0.99, null))).toEqual([])
  })

  it('ends what still goes on when the sound ends', () => {
    const found = detect(windows(() => 0.9, [4.5, 9]))
    expect(found.map(({ kind }) => kind)).toEqual(['onset', 'event'])
  })

  it('takes the middle of windows that are audible throughout', () => {
    const [onset] = detect(windows((_, i) => (i >= 20 && i < 30 ? 0.9 : 0), [0, 9]))
    expect(onset?.startSeconds).toBeCloseTo(1.6, 5) // window 20 is from 1.1 s to 2.1 s
  })
})
