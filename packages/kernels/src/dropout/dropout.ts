/**
 * Dropout masks as a function of a seed and each element's index, so that any run, thread count or backend draws the same: a hash of
 * both (the 32-bit finalizer of Chris Wellons's hash prospector, twice) against a threshold.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry, hasKernel } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { sizeOf } from '../shape.js'

const KERNEL_NAME = 'DropoutMask'
const maskEntry = entry('dropout_mask', ['out'], ['seed', 'threshold', 'kept'])

type MaskAttrs = { shape: number[]; seed: number; threshold: number; kept: number }

export const dropoutKernels: readonly Kernel[] = [
  overrideKernel<object, MaskAttrs>({
    kernelName: KERNEL_NAME,
    entries: [maskEntry],
    run({ attrs: { shape, seed, threshold, kept }, executor }) {
      const out = executor.take(sizeOf(shape))
      executor.run(maskEntry, { out, seed, threshold, kept })
      return executor.tensor(out, shape)
    },
  }),
]

function mixBits(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return x ^ (x >>> 16)
}

function maskReference({ shape, seed, threshold, kept }: MaskAttrs): Float32Array {
  const out = new Float32Array(sizeOf(shape))
  for (let i = 0; i < out.length; i++) if (mixBits(mixBits(i ^ seed) + seed) >>> 0 < threshold) out[i] = kept
  return out
}

/**
 * A mask of 0 and `1 / keepProbability`, to be multiplied with; each element is kept with `keepProbability`.
 *
 * @param keepProbability In (0, 1]; it is rounded down to a multiple of 2^-32.
 * @param seed Any integer; its lowest 32 bits count.
 * @throws RangeError when `keepProbability` is out of its range.
 */
export function dropoutMask(shape: number[], keepProbability: number, seed: number): tf.Tensor {
  if (!(keepProbability > 0 && keepProbability <= 1))
    throw new RangeError(`dropoutMask: expected a number in (0, 1] for keepProbability, received ${keepProbability}`)
  if (keepProbability === 1) return tf.ones(shape)
  const threshold = Math.floor(keepProbability * 2 ** 32)
  const attrs: MaskAttrs = { shape, seed: seed >>> 0, threshold, kept: 1 / keepProbability }
  if (!hasKernel(KERNEL_NAME)) return tf.tensor(maskReference(attrs), shape)
  return tf.engine().runKernel(KERNEL_NAME, {}, attrs)
}
