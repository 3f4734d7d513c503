/**
 * Arrays outside of TensorFlow.js, and how those of unequal length become one batch: padded (and cut) along one axis, with the
 * lengths kept so that masks can be made. Names follow Keras's `pad_sequences`, but the default side is the end, where masks
 * given as lengths need it.
 */
import { expected } from '../errors.js'

/** A dense row-major array; cheap to send between threads. */
export interface NdArray {
  data: Float32Array | Int32Array
  shape: readonly number[]
}

export interface PadOptions {
  /** What fills the gap, default 0. */
  value?: number
  /** Side that is filled, default 'post' (the end). */
  padding?: 'pre' | 'post'
  /** Side that is cut when longer than `maxLength`, default 'post' (the end). */
  truncating?: 'pre' | 'post'
  /** Longer items are cut to this length. */
  maxLength?: number
  /** Shorter batches are filled up to this length; equal to `maxLength` it fixes the length. */
  minLength?: number
  /** The batch's length is rounded up to a multiple, so that fewer shapes occur. */
  multipleOf?: number
  /** The item's axis that varies, default 0. */
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
  const wanted = first.shape.map((d, i) => (i === axis ? 'any' : d)).join(', ')
  if (!fits)
    throw expected({
      doing: 'joining a batch',
      want: `shape [${wanted}]`,
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
 * The batch is of 32-bit integers when all items are, else of floats.
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
  const kept = items.map((item) => Math.min(item.shape[axis] ?? 1, maxLength))
  const longest = Math.max(minLength, ...kept)
  const steps = Math.ceil(longest / multipleOf) * multipleOf
  const shape = first.shape.map((dimension, i) => (i === axis ? steps : dimension))
  const outer = sizeOf(first.shape.slice(0, axis))
  const inner = sizeOf(first.shape.slice(axis + 1))
  const size = items.length * (first.shape.length === 0 ? 1 : outer * steps * inner)
  const integers = items.every((item) => item.data instanceof Int32Array)
  const data = integers ? new Int32Array(size) : new Float32Array(size)
  if (value !== 0 && kept.some((length) => length < steps)) data.fill(value)
  items.forEach((item, index) => {
    const length = item.shape[axis] ?? 1
    const copied = kept[index] ?? 0
    const skip = truncating === 'pre' ? length - copied : 0
    const gap = padding === 'pre' && first.shape.length > 0 ? steps - copied : 0
    for (let row = 0; row < outer; row++) {
      const from = (row * length + skip) * inner
      const rowStart = (index * outer + row) * (first.shape.length === 0 ? 1 : steps)
      data.set(item.data.subarray(from, from + copied * inner), (rowStart + gap) * inner)
    }
  })
  return { batch: { data, shape: [items.length, ...shape] }, lengths: Int32Array.from(kept) }
}

/** 1 for steps within each length and 0 past it, [B, steps]. */
export function maskFromLengths(lengths: ArrayLike<number>, steps: number): NdArray {
  const data = new Float32Array(lengths.length * steps)
  for (let row = 0; row < lengths.length; row++) data.fill(1, row * steps, row * steps + (lengths[row] ?? 0))
  return { data, shape: [lengths.length, steps] }
}
