/** Random cases of looking rows up, and of the gradient of that, with tables small and large. */
import * as tf from '@tensorflow/tfjs-core'
import { ACCUMULATED } from '../testing/close.js'
import type { Property } from '../testing/property.js'

const lookup: Property = {
  name: 'embedding lookup',
  draw(random) {
    const [vocabulary, units] = random.chance(0.3) ? [200, 170] : [random.pick([1, 7, 60]), random.int(1, 20)]
    const idsShape = [random.int(0, 4), random.int(0, 9)]
    const ids = tf.cast(tf.floor(random.tensor(idsShape, 0, vocabulary - 1e-3)), 'int32')
    const table = random.tensor([vocabulary, units])
    const weights = random.tensor([...idsShape, units])
    return {
      label: `V ${vocabulary}, U ${units}, ids [${idsShape.join(', ')}]`,
      run: () => [tf.gather(table, ids), tf.grad((x: tf.Tensor) => tf.sum(tf.mul(tf.gather(x, ids), weights)))(table)],
      tolerance: ACCUMULATED,
    }
  },
}

const segments: Property = {
  name: 'sum of rows by index',
  draw(random) {
    const count = random.int(0, 40)
    const [total, width] = random.chance(0.3) ? [200, 170] : [random.pick([1, 9]), random.int(1, 20)]
    const ids = tf.cast(tf.floor(random.tensor([count], 0, total - 1e-3)), 'int32')
    const rows = random.tensor([count, width])
    return {
      label: `[${count}, ${width}] into ${total}`,
      run: () => [tf.unsortedSegmentSum(rows, ids as tf.Tensor1D, total)],
      tolerance: ACCUMULATED,
    }
  },
}

export const properties: readonly Property[] = [lookup, segments]
