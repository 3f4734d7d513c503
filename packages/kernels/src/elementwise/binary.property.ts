/** Functions of two elements with broadcasting, their gradients, comparisons, logic and selection. */
import * as tf from '@weft/kernels/tfjs-core'
import { ACCUMULATED } from '../testing/close.js'
import { shape, specialTensor } from '../testing/draw.js'
import type { Draw, Property } from '../testing/property.js'

type Op = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor

const arithmetic: Readonly<Record<string, Op>> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  maximum: tf.maximum,
  minimum: tf.minimum,
  squaredDifference: tf.squaredDifference,
  pow: tf.pow,
}
const comparisons: Readonly<Record<string, Op>> = {
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  equal: tf.equal,
  notEqual: tf.notEqual,
}

/** TensorFlow.js's gradients of these serve operands of one shape only. */
const OF_ONE_SHAPE = ['maximum', 'minimum', 'squaredDifference']

/** A shape that broadcasts with `size`: fewer axes, or ones. */
function partOf(random: Draw, size: readonly number[]): number[] {
  return size.slice(random.int(0, size.length)).map((dim) => (random.chance(0.3) ? 1 : dim))
}

function operands(random: Draw): [number[], number[]] {
  const size = shape(random, random.int(0, 5))
  const other = random.chance(0.3) ? size : partOf(random, size)
  const ones = size.map((dim) => (random.chance(0.1) ? 1 : dim))
  return random.chance(0.5) ? [ones, other] : [other, ones]
}

export const properties: readonly Property[] = [
  {
    name: 'arithmetic',
    draw(random) {
      const name = random.pick(Object.keys(arithmetic))
      const op = arithmetic[name] ?? tf.add
      const [a, b] = operands(random)
      const special = random.chance(0.3)
      const differentiable = !special && (`${a}` === `${b}` || !OF_ONE_SHAPE.includes(name))
      const [x, y] = special
        ? [specialTensor(random, a), specialTensor(random, b)]
        : [random.tensor(a, 0.5, 3), random.tensor(b, 0.5, 3)]
      return {
        label: `${name} of [${a}] and [${b}]${special ? ' with special values' : ''}`,
        run: () => [op(x, y), ...(differentiable ? tf.grads(op)([x, y]) : [])],
        // A gradient that was broadcast is a sum of up to 3,000 terms.
        tolerance: special ? ACCUMULATED : { absolute: 1e-3, relative: 1e-4 },
      }
    },
  },
  {
    name: 'comparisons',
    draw(random) {
      const name = random.pick(Object.keys(comparisons))
      const [a, b] = operands(random)
      const [x, y] = [specialTensor(random, a), specialTensor(random, b)]
      return {
        label: `${name} of [${a}] and [${b}]`,
        run: () => [(comparisons[name] ?? tf.equal)(x, y)],
        tolerance: { absolute: 0, relative: 0 },
      }
    },
  },
  {
    name: 'logic and selection',
    draw(random) {
      const size = shape(random, random.int(0, 4))
      const [x, y] = [specialTensor(random, size), specialTensor(random, size)]
      return {
        label: `of [${size}]`,
        run: () => {
          const [p, q] = [tf.greater(x, 0), tf.less(y, 1)]
          return [tf.logicalAnd(p, q), tf.logicalOr(p, q), tf.logicalNot(p), tf.where(p, x, y), tf.addN([x, y, x])]
        },
        tolerance: ACCUMULATED,
      }
    },
  },
]
