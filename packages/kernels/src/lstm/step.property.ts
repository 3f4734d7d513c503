/** A few steps one by one, with and without bias and peepholes: the states that they leave. */
import * as tf from '@weft/kernels/tfjs-core'
import { axis } from '../testing/draw.js'
import type { Property } from '../testing/property.js'
import { lstmStep } from './step.js'

export const properties: readonly Property[] = [
  {
    name: 'lstmStep',
    draw(random) {
      const [batch, features, units] = [random.int(1, 5), axis(random, 1), axis(random, 1)]
      const steps = Array.from({ length: random.int(1, 4) }, () => random.tensor([batch, features]))
      const weights = {
        kernel: random.tensor([features, 4 * units], -0.5, 0.5),
        recurrentKernel: random.tensor([units, 4 * units], -0.4, 0.4),
        bias: random.chance(0.8) ? random.tensor([4 * units]) : undefined,
        peepholes: random.chance(0.3) ? random.tensor([3, units]) : undefined,
      }
      const options = {
        activation: random.pick(['tanh', 'tanh', 'relu', 'linear'] as const),
        recurrentActivation: random.pick(['sigmoid', 'hardSigmoid'] as const),
      }
      const states = [random.tensor([batch, units]), random.tensor([batch, units])] as const
      return {
        label: `${steps.length} steps of [${batch}, ${features}], U ${units}, bias ${!!weights.bias}, peepholes ${!!weights.peepholes}, ${Object.values(options).join(', ')}`,
        run: () => {
          const hidden = Float32Array.from(states[0].dataSync())
          const cell = Float32Array.from(states[1].dataSync())
          for (const x of steps) lstmStep(Float32Array.from(x.dataSync()), weights, hidden, cell, options)
          return [tf.tensor(hidden, [batch, units]), tf.tensor(cell, [batch, units])]
        },
        tolerance: { absolute: 5e-4, relative: 1e-3 },
      }
    },
  },
]
