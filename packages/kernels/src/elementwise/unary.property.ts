/** Functions of one element over any shape and value, and their gradients away from kinks. */
import * as tf from '@weft/kernels/tfjs-core'
import { ACCUMULATED } from '../testing/close.js'
import { shape, specialTensor } from '../testing/draw.js'
import type { Property } from '../testing/property.js'

type Op = (x: tf.Tensor) => tf.Tensor

const ops: Readonly<Record<string, Op>> = {
  relu: tf.relu,
  relu6: tf.relu6,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  exp: tf.exp,
  log: tf.log,
  log1p: tf.log1p,
  sqrt: tf.sqrt,
  rsqrt: tf.rsqrt,
  square: tf.square,
  neg: tf.neg,
  abs: tf.abs,
  reciprocal: tf.reciprocal,
  clip: (x) => tf.clipByValue(x, -0.5, 2),
  step: (x) => tf.step(x, 0.25),
  elu: tf.elu,
  sign: tf.sign,
  softplus: tf.softplus,
  leakyRelu: (x) => tf.leakyRelu(x, 0.1),
}
const types = ['float32', 'int32', 'bool'] as const

export const properties: readonly Property[] = [
  {
    name: 'unary',
    draw(random) {
      const name = random.pick(Object.keys(ops))
      const op = ops[name] ?? tf.neg
      const size = shape(random, random.int(0, 4))
      const special = random.chance(0.3)
      // Positive where a gradient has no meaning below 0, and away from the kinks of the others.
      const x = special ? specialTensor(random, size) : random.tensor(size, 0.01, random.pick([0.4, 1.9, 5.9, 90]))
      return {
        label: `${name} of [${size}]${special ? ' with special values' : ''}`,
        run: () => (special ? [op(x)] : [op(x), tf.grad(op)(x)]),
        tolerance: ACCUMULATED,
      }
    },
  },
  {
    name: 'cast',
    draw(random) {
      const [from, to] = [random.pick(types), random.pick(types)]
      const size = shape(random, random.int(0, 3))
      const special = random.chance(0.3)
      const x = special ? specialTensor(random, size) : random.tensor(size, -5e9, 5e9)
      return {
        label: `cast of [${size}] from ${from} to ${to}`,
        run: () => [tf.cast(tf.cast(x, from), to)],
        tolerance: { absolute: 0, relative: 0 },
      }
    },
  },
]
