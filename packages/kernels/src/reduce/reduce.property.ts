/** Reductions over any axes, with NaN and infinities, and the gradients of sums, means and extremes. */
import * as tf from '@weft/kernels/tfjs-core'
import { shape, some, specialTensor } from '../testing/draw.js'
import type { Property } from '../testing/property.js'

type Op = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor
const ops: Readonly<Record<string, Op>> = { sum: tf.sum, mean: tf.mean, max: tf.max, min: tf.min, prod: tf.prod }

/** Without the largest finite numbers: whether their sum overflows depends on the order. */
const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 1]

export const properties: readonly Property[] = [
  {
    name: 'reductions',
    draw(random) {
      const name = random.pick(Object.keys(ops))
      const op = ops[name] ?? tf.sum
      const size = shape(random, random.int(0, 5))
      const axes = random.chance(0.2) ? undefined : some(random, [...size.keys()])
      const keepDims = random.chance(0.5)
      const special = random.chance(0.3)
      // A product of 3,000 factors must neither overflow nor vanish.
      const x = special ? specialTensor(random, size, SPECIAL) : random.tensor(size, 0.98, 1.02)
      const differentiable = !special && name !== 'prod' && !size.includes(0)
      return {
        label: `${name} of [${size}] over [${axes}], keepDims ${keepDims}${special ? ', special values' : ''}`,
        run: () => [
          op(x, axes, keepDims),
          ...(differentiable ? [tf.grad((at: tf.Tensor) => op(at, axes, keepDims))(x)] : []),
        ],
        tolerance: { absolute: 1e-4, relative: 1e-3 },
      }
    },
  },
  {
    name: 'where extremes are, all and any',
    draw(random) {
      const size = shape(random, random.int(1, 4))
      const axis = random.int(0, size.length - 1)
      const x = random.chance(0.5) ? specialTensor(random, size) : tf.floor(random.tensor(size, -3, 3))
      return {
        label: `of [${size}] over ${axis}`,
        run: () => [
          ...(size[axis] === 0 ? [] : [tf.argMax(x, axis), tf.argMin(x, axis)]),
          tf.all(tf.greater(x, -1), axis),
          tf.any(tf.greater(x, 1), axis, true),
        ],
        tolerance: { absolute: 0, relative: 0 },
      }
    },
  },
]
