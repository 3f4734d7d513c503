/** Windows of any size, stride and padding, their maximum and mean, and the gradients. */
import * as tf from '@weft/kernels/tfjs-core'
import { ACCUMULATED } from '../testing/close.js'
import { axis } from '../testing/draw.js'
import type { Draw, Property } from '../testing/property.js'

interface Drawn {
  x: number[]
  size: [number, number]
  strides: [number, number]
  pad: 'same' | 'valid' | number
  label: string
}

function drawn(random: Draw): Drawn {
  const pair = (values: readonly number[]): [number, number] => [random.pick(values), random.pick(values)]
  const [size, strides] = [pair([1, 2, 2, 3, 4]), pair([1, 2, 2, 3, 6])]
  const [height = 1, width = 1] = size.map((dim) => dim + random.int(0, random.pick([0, 3, 12])))
  const x = [random.chance(0.04) ? 0 : random.int(1, 3), height, width, axis(random, 1)]
  // Padding that leaves every window a pixel: TensorFlow.js gives a mean of none.
  const pad = random.pick(['same', 'valid', Math.min(1, Math.min(...size) - 1)] as const)
  return { x, size, strides, pad, label: `[${x}] by [${size}] each [${strides}], ${pad}` }
}

export const properties: readonly Property[] = [
  {
    name: 'maxPool',
    draw(random) {
      const { x, size, strides, pad, label } = drawn(random)
      // Coarse values, so that there are ties.
      const image = tf.floor(random.tensor(x, -4, 4))
      return {
        label,
        run: () => {
          const f = (at: tf.Tensor) => tf.maxPool(at as tf.Tensor4D, size, strides, pad)
          return [f(image), ...(x.includes(0) ? [] : [tf.grad(f)(image)])]
        },
        tolerance: ACCUMULATED,
      }
    },
  },
  {
    name: 'avgPool',
    draw(random) {
      const { x, size, strides, pad, label } = drawn(random)
      const image = random.tensor(x)
      // TensorFlow.js's gradient divides by the whole window where part of it is padding, too.
      const differentiable = pad === 'valid' && !x.includes(0)
      return {
        label,
        run: () => {
          const f = (at: tf.Tensor) => tf.avgPool(at as tf.Tensor4D, size, strides, pad)
          return [f(image), ...(differentiable ? [tf.grad(f)(image)] : [])]
        },
        tolerance: ACCUMULATED,
      }
    },
  },
]
