/**
 * One optimizer step of Adam or AdamW for all variables in one call.
 *
 * `m ← β₁ m + (1 - β₁) g`, `v ← β₂ v + (1 - β₂) g²`,
 * `w ← (1 - η λ) w - η / (1 - β₁ᵗ) · m / (√(v / (1 - β₂ᵗ)) + ε)`.
 *
 * @see Kingma and Ba 2015, arXiv:1412.6980, algorithm 1; Loshchilov and Hutter 2019, arXiv:1711.05101, for the decay λ.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { listEntry } from '../executor.js'
import { lists, numbers, type Rule, tensors, updateAll, type UpdateOptions } from './update.js'

export interface AdamUpdateOptions extends UpdateOptions {
  beta1: number
  beta2: number
  epsilon: number
  /** t, counted from 1. */
  step: number
}

export const adamEntry = listEntry('adam_update', lists, tensors, [
  ...numbers,
  'beta1',
  'beta2',
  'epsilon',
  'stepSize',
  'inverseBias2',
])

/**
 * Updates `variables` and their moments `m` and `v` in place.
 *
 * @returns The norm of all scaled gradients together, when `clipNorm` is given. Nothing was updated when it is not finite.
 * @throws ShapeError when the lists differ in length or a shape is not its variable's.
 */
export function adamUpdate(
  variables: readonly tf.Variable[],
  gradients: readonly tf.Tensor[],
  m: readonly tf.Variable[],
  v: readonly tf.Variable[],
  options: AdamUpdateOptions,
): number | undefined {
  const { learningRate, beta1, beta2, epsilon, step } = options
  const stepSize = learningRate / (1 - beta1 ** step)
  const inverseBias2 = 1 / (1 - beta2 ** step)
  const rule: Rule = {
    op: 'adamUpdate',
    slots: { m, v },
    skipsZeros: false,
    entry: adamEntry,
    run: (executor, args) => executor.run(adamEntry, { ...args, beta1, beta2, epsilon, stepSize, inverseBias2 }),
    reference(gradient, i) {
      const newM = tf.add(tf.mul(m[i] ?? 0, beta1), tf.mul(gradient, 1 - beta1))
      const newV = tf.add(tf.mul(v[i] ?? 0, beta2), tf.mul(tf.square(gradient), 1 - beta2))
      m[i]?.assign(newM)
      v[i]?.assign(newV)
      return tf.mul(tf.div(newM, tf.add(tf.sqrt(tf.mul(newV, inverseBias2)), epsilon)), stepSize)
    },
  }
  return updateAll(rule, variables, gradients, options)
}
