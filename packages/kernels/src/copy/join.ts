/** Copies between one tensor and several: concatenation, stacking, splitting, unstacking. */
import * as tf from '@weft/kernels/tfjs-core'
import type { Block, Executor } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { newLoops, setLoop } from '../loops.js'
import { sameShape, sizeOf } from '../shape.js'
import { copyable, copyEntry, memoryLike, runCopy } from './strided-copy.js'

/** The inputs' memory, when all are of one kind. */
function memoriesOf(executor: Executor, inputs: readonly tf.TensorInfo[]): Block[] | undefined {
  const memories: Block[] = []
  for (const input of inputs) {
    const memory = copyable(executor, input)
    const [first] = memories
    if (!memory || input.dtype !== inputs[0]?.dtype) return undefined
    if (first && executor.typeOf(memory) !== executor.typeOf(first)) return undefined
    memories.push(memory)
  }
  return memories
}

/** Puts the inputs, seen as [rows, width] each, side by side. */
function join(
  executor: Executor,
  inputs: readonly tf.TensorInfo[],
  rows: number,
  outShape: number[],
): tf.TensorInfo | undefined {
  const memories = memoriesOf(executor, inputs)
  const [first] = memories ?? []
  if (!memories || !first || rows === 0) return undefined
  const out = memoryLike(executor, first, outShape)
  const total = out.length / rows
  let offset = 0
  for (const memory of memories) {
    const width = memory.length / rows
    if (width === 0) continue
    const loops = newLoops()
    setLoop(loops, 0, rows, width, total)
    setLoop(loops, 1, width, 1, 1)
    runCopy(executor, loops, 2, { x: memory, out, outOffset: offset })
    offset += width
  }
  return executor.tensor(out, outShape, inputs[0]?.dtype ?? 'float32')
}

const concat = overrideKernel<tf.TensorInfo[], tf.ConcatAttrs>({
  kernelName: tf.Concat,
  entries: [copyEntry],
  run({ inputs, attrs, executor }) {
    const [first] = inputs
    if (!first || inputs.length === 1) return undefined
    const [axis = 0] = tf.util.parseAxisParam(attrs.axis, first.shape)
    let size = 0
    for (const { shape } of inputs) {
      if (shape.length !== first.shape.length || shape.some((dim, i) => i !== axis && dim !== first.shape[i]))
        return undefined
      size += shape[axis] ?? 0
    }
    const outShape = first.shape.map((dim, i) => (i === axis ? size : dim))
    if (sizeOf(outShape) === 0) return undefined
    return join(executor, inputs, sizeOf(first.shape, 0, axis), outShape)
  },
})

const pack = overrideKernel<tf.TensorInfo[], tf.PackAttrs>({
  kernelName: tf.Pack,
  entries: [copyEntry],
  run({ inputs, attrs, executor }) {
    const [first] = inputs
    if (!first || inputs.some(({ shape }) => !sameShape(shape, first.shape))) return undefined
    const axis = attrs.axis < 0 ? attrs.axis + first.shape.length + 1 : attrs.axis
    const outShape = [...first.shape.slice(0, axis), inputs.length, ...first.shape.slice(axis)]
    if (inputs.length === 1) return executor.share(first, outShape)
    if (sizeOf(outShape) === 0) return undefined
    return join(executor, inputs, sizeOf(first.shape, 0, axis), outShape)
  },
})

/** Takes x, seen as [rows, sum of widths], apart. */
function takeApart(
  executor: Executor,
  x: tf.TensorInfo,
  rows: number,
  parts: readonly { width: number; shape: number[] }[],
): tf.TensorInfo[] | undefined {
  const memory = copyable(executor, x)
  if (!memory) return undefined
  const total = rows === 0 ? 0 : memory.length / rows
  let offset = 0
  return parts.map(({ width, shape }) => {
    const out = memoryLike(executor, memory, shape)
    if (out.length > 0) {
      const loops = newLoops()
      setLoop(loops, 0, rows, total, width)
      setLoop(loops, 1, width, 1, 1)
      runCopy(executor, loops, 2, { x: memory, out, xOffset: offset })
    }
    offset += width
    return executor.tensor(out, shape, x.dtype)
  })
}

const split = overrideKernel<tf.SplitVInputs, tf.SplitVAttrs>({
  kernelName: tf.SplitV,
  entries: [copyEntry],
  run({ inputs: { x }, attrs, executor }) {
    if (!x) return undefined
    const [axis = 0] = tf.util.parseAxisParam(attrs.axis, x.shape)
    const sizes = tf.backend_util.prepareSplitSize(x, attrs.numOrSizeSplits, axis)
    const inner = sizeOf(x.shape, axis + 1)
    const parts = sizes.map((size) => ({
      width: size * inner,
      shape: x.shape.map((dim, i) => (i === axis ? size : dim)),
    }))
    return takeApart(executor, x, sizeOf(x.shape, 0, axis), parts)
  },
})

const unpack = overrideKernel<tf.UnpackInputs, tf.UnpackAttrs>({
  kernelName: tf.Unpack,
  entries: [copyEntry],
  run({ inputs: { value }, attrs, executor }) {
    if (!value) return undefined
    const axis = attrs.axis < 0 ? attrs.axis + value.shape.length : attrs.axis
    const shape = value.shape.filter((_, i) => i !== axis)
    const part = { width: sizeOf(value.shape, axis + 1), shape }
    const parts = Array.from({ length: value.shape[axis] ?? 0 }, () => part)
    return takeApart(executor, value, sizeOf(value.shape, 0, axis), parts)
  },
})

export const joinKernels: readonly Kernel[] = [concat, pack, split, unpack]
