/** Convolutions of any filter, stride, dilation and padding, with bias and activation, and all three gradients. */
import * as tf from '@weft/kernels/tfjs-core'
import { axis } from '../testing/draw.js'
import type { Draw, Property } from '../testing/property.js'
import { conv2d, type Conv2dOptions } from './conv2d.js'

/** Sums of up to thousands of terms, through an activation's derivative. */
const TOLERANCE = { absolute: 5e-4, relative: 5e-4 }

interface Drawn {
  x: number[]
  filter: number[]
  options: Conv2dOptions
}

/** An image with room for one window at least. */
function drawn(random: Draw): Drawn {
  const pair = (values: readonly number[]): [number, number] => [random.pick(values), random.pick(values)]
  const taps = pair([1, 2, 3, 3, 4, 5])
  const dilations = random.chance(0.3) ? pair([1, 2, 3]) : ([1, 1] satisfies [number, number])
  const strides = dilations.every((dilation) => dilation === 1)
    ? pair([1, 1, 2, 3, 7])
    : ([1, 1] satisfies [number, number])
  const span = taps.map((size, i) => (size - 1) * (dilations[i] ?? 1) + 1)
  const [height = 1, width = 1] = span.map((size) => size + random.int(0, random.pick([0, 2, 9])))
  // TensorFlow.js computes the width of an image padded by a number from the filter's height and its stride.
  const square = span[0] === span[1] && strides[0] === strides[1]
  const [channels, filters] = [random.pick([1, 2, 3, 5, 8, 16, 17]), axis(random, 1)]
  const batch = random.chance(0.04) ? 0 : random.int(1, 3)
  return {
    x: [batch, height, width, channels],
    filter: [...taps, channels, filters],
    options: { strides, dilations, pad: random.pick(['same', 'valid', square ? random.int(0, 2) : 'same'] as const) },
  }
}

export const properties: readonly Property[] = [
  {
    name: 'conv2d',
    draw(random) {
      const { x, filter, options } = drawn(random)
      const activation = random.pick(['linear', 'relu', 'sigmoid', 'tanh', 'relu6'] as const)
      const withBias = random.chance(0.7)
      const inputs = [random.tensor(x), random.tensor(filter), ...(withBias ? [random.tensor([filter[3] ?? 0])] : [])]
      return {
        label: `[${x}] by [${filter}], ${JSON.stringify({ ...options, activation, withBias })}`,
        run: () => {
          const f = (...[image, taps, bias]: tf.Tensor[]): tf.Tensor => {
            if (!image || !taps) throw new Error('expected an image and a filter')
            return conv2d(image, taps, bias ?? null, { ...options, activation })
          }
          return [f(...inputs), ...(x.includes(0) ? [] : tf.grads(f)(inputs))]
        },
        tolerance: TOLERANCE,
      }
    },
  },
  {
    name: 'tf.conv2d',
    draw(random) {
      const { x, filter, options } = drawn(random)
      const { strides = 1, dilations = 1, pad = 'valid' } = options
      const inputs = [random.tensor(x), random.tensor(filter)]
      return {
        label: `[${x}] by [${filter}], ${JSON.stringify(options)}`,
        run: () => {
          const f = (...at: tf.Tensor[]): tf.Tensor =>
            tf.conv2d(at[0] as tf.Tensor4D, at[1] as tf.Tensor4D, strides, pad, 'NHWC', dilations)
          return [f(...inputs), ...(x.includes(0) ? [] : tf.grads(f)(inputs))]
        },
        tolerance: TOLERANCE,
      }
    },
  },
]
