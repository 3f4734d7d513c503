/**
 * Functions of two elements in C++, for float32, with NumPy's broadcasting: arithmetic, comparisons, the gradients of activations;
 * selection and logic for operands of one size. Anything else runs on the kernel that it displaces, which also words the errors.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { NativeArray } from '../binding.js'
import { nativeFunction } from '../binding.js'
import { type NativeKernel, overrideKernel } from '../kernel.js'
import { layout, MAX_RANK, sameShape, setLoop, sizeOf } from '../nest.js'

type Shape = number[]

interface Broadcast {
  shape: Shape
  /** Loops set in `layout`. */
  rank: number
}

/** Sets the loops of `a` against `b`; nothing when they do not fit. */
function broadcast(a: Shape, b: Shape): Broadcast | undefined {
  if (sameShape(a, b)) {
    setLoop(0, sizeOf(a), 1, 1)
    return { shape: a, rank: 1 }
  }
  if (b.length === 0) {
    setLoop(0, sizeOf(a), 1, 0)
    return { shape: a, rank: 1 }
  }
  if (a.length === 0) {
    setLoop(0, sizeOf(b), 0, 1)
    return { shape: b, rank: 1 }
  }
  const rank = Math.max(a.length, b.length)
  if (rank > MAX_RANK) return undefined
  const shape: Shape = []
  let [strideA, strideB] = [1, 1]
  for (let i = rank - 1; i >= 0; i--) {
    const dimA = a[i - rank + a.length] ?? 1
    const dimB = b[i - rank + b.length] ?? 1
    if (dimA !== dimB && dimA !== 1 && dimB !== 1) return undefined
    const dim = dimA === 1 ? dimB : dimA
    shape[i] = dim
    setLoop(i, dim, dimA === 1 ? 0 : strideA, dimB === 1 ? 0 : strideB)
    strideA *= dimA
    strideB *= dimB
  }
  return { shape, rank }
}

type Native = (values: Record<'a' | 'b' | 'out' | 'layout', NativeArray> & { rank: number }) => void

const declare = (name: string): Native => nativeFunction(name, ['a', 'b', 'out', 'layout'], ['rank'])

interface Names {
  a: string
  b: string
}

/** A kernel with a float32 result. */
function arithmetic(kernelName: string, op: string, names: Names = { a: 'a', b: 'b' }) {
  const native = declare(`binary_${op}`)
  return overrideKernel<tf.NamedTensorInfoMap, object>({
    kernelName,
    run({ inputs, backend }) {
      const [a, b] = [inputs[names.a], inputs[names.b]]
      if (a?.dtype !== 'float32' || b?.dtype !== 'float32') return undefined
      const plan = broadcast(a.shape, b.shape)
      if (!plan) return undefined
      const out = backend.take(sizeOf(plan.shape))
      native({ a: backend.array(a), b: backend.array(b), out, layout, rank: plan.rank })
      return backend.wrap(out, plan.shape)
    },
  })
}

/** A kernel with a boolean result. */
function comparison(kernelName: string, op: string) {
  const native = declare(`compare_${op}`)
  return overrideKernel<tf.BinaryInputs, object>({
    kernelName,
    run({ inputs: { a, b }, backend }) {
      if (a?.dtype !== 'float32' || b?.dtype !== 'float32') return undefined
      const plan = broadcast(a.shape, b.shape)
      if (!plan) return undefined
      const out = new Uint8Array(sizeOf(plan.shape))
      native({ a: backend.array(a), b: backend.array(b), out, layout, rank: plan.rank })
      return backend.makeTensorInfo(plan.shape, 'bool', out)
    },
  })
}

const addNative = declare('binary_add')

const addN = overrideKernel<tf.TensorInfo[], object>({
  kernelName: tf.AddN,
  run({ inputs, backend }) {
    const [first, ...rest] = inputs
    if (!first || rest.length === 0) return undefined
    if (inputs.some(({ dtype, shape }) => dtype !== 'float32' || !sameShape(shape, first.shape))) return undefined
    const out = backend.take(sizeOf(first.shape))
    let sum = backend.array(first)
    for (const term of rest) {
      setLoop(0, out.length, 1, 1)
      addNative({ a: sum, b: backend.array(term), out, layout, rank: 1 })
      sum = out
    }
    return backend.wrap(out, first.shape)
  },
})

const selectNative = nativeFunction('select', ['condition', 'a', 'b', 'out'], [])

const select = overrideKernel<tf.SelectInputs, object>({
  kernelName: tf.Select,
  run({ inputs: { condition, t, e }, backend }) {
    if (!condition || t?.dtype !== 'float32' || e?.dtype !== 'float32') return undefined
    if (!sameShape(condition.shape, t.shape) || !sameShape(t.shape, e.shape)) return undefined
    const mask = backend.memoryOf(condition)
    if (!(mask instanceof Uint8Array)) return undefined
    const out = backend.take(mask.length)
    selectNative({ condition: mask, a: backend.array(t), b: backend.array(e), out })
    return backend.wrap(out, t.shape)
  },
})

const logicalNative = nativeFunction('logical', ['a', 'b', 'out'], ['op'])

/** `op` as numbered in binary.cc. */
function logical(kernelName: string, op: number) {
  return overrideKernel<tf.NamedTensorInfoMap, object>({
    kernelName,
    run({ inputs, backend }) {
      const a = inputs['a'] ?? inputs['x']
      const b = inputs['b']
      if (a?.dtype !== 'bool' || (b && !(b.dtype === 'bool' && sameShape(a.shape, b.shape)))) return undefined
      const out = new Uint8Array(sizeOf(a.shape))
      logicalNative({ a: backend.memoryOf(a), b: b && backend.memoryOf(b), out, op })
      return backend.makeTensorInfo(a.shape, 'bool', out)
    },
  })
}

const OF_INPUT: Names = { a: 'dy', b: 'x' }
const OF_OUTPUT: Names = { a: 'dy', b: 'y' }

export const binaryKernels: readonly NativeKernel[] = [
  arithmetic(tf.Add, 'add'),
  arithmetic(tf.Sub, 'sub'),
  arithmetic(tf.Multiply, 'mul'),
  arithmetic(tf.RealDiv, 'div'),
  arithmetic(tf.Maximum, 'maximum'),
  arithmetic(tf.Minimum, 'minimum'),
  arithmetic(tf.SquaredDifference, 'squared_difference'),
  arithmetic(tf.Pow, 'pow'),
  arithmetic('ReluGrad', 'relu_grad', OF_INPUT),
  arithmetic('Relu6Grad', 'relu6_grad', OF_INPUT),
  arithmetic('SigmoidGrad', 'sigmoid_grad', OF_OUTPUT),
  arithmetic('TanhGrad', 'tanh_grad', OF_OUTPUT),
  arithmetic(tf.EluGrad, 'elu_grad', OF_OUTPUT),
  comparison(tf.Greater, 'greater'),
  comparison(tf.GreaterEqual, 'greater_equal'),
  comparison(tf.Less, 'less'),
  comparison(tf.LessEqual, 'less_equal'),
  comparison(tf.Equal, 'equal'),
  comparison(tf.NotEqual, 'not_equal'),
  addN,
  select,
  logical(tf.LogicalAnd, 0),
  logical(tf.LogicalOr, 1),
  logical(tf.LogicalNot, 2),
]
