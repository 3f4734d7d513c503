/** Normalisation by the batch's own moments with its gradients, and by given ones. */
import * as tf from '@weft/kernels/tfjs-core'
import { axis, shape } from '../testing/draw.js'
import type { Property } from '../testing/property.js'
import { batchNormTraining } from './batch-norm.js'

/** The gradient divides by the deviation of few values. */
const TOLERANCE = { absolute: 2e-3, relative: 2e-3 }

export const properties: readonly Property[] = [
  {
    name: 'batchNormTraining',
    draw(random) {
      const channels = axis(random)
      const x = [...shape(random, random.int(1, 3)).map((dim) => Math.min(dim, 12)), channels]
      const activation = random.pick(['linear', 'relu'] as const)
      const epsilon = random.pick([0.01, 0.1])
      const mean = random.pick([0, 0, 10])
      const inputs = [
        random.tensor(x, mean - 1, mean + 1),
        random.tensor([channels], 0.5, 2),
        random.tensor([channels]),
      ]
      return {
        label: `[${x}], ${activation}, epsilon ${epsilon}, around ${mean}`,
        run: () => {
          const f = (...[at, gamma, beta]: tf.Tensor[]) => {
            if (!at) throw new Error('expected an input')
            return batchNormTraining(at, gamma ?? null, beta ?? null, epsilon, { activation })
          }
          const { output, mean, variance } = f(...inputs)
          return [
            ...[output, mean, variance],
            ...(x.includes(0) ? [] : tf.grads((...at: tf.Tensor[]) => f(...at).output)(inputs)),
          ]
        },
        tolerance: TOLERANCE,
      }
    },
  },
  {
    name: 'batchNorm',
    draw(random) {
      const channels = axis(random)
      const x = [...shape(random, 3).map((dim) => Math.min(dim, 12)), channels]
      const image = random.tensor(x) as tf.Tensor4D
      const [mean, offset] = [random.tensor([channels]), random.tensor([channels])] as tf.Tensor1D[]
      const [variance, scale] = [random.tensor([channels], 0.1, 2), random.tensor([channels])] as tf.Tensor1D[]
      const [shifted, scaled] = [random.chance(0.5), random.chance(0.5)]
      return {
        label: `[${x}], offset ${shifted}, scale ${scaled}`,
        run: () =>
          mean && variance
            ? [tf.batchNorm(image, mean, variance, shifted ? offset : undefined, scaled ? scale : undefined, 0.01)]
            : [],
        tolerance: TOLERANCE,
      }
    },
  },
]
