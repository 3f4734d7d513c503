/**
 * Functions of two elements in C++, for float32, with NumPy's broadcasting: arithmetic, comparisons, the gradients of activations;
 * selection and logic for operands of one size. Anything else runs on the kernel that it displaces, which also words the errors.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { type Block, entry } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { type Loops, MAX_RANK, newLoops, setLoop } from '../loops.js'
import { sameShape, sizeOf } from '../shape.js'

type Shape = number[]

interface Broadcast {
  shape: Shape
  loops: Loops
  rank: number
}

/** The loops of `a` against `b`; nothing when they do not fit. */
function broadcast(a: Shape, b: Shape): Broadcast | undefined {
  const loops = newLoops()
  if (sameShape(a, b)) {
    setLoop(loops, 0, sizeOf(a), 1, 1)
    return { shape: a, loops, rank: 1 }
  }
  if (b.length === 0) {
    setLoop(loops, 0, sizeOf(a), 1, 0)
    return { shape: a, loops, rank: 1 }
  }
  if (a.length === 0) {
    setLoop(loops, 0, sizeOf(b), 0, 1)
    return { shape: b, loops, rank: 1 }
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
    setLoop(loops, i, dim, dimA === 1 ? 0 : strideA, dimB === 1 ? 0 : strideB)
    strideA *= dimA
    strideB *= dimB
  }
  return { shape, loops, rank }
}

const declare = (name: string) => entry(name, ['a', 'b', 'out', 'layout'], ['rank'])

interface Names {
  a: string
  b: string
}

/** A kernel with a float32 result. */
function arithmetic(kernelName: string, op: string, names: Names = { a: 'a', b: 'b' }) {
  const own = declare(`binary_${op}`)
  return overrideKernel<tf.NamedTensorInfoMap, object>({
    kernelName,
    entries: [own],
    run({ inputs, executor }) {
      const [a, b] = [inputs[names.a], inputs[names.b]]
      if (a?.dtype !== 'float32' || b?.dtype !== 'float32') return undefined
      const plan = broadcast(a.shape, b.shape)
      if (!plan) return undefined
      const out = executor.take(sizeOf(plan.shape))
      const { loops, rank } = plan
      executor.run(own, { a: executor.floats(a), b: executor.floats(b), out, layout: executor.put(loops), rank })
      return executor.tensor(out, plan.shape)
    },
  })
}

/** A kernel with a boolean result. */
function comparison(kernelName: string, op: string) {
  const own = declare(`compare_${op}`)
  return overrideKernel<tf.BinaryInputs, object>({
    kernelName,
    entries: [own],
    run({ inputs: { a, b }, executor }) {
      if (a?.dtype !== 'float32' || b?.dtype !== 'float32') return undefined
      const plan = broadcast(a.shape, b.shape)
      if (!plan) return undefined
      const out = executor.take(sizeOf(plan.shape), 'bool')
      const { loops, rank } = plan
      executor.run(own, { a: executor.floats(a), b: executor.floats(b), out, layout: executor.put(loops), rank })
      return executor.tensor(out, plan.shape, 'bool')
    },
  })
}

/** Also of `tf.Add`. */
const addEntry = declare('binary_add')

const addN = overrideKernel<tf.TensorInfo[], object>({
  kernelName: tf.AddN,
  entries: [addEntry],
  run({ inputs, executor }) {
    const [first, ...rest] = inputs
    if (!first || rest.length === 0) return undefined
    if (inputs.some(({ dtype, shape }) => dtype !== 'float32' || !sameShape(shape, first.shape))) return undefined
    const out = executor.take(sizeOf(first.shape))
    let sum: Block = executor.floats(first)
    const loops = newLoops()
    setLoop(loops, 0, out.length, 1, 1)
    for (const term of rest) {
      executor.run(addEntry, { a: sum, b: executor.floats(term), out, layout: executor.put(loops), rank: 1 })
      sum = out
    }
    return executor.tensor(out, first.shape)
  },
})

const selectEntry = entry('select', ['condition', 'a', 'b', 'out'], [])

const select = overrideKernel<tf.SelectInputs, object>({
  kernelName: tf.Select,
  entries: [selectEntry],
  run({ inputs: { condition, t, e }, executor }) {
    if (!condition || t?.dtype !== 'float32' || e?.dtype !== 'float32') return undefined
    if (!sameShape(condition.shape, t.shape) || !sameShape(t.shape, e.shape)) return undefined
    const mask = executor.block(condition)
    if (executor.typeOf(mask) !== 'bool') return undefined
    const out = executor.take(mask.length)
    executor.run(selectEntry, { condition: mask, a: executor.floats(t), b: executor.floats(e), out })
    return executor.tensor(out, t.shape)
  },
})

const logicalEntry = entry('logical', ['a', 'b', 'out'], ['op'])

/** `op` as numbered in binary.cc. */
function logical(kernelName: string, op: number) {
  return overrideKernel<tf.NamedTensorInfoMap, object>({
    kernelName,
    entries: [logicalEntry],
    run({ inputs, executor }) {
      const a = inputs['a'] ?? inputs['x']
      const b = inputs['b']
      if (a?.dtype !== 'bool' || (b && !(b.dtype === 'bool' && sameShape(a.shape, b.shape)))) return undefined
      const out = executor.take(sizeOf(a.shape), 'bool')
      executor.run(logicalEntry, { a: executor.block(a), b: b && executor.block(b), out, op })
      return executor.tensor(out, a.shape, 'bool')
    },
  })
}

const OF_INPUT: Names = { a: 'dy', b: 'x' }
const OF_OUTPUT: Names = { a: 'dy', b: 'y' }

export const binaryKernels: readonly Kernel[] = [
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
