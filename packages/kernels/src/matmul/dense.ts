/**
 * A dense layer from array to array, for streams: no tensor is made.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { executorWith, readBack } from '../executor.js'
import { ShapeError } from '../shape-error.js'
import { fusedActivations, matmulEntry } from './matmul.js'

export type DenseActivation = 'linear' | 'relu' | 'sigmoid' | 'tanh' | 'relu6' | 'softmax'

export function isDenseActivation(name: string): name is DenseActivation {
  return name === 'softmax' || Object.hasOwn(fusedActivations, name)
}

/**
 * `out = activation(x · kernel + bias)`, written into `out`.
 *
 * Shapes: `x` [B, D], `kernel` [D, U], `bias` [U] → `out` [B, U].
 * @returns out
 * @throws ShapeError when the arrays do not fit the kernel.
 */
export function dense(
  x: Float32Array,
  kernel: tf.Tensor,
  bias: tf.Tensor | undefined,
  activation: DenseActivation,
  out: Float32Array,
): Float32Array {
  const [depth = 0, cols = 0] = kernel.shape
  const rows = cols === 0 ? 0 : out.length / cols
  if (x.length !== rows * depth || (bias && bias.size !== cols))
    throw new ShapeError(
      `dense: expected ${rows * depth} numbers for x and ${cols} for bias, received ${x.length} and ${bias?.size ?? cols}`,
    )
  const fused = activation === 'softmax' ? 'linear' : activation
  const executor = executorWith(matmulEntry)
  if (executor) {
    const product = executor.put(out)
    executor.run(matmulEntry, {
      ...{ a: executor.put(x), b: executor.floats(kernel), bias: bias && executor.floats(bias), out: product },
      ...{ batch: 1, batchA: 1, batchB: 1, rows, cols, depth, transposeA: false, transposeB: false },
      activation: fusedActivations[fused] ?? 0,
    })
    readBack(executor, product, out)
  } else {
    tf.tidy(() => {
      const product = tf.matMul(tf.tensor2d(x.slice(), [rows, depth]), tf.reshape(kernel, [depth, cols]))
      const sum = bias ? tf.add(product, bias) : product
      out.set((fused === 'linear' ? sum : tf[fused](sum)).dataSync())
    })
  }
  if (activation === 'softmax')
    for (let row = 0; row < rows; row++) softmaxInPlace(out.subarray(row * cols, (row + 1) * cols))
  return out
}

function softmaxInPlace(row: Float32Array): void {
  const highest = row.reduce((best, value) => Math.max(best, value), -Infinity)
  let sum = 0
  for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp((row[i] ?? 0) - highest)
  for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) / sum
}
