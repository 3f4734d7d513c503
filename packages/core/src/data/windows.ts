/**
 * Windows that slide over a long sequence, and predictions of windows joined again into one sequence.
 *
 * Only positions are computed here; `takeWindow` copies one window's rows when it is needed, so that a long recording or table is
 * never held twice.
 */
import { expected } from '../errors.js'
import { sizeOf, type NdArray } from './pad.js'

/**
 * What happens to the rows after the last whole window: `drop` leaves them out, `pad` makes one more window filled up past the
 * end, `shift` makes one more window that ends at the end (it overlaps the one before by more than usual).
 */
export type WindowEnd = 'drop' | 'pad' | 'shift'

export interface WindowOptions {
  /** Rows of a window, at least 1. */
  window: number
  /** Rows between the starts of windows, at least 1; default: the window, so that none overlap. */
  hop?: number
  /** Default `pad`: no row is left out. A sequence shorter than the window is padded by `pad` and `shift`. */
  end?: WindowEnd
}

/** Rows [start, start + length) of a sequence; `length` is less than the window where it is padded. */
export interface WindowSpan {
  start: number
  length: number
}

/** The windows of a sequence of `length` rows, in order. */
export function slidingWindows(length: number, { window, hop = window, end = 'pad' }: WindowOptions): WindowSpan[] {
  const check = (name: string, value: number, least: number) => {
    if (!Number.isInteger(value) || value < least) {
      throw expected({ doing: 'cutting windows', want: `a whole number of at least ${least}`, of: name, got: value })
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

/** Copies a window's rows of `sequence` [T, ...] into [window, ...], filling with `value` past the span. */
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
 * One value for each row of the sequence from values of overlapping windows: their mean.
 *
 * @param values Flat [windows, window, C].
 * @returns [length, C]; 0 for rows that no window covers (between windows when hop > window, or dropped at the end).
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
