/** Random cases of the optimizers' steps: any number of variables of any sizes, with clipping, scaling and decay or without. */
import * as tf from '@weft/kernels/tfjs-core'
import type { Draw, Property } from '../testing/property.js'
import { adamUpdate } from './adam.js'
import { rmspropUpdate } from './rmsprop.js'
import { sgdUpdate } from './sgd.js'
import type { UpdateOptions } from './update.js'

// A few roundings, then a division by the root of a small average.
const TOLERANCE = { absolute: 2e-6, relative: 1e-5 }

type Update = (
  variables: tf.Variable[],
  gradients: tf.Tensor[],
  slots: [tf.Variable[], tf.Variable[]],
  options: UpdateOptions,
) => number | undefined

function drawUpdate(random: Draw, update: Update) {
  const shapes = Array.from({ length: random.int(0, 5) }, () => [random.int(0, 12), random.int(1, 20)])
  const draw = (from: number) => shapes.map((shape) => random.tensor(shape, from))
  const [starts, gradients, first, second] = [draw(-1), draw(-1), draw(0.05), draw(0.05)]
  const options = {
    learningRate: random.pick([0.1, 0.001]),
    gradientScale: random.pick([1, 0.3]),
    clipNorm: random.chance(0.5) ? random.pick([0.5, 100]) : undefined,
    clipValue: random.chance(0.3) ? 0.4 : undefined,
    weightDecay: random.pick([undefined, 0.1, shapes.map((_, i) => (i % 2) / 4)]),
  }
  const made = (tensors: tf.Tensor[]) => tensors.map((tensor) => tf.variable(tensor, false))
  return {
    label: `${JSON.stringify(shapes)} ${JSON.stringify(options)}`,
    run: () => {
      const [variables, a, b] = [made(starts), made(first), made(second)]
      const norm = update(variables, gradients, [a, b], options)
      const results = [...variables, ...a, ...b].map((variable) => tf.add(variable, 0))
      tf.dispose([variables, a, b])
      return [...results, tf.scalar(norm ?? 0)]
    },
    tolerance: TOLERANCE,
  }
}

const numbers = (random: Draw) => ({ momentum: random.pick([0, 0.9]), nesterov: random.chance(0.5) })

export const properties: readonly Property[] = [
  {
    name: 'adamUpdate',
    draw(random) {
      const more = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, step: random.int(1, 20) }
      return drawUpdate(random, (w, g, [m, v], options) => adamUpdate(w, g, m, v, { ...options, ...more }))
    },
  },
  {
    name: 'sgdUpdate',
    draw(random) {
      const more = numbers(random)
      return drawUpdate(random, (w, g, [velocities], options) => sgdUpdate(w, g, velocities, { ...options, ...more }))
    },
  },
  {
    name: 'rmspropUpdate',
    draw(random) {
      const more = { rho: 0.9, epsilon: 1e-5, momentum: numbers(random).momentum }
      return drawUpdate(random, (w, g, [a, v], options) => rmspropUpdate(w, g, a, v, { ...options, ...more }))
    },
  },
]
