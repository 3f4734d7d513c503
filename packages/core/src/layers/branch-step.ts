/**
 * One step of a recurrent layer from each item's state to many places at once. State and inputs are multiplied by the weights
 * before they are laid out by item and place: the products are then of B rows and of M, not of B · M, and what remains at that
 * size are the gates. Only cells whose products are sums of such terms allow it: LSTM, and GRU with the reset after the product.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type { Activation } from '@tensorflow/tfjs-layers/dist/activations.js'
import { GRU } from './gru.js'
import { LSTM } from './lstm.js'
import type { Recurrent } from './recurrent.js'

/** The terms whose sum is the input of place m for item b, times the kernel, without bias; G gates. */
export interface BranchTerms {
  /** [M, G · U] */
  places: tf.Tensor
  /** [B, G · U] */
  items?: tf.Tensor | undefined
  /** [B, M, G · U] */
  each?: tf.Tensor | undefined
}

/** Whether `branchStep` has this layer's equations. */
export function canBranch(layer: Recurrent): layer is GRU | LSTM {
  return layer instanceof LSTM || (layer instanceof GRU && layer.resetAfter)
}

/**
 * The output of one step from `states`, without dropout.
 *
 * @param states As the layer returns them, each [B, U].
 * @returns [B, M, U]
 */
export function branchStep(layer: GRU | LSTM, states: readonly tf.Tensor[], terms: BranchTerms): tf.Tensor {
  const [hidden, cell] = states.map((state) => tf.expandDims(state, 1)) // [B, 1, U]
  const [h] = states
  if (!h || !hidden) throw new Error(`running layer ${layer.name}: expected a state`)
  if (layer instanceof GRU) return gruBranches(layer, h, hidden, terms)
  if (!cell) throw new Error(`running layer ${layer.name}: expected two states`)
  return lstmBranches(layer, h, cell, terms)
}

function gruBranches({ cell }: GRU, h: tf.Tensor, hidden: tf.Tensor, terms: BranchTerms): tf.Tensor {
  const biases = cell.useBias ? tf.split(cell.bias.read(), 2) : []
  const recurrent = withBias(tf.matMul(h, cell.recurrentKernel.read()), biases[1])
  const own = tf.split(tf.expandDims(recurrent, 1), 3, -1)
  const [z, r, candidate] = gatesOf(terms, biases[0], 3)
  const [fromH, fromHReset, fromHCandidate] = own
  if (!z || !r || !candidate || !fromH || !fromHReset || !fromHCandidate) throw new Error('running a GRU: three gates')
  const gate: Activation = cell.recurrentActivation
  const update = gate.apply(z(fromH))
  const reset = gate.apply(r(fromHReset))
  const proposed = cell.activation.apply(tf.add(candidate(), tf.mul(reset, fromHCandidate)))
  return tf.add(proposed, tf.mul(update, tf.sub(hidden, proposed)))
}

function lstmBranches({ cell }: LSTM, h: tf.Tensor, before: tf.Tensor, terms: BranchTerms): tf.Tensor {
  const own = tf.split(tf.expandDims(tf.matMul(h, cell.recurrentKernel.read()), 1), 4, -1)
  const sums = gatesOf(terms, cell.useBias ? cell.bias.read() : undefined, 4)
  const [i, f, c, o] = sums.map((sum, gate) => sum(own[gate]))
  if (!i || !f || !c || !o) throw new Error('running an LSTM: four gates')
  const gate: Activation = cell.recurrentActivation
  const kept = tf.mul(gate.apply(f), before)
  const after = tf.add(kept, tf.mul(gate.apply(i), cell.activation.apply(c)))
  return tf.mul(gate.apply(o), cell.activation.apply(after))
}

/** For each gate its sum over the terms, to which one more [B, 1, U] may be added; the small terms are added first. */
function gatesOf({ places, items, each }: BranchTerms, bias: tf.Tensor | undefined, gates: number) {
  const byPlace = tf.split(tf.expandDims(withBias(places, bias), 0), gates, -1)
  const byItem = items ? tf.split(tf.expandDims(items, 1), gates, -1) : []
  const byBoth = each ? tf.split(each, gates, -1) : []
  return byPlace.map((place, i) => (own?: tf.Tensor) => {
    const item = byItem[i]
    const small = item && own ? tf.add(item, own) : (item ?? own)
    const sum = small ? tf.add(small, place) : place
    const both = byBoth[i]
    return both ? tf.add(sum, both) : sum
  })
}

const withBias = (x: tf.Tensor, bias: tf.Tensor | undefined) => (bias ? tf.add(x, bias) : x)
