/** Random cases for the simple recurrent network. */
import { hiddenStateProperty } from '../testing/hidden-state-property.js'
import type { Property } from '../testing/property.js'
import { simpleRnn, type SimpleRnnOptions } from './simple-rnn.js'

export const properties: readonly Property[] = [
  hiddenStateProperty<SimpleRnnOptions>('simpleRnn', () => ({
    ...{ name: 'simpleRnn', op: simpleRnn, gates: 1, attributes: {} },
    biasShape: (width) => [width],
  })),
]
