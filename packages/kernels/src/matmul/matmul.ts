/**
 * Matrix products: `BatchMatMul`, and `_FusedMatMul` with bias and activation in the same pass.
 * `out[b] = activation(op(a[b]) · op(b[b]) + bias)`. An operand whose batch size is 1 is shared by the whole batch.
 */
import type {
  BatchMatMulAttrs,
  BatchMatMulInputs,
  TensorInfo,
  _FusedMatMulAttrs,
  _FusedMatMulInputs,
} from '@tensorflow/tfjs-core'
import { entry, type Executor } from '../executor.js'
import { overrideKernel } from '../kernel.js'

/** Activations that kernels apply in their last pass, numbered as in native/gemm.h. */
export const fusedActivations: Readonly<Record<string, number>> = { linear: 0, relu: 1, sigmoid: 2, tanh: 3, relu6: 4 }

export const matmulEntry = entry(
  'matmul',
  ['a', 'b', 'bias', 'out'],
  ['batch', 'batchA', 'batchB', 'rows', 'cols', 'depth', 'transposeA', 'transposeB', 'activation'],
  (n) => 2 * Number(n.batch) * Number(n.rows) * Number(n.cols) * Number(n.depth),
)

interface Product {
  a: TensorInfo
  b: TensorInfo
  bias?: TensorInfo
  transposeA: boolean
  transposeB: boolean
  activation: number
}

const product = (dims: number[]) => dims.reduce((size, dim) => size * dim, 1)

function multiply(
  executor: Executor,
  { a, b, bias, transposeA, transposeB, activation }: Product,
): TensorInfo | undefined {
  const rank = a.shape.length
  if (a.dtype !== 'float32' || b.dtype !== 'float32' || rank < 2 || b.shape.length !== rank) return undefined
  const [rowsA = 0, colsA = 0] = a.shape.slice(-2)
  const [rowsB = 0, colsB = 0] = b.shape.slice(-2)
  const [rows, depth] = transposeA ? [colsA, rowsA] : [rowsA, colsA]
  const [depthB, cols] = transposeB ? [colsB, rowsB] : [rowsB, colsB]
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const [batchA, batchB] = [product(outerA), product(outerB)]
  const same = outerA.every((dim, i) => dim === outerB[i])
  // TensorFlow.js's own kernel words the error for shapes that do not fit.
  if (depth !== depthB || (!same && batchA !== 1 && batchB !== 1)) return undefined
  if (bias && (bias.dtype !== 'float32' || product(bias.shape) !== cols)) return undefined
  const outer = batchA === 1 && batchB !== 1 ? outerB : outerA
  const out = executor.allocate([...outer, rows, cols])
  executor.run(matmulEntry, {
    a: executor.floats(a),
    b: executor.floats(b),
    bias: bias && executor.floats(bias),
    out: executor.floats(out),
    batch: product(outer),
    batchA,
    batchB,
    rows,
    cols,
    depth,
    transposeA,
    transposeB,
    activation,
  })
  return out
}

export const batchMatMul = overrideKernel<BatchMatMulInputs, BatchMatMulAttrs>({
  kernelName: 'BatchMatMul',
  entries: [matmulEntry],
  run({ inputs: { a, b }, attrs: { transposeA, transposeB }, executor }) {
    if (!a || !b) return undefined
    return multiply(executor, { a, b, transposeA, transposeB, activation: 0 })
  },
})

export const fusedMatMul = overrideKernel<_FusedMatMulInputs, _FusedMatMulAttrs>({
  kernelName: '_FusedMatMul',
  entries: [matmulEntry],
  run({ inputs: { a, b, bias, preluActivationWeights }, attrs, executor }) {
    const activation = fusedActivations[attrs.activation ?? 'linear']
    if (!a || !b || activation === undefined || preluActivationWeights) return undefined
    return multiply(executor, { a, b, bias, transposeA: attrs.transposeA, transposeB: attrs.transposeB, activation })
  },
})
