/** Masks of any shape, probability and seed: the same bits on every backend. */
import { shape } from '../testing/draw.js'
import type { Property } from '../testing/property.js'
import { dropoutMask } from './dropout.js'

export const properties: readonly Property[] = [
  {
    name: 'dropoutMask',
    draw(random) {
      const size = shape(random, random.int(0, 4))
      const keep = random.pick([1, 0.5, 0.9, 1e-9, 2 ** -32, random.int(1, 1000) / 1000])
      const seed = random.pick([0, -1, 2 ** 31, 2 ** 40, random.int(0, 2 ** 32)])
      return {
        label: `[${size}] kept with ${keep}, seed ${seed}`,
        run: () => [dropoutMask(size, keep, seed)],
        tolerance: { absolute: 0, relative: 0 },
      }
    },
  },
]
