/**
 * `Cast` between float32, int32 and bool, always into memory of the new type: the kernel that it displaces lets a float32 tensor keep
 * an integer array, which no kernel here could read.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { type BlockType, entry } from '../executor.js'
import { overrideKernel } from '../kernel.js'
import { sizeOf } from '../shape.js'

const castEntry = entry('cast', ['x', 'out'], ['from', 'to'])

/** Numbered as in unary.cc. */
const codes: Readonly<Record<Exclude<BlockType, 'float64'>, number>> = { float32: 0, int32: 1, bool: 2 }

export const castKernel = overrideKernel<tf.CastInputs, tf.CastAttrs>({
  kernelName: tf.Cast,
  entries: [castEntry],
  run({ inputs: { x }, attrs: { dtype }, executor }) {
    if (!x || x.dtype === 'complex64' || x.dtype === 'string') return undefined
    const memory = executor.block(x)
    const type = executor.typeOf(memory)
    if (type === 'float64') return undefined
    const from = codes[type]
    if (dtype === 'float32') {
      if (from === 0) return x.dtype === 'float32' ? executor.share(x, x.shape) : undefined
      const out = executor.take(sizeOf(x.shape))
      executor.run(castEntry, { x: memory, out, from, to: 0 })
      return executor.tensor(out, x.shape)
    }
    if (dtype !== 'int32' && dtype !== 'bool') return undefined
    if (dtype === x.dtype) return executor.share(x, x.shape)
    if (codes[dtype] === from) return undefined
    const out = executor.take(sizeOf(x.shape), dtype)
    executor.run(castEntry, { x: memory, out, from, to: codes[dtype] })
    return executor.tensor(out, x.shape, dtype)
  },
})
