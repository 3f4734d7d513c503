/**
 * Arrays outside TensorFlow.js, and how those of unequal length become one batch: padded (and cut) along one axis, with their
 * lengths kept for masks. Names follow `pad_sequences` of Keras, but the default side is the end, as masks made
 * from lengths require.
 */
import { expected } from '../errors.js'

/** A dense row-major array; cheap to send between threads. */
export interface NdArray {
  data: Float32Array | Int32Array
  shape: readonly number[]
}

export interface PadOptions {
  /** Fill value (default: 0). */
  value?: number
  /** Side to fill (default: 'post', the end). */
  padding?: 'pre' | 'post'
  /** Side to cut when longer than `maxLength` (default: 'post', the end). */
  truncating?: 'pre' | 'post'
  /** Items longer than this are cut. */
  maxLength?: number
  /** Shorter batches are padded to this length; equal to `maxLength`, it fixes the length. */
  minLength?: number
  /** Round the length of the batch up to a multiple of this, so that fewer shapes occur. */
  multipleOf?: number
  /** Axis of an item that varies (default: 0). */
  axis?: number
}

/** Items joined along a new first axis, and the length of each along the padded axis. */
export interface PaddedBatch {
  batch: NdArray
  lengths: Int32Array
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1)
}

function checkItem(item: NdArray, first: NdArray, axis: number, index: number): void {
  const fits =
    item.shape.length === first.shape.length && item.shape.every((d, i) => i === axis || d === first.shape[i])
  const shape = first.shape.map((d, i) => (i === axis ? 'any' : d)).join(', ')
  if (!fits)
    throw expected({
      doing: 'joining a batch',
      want: `shape [${shape}]`,
      of: `item ${index}`,
      got: `[${item.shape.join(', ')}]`,
    })
  if (item.data.length !== sizeOf(item.shape)) {
    throw expected({
      doing: 'joining a batch',
      want: `${sizeOf(item.shape)} values`,
      of: `item ${index}`,
      got: item.data.length,
    })
  }
}

/**
 * Joins items [..., L_i, ...] into one batch [B, ..., L, ...], padding axis L; items without axes become [B].
 *
 * The batch holds 32-bit integers when all items do, otherwise floats.
 */
export function padSequences(items: readonly NdArray[], options: PadOptions = {}): PaddedBatch {
  const {
    value = 0,
    padding = 'post',
    truncating = 'post',
    maxLength = Infinity,
    minLength = 0,
    multipleOf = 1,
  } = options
  const [first] = items
  if (first === undefined) throw expected({ doing: 'joining a batch', want: 'at least 1', of: 'items', got: 0 })
  const axis = options.axis ?? 0
  items.forEach((item, index) => checkItem(item, first, axis, index))
  const lengths = items.map((item) => Math.min(item.shape[axis] ?? 1, maxLength))
  const longest = Math.max(minLength, ...lengths)
  const steps = Math.ceil(longest / multipleOf) * multipleOf
  const shape = first.shape.map((dimension, i) => (i === axis ? steps : dimension))
  const outer = sizeOf(first.shape.slice(0, axis))
  const inner = sizeOf(first.shape.slice(axis + 1))
  const size = items.length * (first.shape.length === 0 ? 1 : outer * steps * inner)
  const integers = items.every((item) => item.data instanceof Int32Array)
  const data = integers ? new Int32Array(size) : new Float32Array(size)
  if (value !== 0 && lengths.some((length) => length < steps)) data.fill(value)
  items.forEach((item, index) => {
    const ownLength = item.shape[axis] ?? 1
    const length = lengths[index] ?? 0
    const skip = truncating === 'pre' ? ownLength - length : 0
    const gap = padding === 'pre' && first.shape.length > 0 ? steps - length : 0
    for (let row = 0; row < outer; row++) {
      const from = (row * ownLength + skip) * inner
      const rowStart = (index * outer + row) * (first.shape.length === 0 ? 1 : steps)
      data.set(item.data.subarray(from, from + length * inner), (rowStart + gap) * inner)
    }
  })
  return { batch: { data, shape: [items.length, ...shape] }, lengths: Int32Array.from(lengths) }
}
