/** Sequences of any sizes and lengths, with holes in the mask, states, dropouts, directions and activations, and all gradients. */
import * as tf from '@weft/kernels/tfjs-core'
import { axis } from '../testing/draw.js'
import type { Draw, Property } from '../testing/property.js'
import { lstm } from './lstm.js'
import type { LstmOptions } from './arguments.js'

/** Products over steps and sums over rows, through a backward pass. */
const TOLERANCE = { absolute: 5e-4, relative: 1e-3 }

interface Sizes {
  batch: number
  steps: number
  features: number
  units: number
}

/** Now and then large ones, which several threads divide by items or by units. */
function drawnSizes(random: Draw): Sizes {
  const [manyItems, manyUnits] = [random.chance(0.03), random.chance(0.03)]
  return {
    batch: random.chance(0.04) ? 0 : manyItems ? random.int(20, 30) : random.int(1, manyUnits ? 2 : 7),
    steps: random.int(0, 5),
    features: random.pick([1, 2, 3, 7, 8, 17, 33, 260]), // above 256 the input is projected on its own
    units: manyUnits ? random.pick([161, 170, 192]) : manyItems ? random.pick([33, 48, 49]) : axis(random, 1),
  }
}

/** [B, T]: all steps, or rows that end early (some at once, sometimes all), or any steps at all. */
function drawnMask(random: Draw, { batch, steps }: Sizes): { kind: string; mask: tf.Tensor | undefined } {
  const kind = random.pick(['none', 'none', 'lengths', 'lengths', 'holes', 'empty'])
  if (kind === 'none') return { kind, mask: undefined }
  const values = Array.from({ length: batch }, () => {
    const length = kind === 'empty' ? 0 : random.int(0, steps)
    return Array.from({ length: steps }, (_, t) => Number(t < length || (kind === 'holes' && random.chance(0.5))))
  })
  return { kind, mask: tf.tensor(values.flat(), [batch, steps], 'bool') }
}

function drawnOptions(random: Draw, { batch, features, units }: Sizes): LstmOptions {
  const dropped = (width: number) =>
    random.chance(0.3) ? tf.mul(tf.cast(tf.greater(random.tensor([batch, width]), -0.5), 'float32'), 4 / 3) : undefined
  return {
    returnSequences: random.chance(0.6),
    goBackwards: random.chance(0.3),
    activation: random.pick(['tanh', 'tanh', 'relu', 'linear'] as const),
    recurrentActivation: random.pick(['sigmoid', 'sigmoid', 'hardSigmoid'] as const),
    dropoutMask: dropped(features),
    recurrentDropoutMask: dropped(units),
  }
}

export const properties: readonly Property[] = [
  {
    name: 'lstm',
    draw(random) {
      const sizes = drawnSizes(random)
      const { batch, steps, features, units } = sizes
      const { kind, mask } = drawnMask(random, sizes)
      const options = { ...drawnOptions(random, sizes), mask }
      const [withBias, withState, withPeepholes] = [random.chance(0.8), random.chance(0.5), random.chance(0.3)]
      const inputs = [
        random.tensor([batch, steps, features]),
        random.tensor([features, 4 * units], -0.5, 0.5),
        random.tensor([units, 4 * units], -0.4, 0.4),
        ...(withBias ? [random.tensor([4 * units])] : []),
        ...(withPeepholes ? [random.tensor([3, units])] : []),
        ...(withState ? [random.tensor([batch, units]), random.tensor([batch, units])] : []),
      ]
      const weights = [options.returnSequences ? [batch, steps, units] : [batch, units], [batch, units], [batch, units]]
        .map((shape) => random.tensor(shape)) // prettier-ignore
      const apply = (...[x, kernel, recurrentKernel, ...rest]: tf.Tensor[]): tf.Tensor[] => {
        if (!x || !kernel || !recurrentKernel) throw new Error('expected x and both kernels')
        const bias = (withBias && rest.shift()) || null
        const peepholes = withPeepholes ? rest.shift() : undefined
        const [hidden, cell] = rest
        const initialState: [tf.Tensor, tf.Tensor] | undefined = hidden && cell && [hidden, cell]
        const result = lstm(x, kernel, recurrentKernel, bias, { ...options, peepholes, initialState })
        return [result.output, result.lastHidden, result.lastCell]
      }
      const loss = (...at: tf.Tensor[]) =>
        tf.addN(apply(...at).map((output, i) => tf.sum(tf.mul(output, weights[i] ?? 1)))) as tf.Scalar
      const flags = Object.entries(options).filter(([, value]) => value !== undefined && value !== false)
      const named = flags.map(([name, value]) => (typeof value === 'string' ? `${name} ${value}` : name))
      return {
        label: `${JSON.stringify(sizes)}, mask ${kind}, bias ${withBias}, state ${withState}, peepholes ${withPeepholes}, ${named.join(', ')}`,
        run: () => [...apply(...inputs), ...(batch > 0 && steps > 0 ? tf.grads(loss)(inputs) : [])],
        tolerance: TOLERANCE,
      }
    },
  },
  {
    name: 'lstm of what is not finite',
    draw(random) {
      const [steps, features, units] = [random.int(1, 4), random.int(1, 5), axis(random, 1)]
      const [kernel, recurrentKernel] = [random.tensor([features, 4 * units]), random.tensor([units, 4 * units])]
      const values = Array.from({ length: 2 * steps * features }, (_, i) => Math.sin(i))
      const [place, value] = [random.int(0, values.length - 1), random.pick([NaN, 1e30, -1e30])]
      values[place] = value
      return {
        label: `${value} at ${place} of [2, ${steps}, ${features}], U ${units}`,
        run: () => {
          const x = tf.tensor(values, [2, steps, features])
          const { output, lastHidden, lastCell } = lstm(x, kernel, recurrentKernel, null, { returnSequences: true })
          return [output, lastHidden, lastCell]
        },
        tolerance: TOLERANCE,
      }
    },
  },
]
