/**
 * Sums, means, products and extremes over any axes, where an extreme is, and whether all or any booleans are true. Neighbouring axes
 * are one; each run of reduced axes is one pass over [outer, count, inner], the innermost first.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { type Block, entry } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { sizeOf } from '../shape.js'

interface Pass {
  outer: number
  count: number
  inner: number
}

interface Plan {
  passes: Pass[]
  outShape: number[]
  /** Elements that become one. */
  count: number
}

function planOf(shape: readonly number[], axes: readonly number[], keepDims: boolean): Plan {
  const runs: { size: number; reduced: boolean }[] = []
  const outShape: number[] = []
  let count = 1
  shape.forEach((size, axis) => {
    const reduced = axes.includes(axis)
    if (!reduced) outShape.push(size)
    else if (keepDims) outShape.push(1)
    if (reduced) count *= size
    if (size === 1) return
    const last = runs.at(-1)
    if (last?.reduced === reduced) last.size *= size
    else runs.push({ size, reduced })
  })
  const passes: Pass[] = []
  let inner = 1
  for (let i = runs.length - 1; i >= 0; i--) {
    const run = runs[i]
    if (!run) continue
    if (!run.reduced) {
      inner *= run.size
      continue
    }
    const outer = runs.slice(0, i).reduce((product, { size }) => product * size, 1)
    passes.push({ outer, count: run.size, inner })
  }
  return { passes, outShape, count }
}

interface ReduceAttrs {
  axis?: number | number[]
  reductionIndices?: number | number[]
  keepDims?: boolean
}

function axesOf(attrs: ReduceAttrs, shape: number[]): number[] {
  const axes = attrs.axis ?? attrs.reductionIndices ?? shape.map((_, axis) => axis)
  return tf.util.parseAxisParam(axes, shape)
}

const FIELDS = ['outer', 'count', 'inner', 'divisor'] as const
const reductions = {
  sum: entry('reduce_sum', ['x', 'out'], FIELDS),
  prod: entry('reduce_prod', ['x', 'out'], FIELDS),
  max: entry('reduce_max', ['x', 'out'], FIELDS),
  min: entry('reduce_min', ['x', 'out'], FIELDS),
}

function reduction(kernelName: string, op: keyof typeof reductions, mean = false) {
  const own = reductions[op]
  return overrideKernel<tf.UnaryInputs, ReduceAttrs>({
    kernelName,
    entries: [own],
    run({ inputs: { x }, attrs, executor }) {
      if (x?.dtype !== 'float32') return undefined
      const { passes, outShape, count } = planOf(x.shape, axesOf(attrs, x.shape), attrs.keepDims ?? false)
      if (count === 0 || sizeOf(x.shape) === 0) return undefined
      if (passes.length === 0) return executor.share(x, outShape)
      let from: Block = executor.floats(x)
      passes.forEach((pass, i) => {
        const out = executor.take(pass.outer * pass.inner)
        executor.run(own, { x: from, out, ...pass, divisor: mean && i === passes.length - 1 ? count : 1 })
        if (i > 0) executor.recycle(from)
        from = out
      })
      return executor.tensor(from, outShape)
    },
  })
}

const argEntry = entry('arg_extreme', ['x', 'out'], ['outer', 'count', 'inner', 'smallest'])

function argExtreme(kernelName: string, smallest: boolean) {
  return overrideKernel<tf.ArgMaxInputs, tf.ArgMaxAttrs>({
    kernelName,
    entries: [argEntry],
    run({ inputs: { x }, attrs, executor }) {
      if (x?.dtype !== 'float32' || sizeOf(x.shape) === 0) return undefined
      const [axis = 0] = tf.util.parseAxisParam(attrs.axis, x.shape)
      const count = x.shape[axis] ?? 1
      const outShape = x.shape.filter((_, i) => i !== axis)
      const out = executor.take(sizeOf(outShape), 'int32')
      const [outer, inner] = [sizeOf(x.shape, 0, axis), sizeOf(x.shape, axis + 1)]
      executor.run(argEntry, { x: executor.floats(x), out, outer, count, inner, smallest })
      return executor.tensor(out, outShape, 'int32')
    },
  })
}

const boolEntry = entry('reduce_bool', ['x', 'out'], ['count', 'any'])

function allOrAny(kernelName: string, any: boolean) {
  return overrideKernel<tf.UnaryInputs, ReduceAttrs>({
    kernelName,
    entries: [boolEntry],
    run({ inputs: { x }, attrs, executor }) {
      if (x?.dtype !== 'bool' || sizeOf(x.shape) === 0) return undefined
      const { passes, outShape } = planOf(x.shape, axesOf(attrs, x.shape), attrs.keepDims ?? false)
      const [pass] = passes
      if (!pass) return executor.share(x, outShape)
      if (passes.length > 1 || pass.inner !== 1) return undefined
      const out = executor.take(pass.outer, 'bool')
      executor.run(boolEntry, { x: executor.block(x), out, count: pass.count, any })
      return executor.tensor(out, outShape, 'bool')
    },
  })
}

export const reduceKernels: readonly Kernel[] = [
  reduction(tf.Sum, 'sum'),
  reduction(tf.Mean, 'sum', true),
  reduction(tf.Prod, 'prod'),
  reduction(tf.Max, 'max'),
  reduction(tf.Min, 'min'),
  argExtreme(tf.ArgMax, false),
  argExtreme(tf.ArgMin, true),
  allOrAny(tf.All, false),
  allOrAny(tf.Any, true),
]
