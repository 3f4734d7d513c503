/** Random cases of attention: any sizes, masks, causal or not, with dropout or without; outputs, weights and gradients. */
import * as tf from '@weft/kernels/tfjs-core'
import { ACCUMULATED } from '../testing/close.js'
import type { Draw, Property } from '../testing/property.js'
import { additiveAttention, dotProductAttention } from './attention.js'

function drawAttention(random: Draw, additive: boolean) {
  const [batch, queries, keys] = [random.int(0, 4), random.int(0, 20), random.int(0, 20)]
  const [features, depth] = [random.int(1, 40), random.int(1, 40)]
  const bits = (shape: number[], p: number) => tf.cast(tf.less(random.tensor(shape, 0, 1), p), 'float32')
  const options = {
    causal: random.chance(0.4),
    queryMask: random.chance(0.4) ? bits([batch, queries], 0.7) : undefined,
    valueMask: random.chance(0.5) ? bits([batch, keys], random.pick([0.1, 0.7])) : undefined,
    dropoutMask: random.chance(0.3) ? tf.mul(bits([batch, queries, keys], 0.8), 1.25) : undefined,
    returnWeights: random.chance(0.5),
  }
  const factor = random.pick([1, 0.25])
  const scaled = additive && random.chance(0.7)
  const inputs = [
    random.tensor([batch, queries, features]),
    random.tensor([batch, keys, features]),
    random.tensor([batch, keys, depth]),
    ...(scaled ? [random.tensor([features])] : []),
  ]
  const lossWeights = [random.tensor([batch, queries, depth]), random.tensor([batch, queries, keys])] as const
  const attend = ([query, key, value, scale]: tf.Tensor[]) => {
    if (!query || !key || !value) throw new Error('attention: expected three inputs')
    return additive
      ? additiveAttention(query, key, value, scale ?? null, options)
      : dotProductAttention(query, key, value, { ...options, factor })
  }
  const loss = (...given: tf.Tensor[]) => {
    const { output, weights } = attend(given)
    const first = tf.sum(tf.mul(output, lossWeights[0]))
    return weights ? tf.add(first, tf.sum(tf.mul(weights, lossWeights[1]))) : first
  }
  const { causal, queryMask, valueMask, dropoutMask } = options
  const chosen = Object.entries({ causal, queryMask, valueMask, dropoutMask }).flatMap(([name, on]) => (on ? name : []))
  return {
    label: `[B ${batch}, Tq ${queries}, Tv ${keys}, D ${features}, Dv ${depth}] ${chosen.join(' ')}`,
    run: () => {
      const { output, weights } = attend(inputs)
      return [output, ...(weights ? [weights] : []), ...tf.grads(loss)(inputs)]
    },
    tolerance: ACCUMULATED,
  }
}

export const properties: readonly Property[] = [
  { name: 'dot-product attention', draw: (random) => drawAttention(random, false) },
  { name: 'additive attention', draw: (random) => drawAttention(random, true) },
]
