/**
 * Random cases for ops over a sequence whose only state is their output: sizes around the vector widths, zero among them, every
 * option, masks with any lengths and holes.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type { HiddenStateOptions } from '../sequence/hidden-state.js'
import type { Subject } from './hidden-state.js'
import type { Draw, Property } from './property.js'

/** Sums over up to 8 steps in another order, and the gradients' through them. */
const TOLERANCE = { absolute: 1e-4, relative: 1e-4 }
const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 20, 33] as const

function drawMask(random: Draw, batch: number, steps: number): tf.Tensor | undefined {
  if (random.chance(0.4)) return undefined
  const holes = random.chance(0.5)
  const rows = Array.from({ length: batch }, () => {
    const length = random.int(0, steps)
    return Array.from({ length: steps }, (_, t) => (t < length && !(holes && random.chance(0.3)) ? 1 : 0))
  })
  return tf.tensor(rows.flat(), [batch, steps], 'bool')
}

/** Outputs and all gradients of an op; `draw` gives a subject with its attributes drawn. */
export function hiddenStateProperty<O extends HiddenStateOptions>(
  name: string,
  draw: (random: Draw) => Omit<Subject<O>, 'kernels'>,
): Property {
  return {
    name,
    draw(random) {
      const { op, gates, biasShape, attributes } = draw(random)
      const [batch, steps] = [random.chance(0.05) ? 0 : random.int(1, 14), random.chance(0.05) ? 0 : random.int(1, 8)]
      const [features, units] = [random.chance(0.05) ? 0 : random.pick(SIZES), random.pick(SIZES)]
      const maybe = (p: number, tensor: () => tf.Tensor) => (random.chance(p) ? tensor() : undefined)
      const dropped = (width: number) =>
        tf.mul(tf.cast(tf.greater(random.tensor([batch, width]), -0.5), 'float32'), 4 / 3)
      const options: HiddenStateOptions = {
        ...{ returnSequences: random.chance(0.5), goBackwards: random.chance(0.4) },
        activation: random.pick(['tanh', 'tanh', 'linear']),
        mask: drawMask(random, batch, steps),
        dropoutMask: maybe(0.3, () => dropped(features)),
        recurrentDropoutMask: maybe(0.3, () => dropped(units)),
      }
      const width = gates * units
      const inputs = [
        random.tensor([batch, steps, features]),
        random.tensor([features, width], -0.6, 0.6),
        random.tensor([units, width], -0.3, 0.3),
        random.tensor([batch, units]),
      ]
      const bias = maybe(0.8, () => random.tensor(biasShape(width)))
      const weights = [
        random.tensor(options.returnSequences ? [batch, steps, units] : [batch, units]),
        random.tensor([batch, units]),
      ]
      const apply = (...[x, kernel, recurrentKernel, initialState, drawn]: tf.Tensor[]) => {
        if (!x || !kernel || !recurrentKernel) throw new Error(`${name}: expected the inputs that were drawn`)
        const { output, lastHidden } = op(x, kernel, recurrentKernel, drawn ?? null, {
          ...{ ...attributes, ...options },
          initialState,
        })
        return [output, lastHidden]
      }
      const all = bias ? [...inputs, bias] : inputs
      const given = Object.entries(options).map(
        ([key, value]) => `${key} ${value instanceof tf.Tensor ? 'given' : value}`,
      )
      return {
        label: `${name} B${batch} T${steps} D${features} U${units} ${JSON.stringify(attributes)} ${given.join(', ')}`,
        tolerance: TOLERANCE,
        run() {
          const outputs = apply(...all)
          if (steps === 0) return outputs // nothing depends on x and the weights
          const loss = (...at: tf.Tensor[]) =>
            tf.addN(apply(...at).map((output, i) => tf.sum(tf.mul(output, weights[i] ?? 0))))
          return [...outputs, ...tf.grads(loss)(all)]
        },
      }
    },
  }
}
