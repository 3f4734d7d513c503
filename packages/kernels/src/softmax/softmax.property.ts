/** Softmax, log-softmax and cross-entropy of any rows, and their gradients. */
import * as tf from '@weft/kernels/tfjs-core'
import { ACCUMULATED } from '../testing/close.js'
import { axis, shape, specialTensor } from '../testing/draw.js'
import type { Property } from '../testing/property.js'
import { logSoftmax, softmaxCrossEntropy } from './softmax.js'

export const properties: readonly Property[] = [
  {
    name: 'softmax',
    draw(random) {
      const size = [...shape(random, random.int(0, 3)).map((dim) => Math.min(dim, 9)), axis(random)]
      const wide = random.pick([1, 10, 100])
      const special = random.chance(0.15)
      const x = special ? specialTensor(random, size, [NaN, -Infinity, 0]) : random.tensor(size, -wide, wide)
      const labels = random.tensor(size, 0, 1)
      const hard = random.chance(0.5)
      return {
        label: `[${size}], logits within ${wide}${special ? ', special values' : ''}`,
        run: () => {
          const targets = hard ? tf.cast(tf.greater(labels, 0.8), 'float32') : labels
          const entropy = (logits: tf.Tensor) => softmaxCrossEntropy(targets, logits)
          if (special) return [tf.softmax(x), logSoftmax(x)]
          return [
            ...[tf.softmax(x), logSoftmax(x), entropy(x)],
            ...[tf.softmax, logSoftmax].map((f) => tf.grad((at: tf.Tensor) => f(at))(x, labels)),
            tf.grad(entropy)(x),
          ]
        },
        tolerance: { ...ACCUMULATED, absolute: 1e-4 * wide },
      }
    },
  },
]
