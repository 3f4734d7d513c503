/** What must hold of CTC's loss for any sizes, lengths, labels and blank. */
import * as tf from '@weft/kernels/tfjs-core'
import type { Property } from '../testing/property.js'
import { ctcLoss } from './ctc.js'

export const properties: readonly Property[] = [
  {
    name: 'ctcLoss',
    draw(random) {
      const [batch, steps] = [random.int(0, 4), random.int(0, 8)]
      const classes = random.int(1, 20)
      const width = classes === 1 ? 0 : random.int(0, 6)
      const blank = random.int(0, classes - 1)
      // Few symbols make repetitions.
      const kinds = random.int(1, Math.max(1, classes - 1))
      const symbols = Array.from({ length: batch * width }, () => (blank + random.int(1, kinds)) % classes)
      const labels = tf.tensor2d(symbols, [batch, width], 'int32')
      const lengths = (most: number) => Array.from({ length: batch }, () => random.int(0, most))
      const options = {
        blank: random.chance(0.3) ? blank - classes : blank,
        labelLengths: lengths(width),
        ...(random.chance(0.7) && { logitLengths: lengths(steps) }),
      }
      const infeasible = random.pick(['zero', 'infinity'] as const)
      const logits = random.tensor([batch, steps, classes], -4, 4)
      const weights = random.tensor([batch])
      return {
        label: `[${batch}, ${steps}, ${classes}], labels ${width}, blank ${blank}, ${infeasible}`,
        run: () => [
          ctcLoss(logits, labels, { ...options, infeasible }),
          tf.grad((x: tf.Tensor) => tf.sum(tf.mul(ctcLoss(x, labels, options), weights)))(logits),
        ],
        // Logarithms of sums of exponentials, a dozen deep.
        tolerance: { absolute: 1e-4, relative: 1e-4 },
      }
    },
  },
]
