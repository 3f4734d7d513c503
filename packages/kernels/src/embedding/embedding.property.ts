/** Rows by index along any axis, the gradient, and sums of rows by index with indices that are not there. */
import * as tf from '@weft/kernels/tfjs-core'
import { axis, shape } from '../testing/draw.js'
import type { Draw, Property } from '../testing/property.js'

const indices = (random: Draw, size: number[], from: number, to: number) =>
  tf.cast(tf.floor(random.tensor(size, from, to)), 'int32') as tf.Tensor1D

export const properties: readonly Property[] = [
  {
    name: 'gather',
    draw(random) {
      const along = random.int(0, 2)
      const table = Array.from({ length: along + random.int(1, 2) }, (_, i) => (i === along ? axis(random, 1) : Math.min(axis(random), 9))) // prettier-ignore
      const ids = shape(random, random.int(1, 2)).map((dim) => Math.min(dim, 12))
      const x = random.tensor(table)
      const picked = indices(random, ids, 0, table[along] ?? 1)
      const differentiable = !table.includes(0) && !ids.includes(0)
      return {
        label: `[${ids}] of [${table}] along ${along}`,
        run: () => {
          const op = (at: tf.Tensor) => tf.gather(at, picked, along)
          return [op(x), ...(differentiable ? [tf.grad(op)(x)] : [])]
        },
        tolerance: { absolute: 1e-5, relative: 1e-5 },
      }
    },
  },
  {
    name: 'unsortedSegmentSum',
    draw(random) {
      const [rows, width, segments] = [axis(random), axis(random), axis(random, 1)]
      const x = random.tensor([rows, width])
      const ids = indices(random, [rows], 0, segments)
      return {
        label: `[${rows}, ${width}] into ${segments}`,
        run: () => [tf.unsortedSegmentSum(x, ids, segments)],
        tolerance: { absolute: 1e-5, relative: 1e-5 },
      }
    },
  },
]
