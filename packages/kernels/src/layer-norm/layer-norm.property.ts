/** Layer normalisation of any shape over any number of last axes, with its gradients. */
import * as tf from '@weft/kernels/tfjs-core'
import type { Property } from '../testing/property.js'
import { layerNorm } from './layer-norm.js'

export const properties: readonly Property[] = [
  {
    name: 'layerNorm',
    draw(random) {
      const rank = random.int(1, 4)
      const axes = random.int(1, rank)
      // TensorFlow.js's own ops cannot differentiate what has no values along the normalised axes.
      const shape = Array.from({ length: rank }, (_, i) => random.int(i < rank - axes ? 0 : 1, i === rank - 1 ? 40 : 5))
      const axis = Array.from({ length: axes }, (_, i) => i - axes)
      const epsilon = random.pick([1e-3, 0.1])
      const [x, dy] = [random.tensor(shape, -1, 3), random.tensor(shape)]
      const gamma = random.chance(0.7) ? random.tensor(shape.slice(-axes), 0.5, 2) : null
      const beta = random.chance(0.7) ? random.tensor(shape.slice(-axes)) : null
      const given = [x, gamma, beta].filter((tensor) => tensor !== null)
      const f = (...inputs: tf.Tensor[]): tf.Tensor => {
        const [at, ...rest] = inputs
        const scale = gamma && (rest.shift() ?? null)
        return layerNorm(at ?? x, scale, beta && (rest.shift() ?? null), { axis, epsilon })
      }
      return {
        label: `[${shape.join(', ')}], ${axes} axes${gamma ? ', gamma' : ''}${beta ? ', beta' : ''}, epsilon ${epsilon}`,
        run: () => [f(...given), ...tf.grads(f)(given, dy)],
        // A row of few values may have a deviation near √epsilon, by which the roundings of its mean are divided, twice in gradients.
        tolerance: { absolute: 2e-4, relative: 1e-3 },
      }
    },
  },
]
