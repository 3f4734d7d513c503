/** Tensors of one value, and one-hot rows, over pooled memory: the kernels that these displace allocate afresh every time. */
import * as tf from '@weft/kernels/tfjs-core'
import type { Executor } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { sizeOf } from '../shape.js'

function filled(executor: Executor, shape: number[], value: number): tf.TensorInfo {
  const out = executor.take(sizeOf(shape))
  executor.write(out, (values) => values.fill(value))
  return executor.tensor(out, shape)
}

const fill = overrideKernel<object, tf.FillAttrs>({
  kernelName: tf.Fill,
  entries: [],
  run({ attrs: { shape, value, dtype }, executor }) {
    if (dtype !== 'float32' || typeof value !== 'number') return undefined
    return filled(executor, shape, value)
  },
})

function like(kernelName: string, value: number) {
  return overrideKernel<tf.UnaryInputs, object>({
    kernelName,
    entries: [],
    run({ inputs: { x }, executor }) {
      if (x?.dtype !== 'float32') return undefined
      return filled(executor, x.shape, value)
    },
  })
}

const oneHot = overrideKernel<tf.OneHotInputs, tf.OneHotAttrs>({
  kernelName: tf.OneHot,
  entries: [],
  run({ inputs: { indices }, attrs: { depth, onValue, offValue, dtype }, executor }) {
    if (indices?.dtype !== 'int32' || (dtype !== 'float32' && dtype !== 'int32')) return undefined
    const from = executor.read(executor.block(indices))
    const out = executor.take(from.length * depth, dtype)
    executor.write(out, (values) => {
      values.fill(offValue)
      from.forEach((index, row) => {
        if (index >= 0 && index < depth) values[row * depth + index] = onValue
      })
    })
    return executor.tensor(out, [...indices.shape, depth], dtype)
  },
})

export const fillKernels: readonly Kernel[] = [fill, like(tf.ZerosLike, 0), like(tf.OnesLike, 1), oneHot]
