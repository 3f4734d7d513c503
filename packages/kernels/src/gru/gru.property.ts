/** Random cases for the GRU, with the reset after and before the product. */
import { hiddenStateProperty } from '../testing/hidden-state-property.js'
import type { Property } from '../testing/property.js'
import { gru } from './gru.js'
import type { GruOptions } from './arguments.js'

export const properties: readonly Property[] = [
  hiddenStateProperty<GruOptions>('gru', (random) => {
    const resetAfter = random.chance(0.6)
    return {
      ...{ name: 'gru', op: gru, gates: 3 },
      attributes: { resetAfter, recurrentActivation: random.chance(0.8) ? 'sigmoid' : 'hardSigmoid' },
      biasShape: (width) => (resetAfter ? [2, width] : [width]),
    }
  }),
]
