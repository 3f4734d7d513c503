/** Tensors of one value, and one-hot rows, over pooled memory: the kernels that these displace allocate afresh every time. */
import * as tf from '@tensorflow/tfjs-core'
import { tensorOver } from '../copy/strided-copy.js'
import { type NativeKernel, overrideKernel } from '../kernel.js'
import { sizeOf } from '../nest.js'

const fill = overrideKernel<object, tf.FillAttrs>({
  kernelName: tf.Fill,
  run({ attrs: { shape, value, dtype }, backend }) {
    if (dtype !== 'float32' || typeof value !== 'number') return undefined
    return backend.wrap(backend.take(sizeOf(shape)).fill(value), shape)
  },
})

function like(kernelName: string, value: number) {
  return overrideKernel<tf.UnaryInputs, object>({
    kernelName,
    run({ inputs: { x }, backend }) {
      if (x?.dtype !== 'float32') return undefined
      return backend.wrap(backend.take(sizeOf(x.shape)).fill(value), x.shape)
    },
  })
}

const oneHot = overrideKernel<tf.OneHotInputs, tf.OneHotAttrs>({
  kernelName: tf.OneHot,
  run({ inputs: { indices }, attrs: { depth, onValue, offValue, dtype }, backend }) {
    if (indices?.dtype !== 'int32' || (dtype !== 'float32' && dtype !== 'int32')) return undefined
    const from = backend.memoryOf(indices)
    const size = from.length * depth
    const out = dtype === 'int32' ? new Int32Array(size) : backend.take(size)
    out.fill(offValue)
    from.forEach((index, row) => {
      if (index >= 0 && index < depth) out[row * depth + index] = onValue
    })
    return tensorOver(backend, out, [...indices.shape, depth], dtype)
  },
})

export const fillKernels: readonly NativeKernel[] = [fill, like(tf.ZerosLike, 0), like(tf.OnesLike, 1), oneHot]
