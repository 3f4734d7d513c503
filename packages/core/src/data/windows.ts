/**
 * Windows that slide over a long sequence, and predictions of windows merged back into one sequence.
 *
 * `slidingWindows` computes positions only; `takeWindow` copies the rows of one window when they are needed, so that a long
 * recording or table is never held twice.
 */
import { expected } from '../errors.js'
import { sizeOf, type NdArray } from './pad.js'

/**
 * What happens to the rows after the last whole window: `drop` ignores them, `pad` adds a window that is padded past the end,
 * `shift` adds a window that ends with the sequence (and overlaps the one before by more than usual).
 */
export type WindowEnd = 'drop' | 'pad' | 'shift'

export interface WindowOptions {
  /** Rows in a window, at least 1. */
  window: number
  /** Rows between the starts of windows, at least 1 (default: the window, so that none overlap). */
  hop?: number
  /** Default: `pad`, so that no row is lost. Both `pad` and `shift` pad a sequence shorter than the window. */
  end?: WindowEnd
}

/** Rows [start, start + length) of a sequence; `length` is less than the window where the window is padded. */
export interface WindowSpan {
  start: number
  length: number
}

/** The windows of a sequence of `length` rows, in order. */
export function slidingWindows(length: number, { window, hop = window, end = 'pad' }: WindowOptions): WindowSpan[] {
  const check = (name: string, value: number, least: number) => {
    if (!Number.isInteger(value) || value < least) {
      throw expected({ doing: 'cutting windows', want: `an integer of at least ${least}`, of: name, got: value })
    }
  }
  check('length', length, 0)
  check('window', window, 1)
  check('hop', hop, 1)
  const spans: WindowSpan[] = []
  for (let start = 0; start + window <= length; start += hop) spans.push({ start, length: window })
  const last = spans.at(-1)
  const covered = last === undefined ? 0 : last.start + window
  if (covered >= length || end === 'drop') return spans
  const start = last === undefined ? 0 : end === 'shift' ? length - window : last.start + hop
  if (start < length) spans.push({ start, length: Math.min(window, length - start) })
  return spans
}

/** Copies the rows of a window of `sequence` [T, ...] into [window, ...], and fills it with `value` past the span. */
export function takeWindow(sequence: NdArray, span: WindowSpan, window: number, value = 0): NdArray {
  const [, ...rest] = sequence.shape
  const inner = sizeOf(rest)
  const size = window * inner
  const data = sequence.data instanceof Int32Array ? new Int32Array(size) : new Float32Array(size)
  if (value !== 0 && span.length < window) data.fill(value, span.length * inner)
  data.set(sequence.data.subarray(span.start * inner, (span.start + span.length) * inner))
  return { data, shape: [window, ...rest] }
}

/**
 * The values of a sequence from those of its windows: the mean where windows overlap.
 *
 * @param values Flat [windows, window, C].
 * @returns [length, C]; 0 for rows that no window covers (between windows if the hop exceeds the window, or dropped at the end).
 */
export function joinWindows(
  values: ArrayLike<number>,
  spans: readonly WindowSpan[],
  window: number,
  length: number,
): NdArray {
  const channels = spans.length === 0 ? 0 : values.length / (spans.length * window)
  if (!Number.isInteger(channels)) {
    throw expected({
      doing: 'joining windows',
      want: `a multiple of ${spans.length} x ${window} values`,
      of: 'values',
      got: values.length,
    })
  }
  const data = new Float32Array(length * channels)
  const counts = new Uint32Array(length)
  spans.forEach((span, i) => {
    for (let row = 0; row < span.length; row++) {
      const to = span.start + row
      counts[to] = (counts[to] ?? 0) + 1
      for (let c = 0; c < channels; c++) {
        const from = (i * window + row) * channels + c
        data[to * channels + c] = (data[to * channels + c] ?? 0) + (values[from] ?? 0)
      }
    }
  })
  counts.forEach((count, row) => {
    for (let c = 0; c < channels && count > 1; c++) data[row * channels + c] = (data[row * channels + c] ?? 0) / count
  })
  return { data, shape: [length, channels] }
}
