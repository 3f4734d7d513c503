/** Products of any size and orientation, in batches, with bias and activation, and their gradients. */
import * as tf from '@weft/kernels/tfjs-core'
import { axis, specialTensor } from '../testing/draw.js'
import type { Property } from '../testing/property.js'

/** Sums of at most 300 terms below 1. */
const TOLERANCE = { absolute: 1e-4, relative: 1e-4 }
/** Without the largest finite numbers: whether their sum overflows depends on the order. */
const SPECIAL = [NaN, Infinity, -Infinity, 0]

export const properties: readonly Property[] = [
  {
    name: 'matMul',
    draw(random) {
      // Now and then enough for several threads.
      const size = () => (random.chance(0.1) ? random.int(60, 130) : axis(random))
      const [rows, cols] = [size(), size()]
      const depth = random.chance(0.05) ? random.pick([255, 256, 257, 300]) : axis(random)
      const outer = random.pick([[], [], [1], [3], [2, 2]])
      const shared = outer.map(() => 1)
      const [batchA, batchB] = random.pick([[outer, outer], [outer, outer], [outer, shared], [shared, outer]]) // prettier-ignore
      const [transposeA, transposeB] = [random.chance(0.4), random.chance(0.4)]
      const a = [...(batchA ?? []), ...(transposeA ? [depth, rows] : [rows, depth])]
      const b = [...(batchB ?? []), ...(transposeB ? [cols, depth] : [depth, cols])]
      const special = random.chance(0.1)
      const [x, y] = special
        ? [specialTensor(random, a, SPECIAL), specialTensor(random, b, SPECIAL)]
        : [random.tensor(a), random.tensor(b)]
      const op = (left: tf.Tensor, right: tf.Tensor) => tf.matMul(left, right, transposeA, transposeB)
      // TensorFlow.js's gradient of a shared operand has the batch's shape: it serves operands of one shape only.
      const differentiable = !special && `${batchA}` === `${batchB}`
      return {
        label: `[${a}]${transposeA ? "'" : ''} by [${b}]${transposeB ? "'" : ''}${special ? ' with special values' : ''}`,
        run: () => [op(x, y), ...(differentiable ? tf.grads(op)([x, y]) : [])],
        tolerance: special ? { absolute: 1e-3, relative: 1e-4 } : TOLERANCE,
      }
    },
  },
  {
    name: 'fused matMul',
    draw(random) {
      const [rows, cols, depth] = [axis(random), axis(random), axis(random)]
      const activation = random.pick(['linear', 'relu', 'sigmoid', 'relu6'] as const)
      const withBias = random.chance(0.7)
      const transposeB = random.chance(0.3)
      const a = random.tensor([rows, depth]) as tf.Tensor2D
      const b = random.tensor(transposeB ? [cols, depth] : [depth, cols]) as tf.Tensor2D
      const bias = random.tensor([cols])
      return {
        label: `[${rows}, ${depth}] by [${depth}, ${cols}], ${activation}, bias ${withBias}, transposed ${transposeB}`,
        run: () => [tf.fused.matMul({ a, b, transposeB, activation, ...(withBias && { bias }) })],
        tolerance: TOLERANCE,
      }
    },
  },
]
