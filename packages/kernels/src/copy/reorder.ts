/** Copies of one tensor in another order or extent: transposition, slices, padding, tiling, reversal. */
import * as tf from '@tensorflow/tfjs-core'
import type { NativeBackend } from '../backend.js'
import { type NativeKernel, overrideKernel } from '../kernel.js'
import { MAX_RANK, sameShape, setLoop, sizeOf } from '../nest.js'
import { copyable, memoryLike, runCopy, sharing, stridesOf, tensorOver } from './strided-copy.js'

const at = (values: readonly number[], i: number) => values[i] ?? 0

const transpose = overrideKernel<tf.TransposeInputs, tf.TransposeAttrs>({
  kernelName: tf.Transpose,
  run({ inputs: { x }, attrs: { perm }, backend }) {
    const memory = copyable(backend, x)
    if (!x || !memory || perm.length > MAX_RANK) return undefined
    const outShape = perm.map((axis) => at(x.shape, axis))
    const moving = perm.filter((axis) => x.shape[axis] !== 1)
    if (moving.every((axis, i) => i === 0 || axis > at(moving, i - 1))) return sharing(backend, x, outShape)
    const [from, to] = [stridesOf(x.shape), stridesOf(outShape)]
    const out = memoryLike(backend, memory, outShape)
    perm.forEach((axis, i) => setLoop(i, at(outShape, i), at(from, axis), at(to, i)))
    runCopy(memory, out, perm.length)
    return tensorOver(backend, out, outShape, x.dtype)
  },
})

/** `size` elements from `begin` on, `steps` apart on each axis. */
function sliced(
  backend: NativeBackend,
  x: tf.TensorInfo,
  begin: readonly number[],
  size: readonly number[],
  steps?: readonly number[],
  outShape: number[] = [...size],
): tf.TensorInfo | undefined {
  const memory = copyable(backend, x)
  const rank = x.shape.length
  if (!memory || rank > MAX_RANK) return undefined
  if (sameShape(size, x.shape) && (steps?.every((step) => step === 1) ?? true)) return sharing(backend, x, outShape)
  const [from, to] = [stridesOf(x.shape), stridesOf(size)]
  const out = memoryLike(backend, memory, size)
  let offset = 0
  for (let i = 0; i < rank; i++) {
    offset += at(begin, i) * at(from, i)
    setLoop(i, at(size, i), at(from, i) * (steps?.[i] ?? 1), at(to, i))
  }
  if (out.length > 0) runCopy(memory, out, rank, offset)
  return tensorOver(backend, out, outShape, x.dtype)
}

const slice = overrideKernel<tf.SliceInputs, tf.SliceAttrs>({
  kernelName: tf.Slice,
  run({ inputs: { x }, attrs, backend }) {
    if (!x) return undefined
    const [begin = [], size = []] = tf.slice_util.parseSliceParams(x, attrs.begin, attrs.size)
    tf.slice_util.assertParamsValid(x, begin, size)
    return sliced(backend, x, begin, size)
  },
})

const stridedSlice = overrideKernel<tf.StridedSliceInputs, tf.StridedSliceAttrs>({
  kernelName: tf.StridedSlice,
  run({ inputs: { x }, attrs, backend }) {
    if (!x) return undefined
    const info = tf.slice_util.sliceInfo(
      x.shape,
      attrs.begin,
      attrs.end,
      attrs.strides,
      attrs.beginMask,
      attrs.endMask,
      attrs.ellipsisMask,
      attrs.newAxisMask,
      attrs.shrinkAxisMask,
    )
    const size = tf.slice_util.computeOutShape(info.begin, info.end, info.strides)
    if (size.length !== x.shape.length || sizeOf(size) !== sizeOf(info.finalShape)) return undefined
    return sliced(backend, x, info.begin, size, info.strides, info.finalShape)
  },
})

const pad = overrideKernel<tf.PadV2Inputs, tf.PadV2Attrs>({
  kernelName: tf.PadV2,
  run({ inputs: { x }, attrs: { paddings, constantValue }, backend }) {
    const memory = copyable(backend, x)
    if (!x || !memory || x.shape.length > MAX_RANK) return undefined
    const outShape = x.shape.map((size, i) => (paddings[i]?.[0] ?? 0) + size + (paddings[i]?.[1] ?? 0))
    if (sameShape(outShape, x.shape)) return sharing(backend, x)
    const out = memoryLike(backend, memory, outShape).fill(constantValue)
    const [from, to] = [stridesOf(x.shape), stridesOf(outShape)]
    let offset = 0
    x.shape.forEach((size, i) => {
      offset += (paddings[i]?.[0] ?? 0) * at(to, i)
      setLoop(i, size, at(from, i), at(to, i))
    })
    if (memory.length > 0) runCopy(memory, out, x.shape.length, 0, offset)
    return tensorOver(backend, out, outShape, x.dtype)
  },
})

const tile = overrideKernel<tf.TileInputs, tf.TileAttrs>({
  kernelName: tf.Tile,
  run({ inputs: { x }, attrs: { reps }, backend }) {
    const memory = copyable(backend, x)
    if (!x || !memory) return undefined
    const outShape = x.shape.map((size, i) => size * at(reps, i))
    if (sameShape(outShape, x.shape)) return sharing(backend, x)
    const [from, to] = [stridesOf(x.shape), stridesOf(outShape)]
    // Each axis is a loop over its repetitions around one over its elements.
    const loops = x.shape.flatMap((size, i) => [
      [at(reps, i), 0, size * at(to, i)],
      [size, at(from, i), at(to, i)],
    ])
    const moving = loops.filter(([count]) => count !== 1)
    if (moving.length > MAX_RANK) return undefined
    moving.forEach((loop, i) => setLoop(i, at(loop, 0), at(loop, 1), at(loop, 2)))
    const out = memoryLike(backend, memory, outShape)
    if (out.length > 0) runCopy(memory, out, moving.length)
    return tensorOver(backend, out, outShape, x.dtype)
  },
})

const reverse = overrideKernel<tf.ReverseInputs, tf.ReverseAttrs>({
  kernelName: tf.Reverse,
  run({ inputs: { x }, attrs: { dims }, backend }) {
    const memory = copyable(backend, x)
    if (!x || !memory || x.shape.length > MAX_RANK) return undefined
    if (x.shape.length === 0) return sharing(backend, x)
    const axes = tf.util.parseAxisParam(dims, x.shape)
    const strides = stridesOf(x.shape)
    const out = memoryLike(backend, memory, x.shape)
    let offset = 0
    x.shape.forEach((size, i) => {
      const backwards = axes.includes(i)
      if (backwards) offset += (size - 1) * at(strides, i)
      setLoop(i, size, backwards ? -at(strides, i) : at(strides, i), at(strides, i))
    })
    if (out.length > 0) runCopy(memory, out, x.shape.length, offset)
    return tensorOver(backend, out, x.shape, x.dtype)
  },
})

export const reorderKernels: readonly NativeKernel[] = [transpose, slice, stridedSlice, pad, tile, reverse]
