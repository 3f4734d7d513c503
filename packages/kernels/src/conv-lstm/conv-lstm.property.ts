/** What holds of the convolutional LSTM for any sizes and options; see testing/property.ts. */
import * as tf from '@weft/kernels/tfjs-core'
import type { Draw, Property } from '../testing/property.js'
import { convLstm2d } from './conv-lstm.js'
import type { ConvLstm2dOptions } from './arguments.js'

/** Products of a few steps, in another order, through a backward pass. */
const TOLERANCE = { absolute: 1e-4, relative: 1e-3 }

function drawCase(random: Draw) {
  const [batch, steps] = [random.int(random.chance(0.1) ? 0 : 1, 3), random.int(1, 4)]
  const [rows, cols] = [random.int(1, 3), random.int(1, 3)]
  const [channels, filters] = [random.int(1, 4), random.pick([1, 2, 3, 4, 5, 8, 9])]
  const strides: [number, number] = [random.int(1, 3), random.int(1, 3)]
  const plain = strides.every((stride) => stride === 1)
  const dilations: [number, number] = plain ? [random.int(1, 2), random.int(1, 2)] : [1, 1]
  const least = [(rows - 1) * dilations[0] + 1, (cols - 1) * dilations[1] + 1] as const
  const [height, width] = [least[0] + random.int(0, 3), least[1] + random.int(0, 4)]
  const options: ConvLstm2dOptions = {
    strides,
    dilations,
    pad: random.pick(['same', 'valid'] as const),
    returnSequences: random.chance(0.5),
    goBackwards: random.chance(0.3),
    activation: random.pick(['tanh', 'tanh', 'linear'] as const),
    recurrentActivation: random.pick(['sigmoid', 'sigmoid', 'hardSigmoid'] as const),
  }
  return { batch, steps, rows, cols, channels, filters, height, width, options }
}

const agrees: Property = {
  name: 'convLstm2d',
  draw(random) {
    const { batch, steps, rows, cols, channels, filters, height, width, options } = drawCase(random)
    const { outHeight, outWidth } = tf.backend_util.computeConv2DInfo(
      [1, height, width, channels],
      [rows, cols, channels, 1],
      options.strides ?? 1,
      options.dilations ?? 1,
      options.pad ?? 'valid',
    )
    const state = [batch, outHeight, outWidth, filters]
    const kept = (shape: number[]) => tf.mul(tf.cast(tf.greater(random.tensor(shape), -0.4), 'float32'), 10 / 7)
    const [withBias, withState, withPeepholes] = [random.chance(0.8), random.chance(0.4), random.chance(0.4)]
    const inputs = [
      random.tensor([batch, steps, height, width, channels]),
      random.tensor([rows, cols, channels, 4 * filters], -0.5, 0.5),
      random.tensor([rows, cols, filters, 4 * filters], -0.3, 0.3),
      ...(withBias ? [random.tensor([4 * filters])] : []),
      ...(withPeepholes ? [random.tensor([outHeight, outWidth, 3 * filters])] : []),
      ...(withState ? [random.tensor(state), random.tensor(state)] : []),
    ]
    const mask = random.chance(0.4) ? tf.greater(random.tensor([batch, steps]), -0.4) : undefined
    const dropoutMask = random.chance(0.2) ? kept([batch, height, width, channels]) : undefined
    const recurrentDropoutMask = random.chance(0.2) ? kept(state) : undefined
    const weights = [options.returnSequences ? [batch, steps, ...state.slice(1)] : state, state, state].map((shape) =>
      random.tensor(shape),
    )

    const apply = (at: tf.Tensor[]) => {
      const [x, kernel, recurrentKernel, ...rest] = at
      const bias = withBias ? rest.shift() : null
      const peepholes = withPeepholes ? rest.shift() : undefined
      const [hidden, cell] = rest
      if (!x || !kernel || !recurrentKernel || bias === undefined) throw new Error('the case lacks an input')
      const { output, lastHidden, lastCell } = convLstm2d(x, kernel, recurrentKernel, bias, {
        ...options,
        peepholes,
        initialState: hidden && cell ? [hidden, cell] : undefined,
        mask,
        dropoutMask,
        recurrentDropoutMask,
      })
      return [output, lastHidden, lastCell]
    }
    const loss = (...at: tf.Tensor[]) => tf.addN(apply(at).map((output, i) => tf.sum(tf.mul(output, weights[i] ?? 0))))
    const sizes = `[${[batch, steps, height, width, channels]}] * [${[rows, cols]}] to ${filters}`
    const present = { withBias, withState, withPeepholes, mask: !!mask, dropout: !!dropoutMask }
    return {
      label: `${sizes} ${JSON.stringify({ ...options, ...present, recurrentDropout: !!recurrentDropoutMask })}`,
      run: () => [...apply(inputs), ...tf.grads(loss)(inputs)],
      tolerance: TOLERANCE,
    }
  },
}

export const properties: readonly Property[] = [agrees]
