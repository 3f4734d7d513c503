/** The layer-normalised LSTM of any sizes, lengths, holes and options, with its gradients. */
import * as tf from '@weft/kernels/tfjs-core'
import type { Draw, Property } from '../testing/property.js'
import { layerNormLstm } from './layer-norm-lstm.js'
import type { LayerNormLstmSettings } from './arguments.js'

/** [B, T]; any lengths, 0 among them, and with holes any steps missing. */
function drawMask(random: Draw, batch: number, steps: number, holes: boolean): tf.Tensor {
  const rows = Array.from({ length: batch }, () => {
    const length = random.int(0, steps)
    return Array.from({ length: steps }, (_, t) => (t < length && !(holes && random.chance(0.3)) ? 1 : 0))
  })
  return tf.tensor(rows.flat(), [batch, steps], 'bool')
}

export const properties: readonly Property[] = [
  {
    name: 'layerNormLstm',
    draw(random) {
      const [batch, steps, features] = [random.int(0, 9), random.int(0, 6), random.int(1, 20)]
      const units = random.pick([1, 2, 3, 5, 8, 9, 16, 17, 20])
      const masked = random.pick(['none', 'lengths', 'holes'])
      const options: LayerNormLstmSettings = {
        returnSequences: random.chance(0.5),
        goBackwards: random.chance(0.5),
        normalizedCarry: random.chance(0.5),
        activation: random.pick(['tanh', 'linear']),
        recurrentActivation: random.pick(['sigmoid', 'hardSigmoid']),
        // Not near 0: the deviation of a single unit is 0, and its roundings would be divided by √epsilon at every step.
        epsilon: random.pick([0.05, 0.5]),
        mask: masked === 'none' ? undefined : drawMask(random, batch, steps, masked === 'holes'),
        dropoutMask: random.chance(0.3) ? random.tensor([batch, features], 0, 2) : undefined,
        recurrentDropoutMask: random.chance(0.3) ? random.tensor([batch, units], 0, 2) : undefined,
      }
      const bias = random.chance(0.7)
      const state = random.chance(0.5)
      const wide = [4 * units]
      const inputs = [
        random.tensor([batch, steps, features]),
        random.tensor([features, 4 * units], -0.6, 0.6),
        random.tensor([units, 4 * units], -0.4, 0.4),
        ...[wide, wide, [units]].map((shape) => random.tensor(shape, 0.5, 1.5)),
        random.tensor([units]),
        ...(bias ? [random.tensor(wide)] : []),
        ...(state ? [random.tensor([batch, units]), random.tensor([batch, units])] : []),
      ]
      const outputShape = options.returnSequences ? [batch, steps, units] : [batch, units]
      const weights = [outputShape, [batch, units], [batch, units]].map((shape) => random.tensor(shape))
      const f = (...at: tf.Tensor[]): tf.Tensor[] => {
        const [x, kernel, recurrentKernel, kernelGamma, recurrentGamma, stateGamma, stateBeta, ...rest] = at
        if (!x || !kernel || !recurrentKernel || !kernelGamma || !recurrentGamma || !stateGamma || !stateBeta)
          throw new Error('layerNormLstm: expected seven inputs')
        const shift = bias ? (rest.shift() ?? null) : null
        const [hidden, cell] = rest
        const norms = { kernelGamma, recurrentGamma, stateGamma, stateBeta }
        const initialState = hidden && cell ? ([hidden, cell] as const) : undefined
        const result = layerNormLstm(x, kernel, recurrentKernel, shift, { ...norms, ...options, initialState })
        return [result.output, result.lastHidden, result.lastCell]
      }
      const loss = (...at: tf.Tensor[]) =>
        tf.addN(f(...at).map((output, i) => tf.sum(tf.mul(output, weights[i] ?? tf.scalar(0)))))
      return {
        label:
          `B ${batch}, T ${steps}, D ${features}, U ${units}, mask ${masked}, bias ${bias}, state ${state}, ` +
          JSON.stringify({ ...options, mask: undefined }, (_, value: unknown) =>
            value instanceof tf.Tensor ? 'drawn' : value,
          ),
        run: () => [...f(...inputs), ...(steps > 0 ? tf.grads(loss)(inputs) : [])],
        // Norms divide the roundings of sums by their deviations, at every step again.
        tolerance: { absolute: 5e-4, relative: 1e-3 },
      }
    },
  },
]
