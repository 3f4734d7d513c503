/** Copies of one tensor in another order or extent: transposition, slices, padding, tiling, reversal. */
import * as tf from '@weft/kernels/tfjs-core'
import type { Executor } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { MAX_RANK, newLoops, setLoop } from '../loops.js'
import { sameShape, sizeOf, stridesOf } from '../shape.js'
import { copyable, copyEntry, memoryLike, runCopy } from './strided-copy.js'

const at = (values: readonly number[], i: number) => values[i] ?? 0

const transpose = overrideKernel<tf.TransposeInputs, tf.TransposeAttrs>({
  kernelName: tf.Transpose,
  entries: [copyEntry],
  run({ inputs: { x }, attrs: { perm }, executor }) {
    const memory = copyable(executor, x)
    if (!x || !memory || perm.length > MAX_RANK) return undefined
    const outShape = perm.map((axis) => at(x.shape, axis))
    const moving = perm.filter((axis) => x.shape[axis] !== 1)
    if (moving.every((axis, i) => i === 0 || axis > at(moving, i - 1))) return executor.share(x, outShape)
    const [from, to] = [stridesOf(x.shape), stridesOf(outShape)]
    const out = memoryLike(executor, memory, outShape)
    const loops = newLoops()
    perm.forEach((axis, i) => setLoop(loops, i, at(outShape, i), at(from, axis), at(to, i)))
    runCopy(executor, loops, perm.length, { x: memory, out })
    return executor.tensor(out, outShape, x.dtype)
  },
})

/** `size` elements from `begin` on, `steps` apart on each axis. */
function sliced(
  executor: Executor,
  x: tf.TensorInfo,
  begin: readonly number[],
  size: readonly number[],
  { steps, outShape = [...size] }: { readonly steps?: readonly number[]; readonly outShape?: number[] } = {},
): tf.TensorInfo | undefined {
  const memory = copyable(executor, x)
  const rank = x.shape.length
  if (!memory || rank > MAX_RANK) return undefined
  if (sameShape(size, x.shape) && (steps?.every((step) => step === 1) ?? true)) return executor.share(x, outShape)
  const [from, to] = [stridesOf(x.shape), stridesOf(size)]
  const out = memoryLike(executor, memory, size)
  const loops = newLoops()
  let offset = 0
  for (let i = 0; i < rank; i++) {
    offset += at(begin, i) * at(from, i)
    setLoop(loops, i, at(size, i), at(from, i) * (steps?.[i] ?? 1), at(to, i))
  }
  if (out.length > 0) runCopy(executor, loops, rank, { x: memory, out, xOffset: offset })
  return executor.tensor(out, outShape, x.dtype)
}

const slice = overrideKernel<tf.SliceInputs, tf.SliceAttrs>({
  kernelName: tf.Slice,
  entries: [copyEntry],
  run({ inputs: { x }, attrs, executor }) {
    if (!x) return undefined
    const [begin = [], size = []] = tf.slice_util.parseSliceParams(x, attrs.begin, attrs.size)
    tf.slice_util.assertParamsValid(x, begin, size)
    return sliced(executor, x, begin, size)
  },
})

const stridedSlice = overrideKernel<tf.StridedSliceInputs, tf.StridedSliceAttrs>({
  kernelName: tf.StridedSlice,
  entries: [copyEntry],
  run({ inputs: { x }, attrs, executor }) {
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
    return sliced(executor, x, info.begin, size, { steps: info.strides, outShape: info.finalShape })
  },
})

const pad = overrideKernel<tf.PadV2Inputs, tf.PadV2Attrs>({
  kernelName: tf.PadV2,
  entries: [copyEntry],
  run({ inputs: { x }, attrs: { paddings, constantValue }, executor }) {
    const memory = copyable(executor, x)
    if (!x || !memory || x.shape.length > MAX_RANK) return undefined
    const outShape = x.shape.map((size, i) => (paddings[i]?.[0] ?? 0) + size + (paddings[i]?.[1] ?? 0))
    if (sameShape(outShape, x.shape)) return executor.share(x, x.shape)
    const out = memoryLike(executor, memory, outShape)
    executor.write(out, (values) => values.fill(constantValue))
    const [from, to] = [stridesOf(x.shape), stridesOf(outShape)]
    const loops = newLoops()
    let offset = 0
    x.shape.forEach((size, i) => {
      offset += (paddings[i]?.[0] ?? 0) * at(to, i)
      setLoop(loops, i, size, at(from, i), at(to, i))
    })
    if (memory.length > 0) runCopy(executor, loops, x.shape.length, { x: memory, out, outOffset: offset })
    return executor.tensor(out, outShape, x.dtype)
  },
})

const tile = overrideKernel<tf.TileInputs, tf.TileAttrs>({
  kernelName: tf.Tile,
  entries: [copyEntry],
  run({ inputs: { x }, attrs: { reps }, executor }) {
    const memory = copyable(executor, x)
    if (!x || !memory) return undefined
    const outShape = x.shape.map((size, i) => size * at(reps, i))
    if (sameShape(outShape, x.shape)) return executor.share(x, x.shape)
    const [from, to] = [stridesOf(x.shape), stridesOf(outShape)]
    // Each axis is a loop over its repetitions around one over its elements.
    const loops = x.shape.flatMap((size, i) => [
      [at(reps, i), 0, size * at(to, i)],
      [size, at(from, i), at(to, i)],
    ])
    const moving = loops.filter(([count]) => count !== 1)
    if (moving.length > MAX_RANK) return undefined
    const nest = newLoops()
    moving.forEach((loop, i) => setLoop(nest, i, at(loop, 0), at(loop, 1), at(loop, 2)))
    const out = memoryLike(executor, memory, outShape)
    if (out.length > 0) runCopy(executor, nest, moving.length, { x: memory, out })
    return executor.tensor(out, outShape, x.dtype)
  },
})

const reverse = overrideKernel<tf.ReverseInputs, tf.ReverseAttrs>({
  kernelName: tf.Reverse,
  entries: [copyEntry],
  run({ inputs: { x }, attrs: { dims }, executor }) {
    const memory = copyable(executor, x)
    if (!x || !memory || x.shape.length > MAX_RANK) return undefined
    if (x.shape.length === 0) return executor.share(x, x.shape)
    const axes = tf.util.parseAxisParam(dims, x.shape)
    const strides = stridesOf(x.shape)
    const out = memoryLike(executor, memory, x.shape)
    const loops = newLoops()
    let offset = 0
    x.shape.forEach((size, i) => {
      const backwards = axes.includes(i)
      if (backwards) offset += (size - 1) * at(strides, i)
      setLoop(loops, i, size, backwards ? -at(strides, i) : at(strides, i), at(strides, i))
    })
    if (out.length > 0) runCopy(executor, loops, x.shape.length, { x: memory, out, xOffset: offset })
    return executor.tensor(out, x.shape, x.dtype)
  },
})

export const reorderKernels: readonly Kernel[] = [transpose, slice, stridedSlice, pad, tile, reverse]
