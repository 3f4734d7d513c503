import { describe, expect, it } from 'vitest'
import { joinWindows, slidingWindows, takeWindow } from './windows.js'

const starts = (...args: Parameters<typeof slidingWindows>) =>
  slidingWindows(...args).map((span) => `${span.start}+${span.length}`)

describe('slidingWindows, by hand', () => {
  it.each([
    [10, { window: 4, hop: 2 }, ['0+4', '2+4', '4+4', '6+4']],
    [11, { window: 4, hop: 2, end: 'drop' }, ['0+4', '2+4', '4+4', '6+4']],
    [11, { window: 4, hop: 2, end: 'pad' }, ['0+4', '2+4', '4+4', '6+4', '8+3']],
    [11, { window: 4, hop: 2, end: 'shift' }, ['0+4', '2+4', '4+4', '6+4', '7+4']],
    [3, { window: 4 }, ['0+3']],
    [3, { window: 4, end: 'shift' }, ['0+3']],
    [3, { window: 4, end: 'drop' }, []],
    [0, { window: 4 }, []],
    [9, { window: 2, hop: 4 }, ['0+2', '4+2', '8+1']],
    [7, { window: 2, hop: 4 }, ['0+2', '4+2']],
  ] as const)('of %i rows with %o', (length, options, wanted) => {
    expect(starts(length, options)).toEqual(wanted)
  })

  it('pad and shift cover every row, and no window leaves the sequence', () => {
    for (let length = 1; length < 30; length++) {
      for (const end of ['pad', 'shift'] as const) {
        for (const [window, hop] of [
          [5, 5],
          [5, 2],
          [7, 1],
        ] as const) {
          const covered = new Set<number>()
          for (const span of slidingWindows(length, { window, hop, end })) {
            expect(span.length).toBeLessThanOrEqual(window)
            for (let row = span.start; row < span.start + span.length; row++) covered.add(row)
          }
          expect([...covered].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i))
        }
      }
    }
  })

  it('wants whole numbers', () => {
    expect(() => slidingWindows(5, { window: 0 })).toThrow('expected an integer of at least 1 for window, received 0')
    expect(() => slidingWindows(5, { window: 2, hop: 0.5 })).toThrow('for hop, received 0.5')
  })
})

it('what is cut into windows and joined again is what it was', () => {
  const sequence = { data: Float32Array.from({ length: 22 }, (_, i) => i * i), shape: [11, 2] }
  for (const end of ['pad', 'shift'] as const) {
    const spans = slidingWindows(11, { window: 4, hop: 3, end })
    const windows = spans.flatMap((span) => [...takeWindow(sequence, span, 4, -1).data])
    expect(joinWindows(windows, spans, 4, 11)).toEqual(sequence)
  }
})

it('joined windows are averaged where they overlap', () => {
  const spans = slidingWindows(3, { window: 2, hop: 1 })
  expect([...joinWindows([1, 2, 4, 8], spans, 2, 3).data]).toEqual([1, 3, 8])
  expect(() => joinWindows([1, 2, 3], spans, 2, 3)).toThrow(
    'expected a multiple of 2 x 2 values for values, received 3',
  )
})
