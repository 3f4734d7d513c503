/**
 * `Cast` between float32, int32 and bool, always into memory of the new type: the kernel that it displaces lets a float32 tensor keep
 * an integer array, which no kernel here could read.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { NativeArray } from '../binding.js'
import { nativeFunction } from '../binding.js'
import { sharing } from '../copy/strided-copy.js'
import { overrideKernel } from '../kernel.js'
import { sizeOf } from '../nest.js'

const castNative = nativeFunction('cast', ['x', 'out'], ['from', 'to'])

/** Numbered as in unary.cc. */
const codeOf = (memory: NativeArray) => (memory instanceof Float32Array ? 0 : memory instanceof Int32Array ? 1 : 2)

export const castKernel = overrideKernel<tf.CastInputs, tf.CastAttrs>({
  kernelName: tf.Cast,
  run({ inputs: { x }, attrs: { dtype }, backend }) {
    if (!x || x.dtype === 'complex64' || x.dtype === 'string') return undefined
    const memory = backend.memoryOf(x)
    const from = codeOf(memory)
    if (dtype === 'float32') {
      if (from === 0) return x.dtype === 'float32' ? sharing(backend, x) : undefined
      const out = backend.take(sizeOf(x.shape))
      castNative({ x: memory, out, from, to: 0 })
      return backend.wrap(out, x.shape)
    }
    if (dtype !== 'int32' && dtype !== 'bool') return undefined
    if (dtype === x.dtype) return sharing(backend, x)
    const size = sizeOf(x.shape)
    const out = dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size)
    if (codeOf(out) === from) return undefined
    castNative({ x: memory, out, from, to: codeOf(out) })
    return backend.makeTensorInfo(x.shape, dtype, out)
  },
})
