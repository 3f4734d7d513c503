/** Copies between one tensor and several: concatenation, stacking, splitting, unstacking. */
import * as tf from '@tensorflow/tfjs-core'
import type { NativeBackend } from '../backend.js'
import type { NativeArray } from '../binding.js'
import { type NativeKernel, overrideKernel } from '../kernel.js'
import { sameShape, setLoop, sizeOf } from '../nest.js'
import { copyable, memoryLike, runCopy, sharing, tensorOver } from './strided-copy.js'

/** The inputs' memory, when all are of one kind. */
function memoriesOf(backend: NativeBackend, inputs: readonly tf.TensorInfo[]): NativeArray[] | undefined {
  const memories: NativeArray[] = []
  for (const input of inputs) {
    const memory = copyable(backend, input)
    if (!memory || input.dtype !== inputs[0]?.dtype || memory.constructor !== memories.at(0)?.constructor) {
      if (!memory || memories.length > 0) return undefined
    }
    memories.push(memory)
  }
  return memories
}

/** Puts the inputs, seen as [rows, width] each, side by side. */
function joined(
  backend: NativeBackend,
  inputs: readonly tf.TensorInfo[],
  rows: number,
  outShape: number[],
): tf.TensorInfo | undefined {
  const memories = memoriesOf(backend, inputs)
  const [first] = memories ?? []
  if (!memories || !first || rows === 0) return undefined
  const out = memoryLike(backend, first, outShape)
  const total = out.length / rows
  let offset = 0
  for (const memory of memories) {
    const width = memory.length / rows
    if (width === 0) continue
    setLoop(0, rows, width, total)
    setLoop(1, width, 1, 1)
    runCopy(memory, out, 2, 0, offset)
    offset += width
  }
  return tensorOver(backend, out, outShape, inputs[0]?.dtype ?? 'float32')
}

const concat = overrideKernel<tf.TensorInfo[], tf.ConcatAttrs>({
  kernelName: tf.Concat,
  run({ inputs, attrs, backend }) {
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
    return joined(backend, inputs, sizeOf(first.shape, 0, axis), outShape)
  },
})

const pack = overrideKernel<tf.TensorInfo[], tf.PackAttrs>({
  kernelName: tf.Pack,
  run({ inputs, attrs, backend }) {
    const [first] = inputs
    if (!first || inputs.some(({ shape }) => !sameShape(shape, first.shape))) return undefined
    const axis = attrs.axis < 0 ? attrs.axis + first.shape.length + 1 : attrs.axis
    const outShape = [...first.shape.slice(0, axis), inputs.length, ...first.shape.slice(axis)]
    if (inputs.length === 1) return sharing(backend, first, outShape)
    if (sizeOf(outShape) === 0) return undefined
    return joined(backend, inputs, sizeOf(first.shape, 0, axis), outShape)
  },
})

/** Takes x, seen as [rows, sum of widths], apart. */
function parted(
  backend: NativeBackend,
  x: tf.TensorInfo,
  rows: number,
  parts: readonly { width: number; shape: number[] }[],
): tf.TensorInfo[] | undefined {
  const memory = copyable(backend, x)
  if (!memory) return undefined
  const total = rows === 0 ? 0 : memory.length / rows
  let offset = 0
  return parts.map(({ width, shape }) => {
    const out = memoryLike(backend, memory, shape)
    if (out.length > 0) {
      setLoop(0, rows, total, width)
      setLoop(1, width, 1, 1)
      runCopy(memory, out, 2, offset)
    }
    offset += width
    return tensorOver(backend, out, shape, x.dtype)
  })
}

const split = overrideKernel<tf.SplitVInputs, tf.SplitVAttrs>({
  kernelName: tf.SplitV,
  run({ inputs: { x }, attrs, backend }) {
    if (!x) return undefined
    const [axis = 0] = tf.util.parseAxisParam(attrs.axis, x.shape)
    const sizes = tf.backend_util.prepareSplitSize(x, attrs.numOrSizeSplits, axis)
    const inner = sizeOf(x.shape, axis + 1)
    const parts = sizes.map((size) => ({
      width: size * inner,
      shape: x.shape.map((dim, i) => (i === axis ? size : dim)),
    }))
    return parted(backend, x, sizeOf(x.shape, 0, axis), parts)
  },
})

const unpack = overrideKernel<tf.UnpackInputs, tf.UnpackAttrs>({
  kernelName: tf.Unpack,
  run({ inputs: { value }, attrs, backend }) {
    if (!value) return undefined
    const axis = attrs.axis < 0 ? attrs.axis + value.shape.length : attrs.axis
    const shape = value.shape.filter((_, i) => i !== axis)
    const part = { width: sizeOf(value.shape, axis + 1), shape }
    const parts = Array.from({ length: value.shape[axis] ?? 0 }, () => part)
    return parted(backend, value, sizeOf(value.shape, 0, axis), parts)
  },
})

export const joinKernels: readonly NativeKernel[] = [concat, pack, split, unpack]
