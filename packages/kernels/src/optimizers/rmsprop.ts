/**
 * One step of RMSprop for all variables in one call, with momentum or without.
 *
 * `a ← ρ a + (1 - ρ) g²`, `v ← μ v + g / (√a + ε)`, `w ← (1 - η λ) w - η v`: PyTorch's form, with ε outside the root.
 *
 * @see Hinton 2012, "Neural Networks for Machine Learning", lecture 6e.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { listEntry } from '../executor.js'
import { lists, numbers, type Rule, tensors, updateAll, type UpdateOptions } from './update.js'

export interface RmspropUpdateOptions extends UpdateOptions {
  /** ρ */
  rho: number
  /** μ; 0 by default. */
  momentum?: number
  epsilon: number
}

export const rmspropEntry = listEntry('rmsprop_update', lists, tensors, [...numbers, 'rho', 'momentum', 'epsilon'])

/**
 * Updates `variables`, the `averages` of their squared gradients and, with momentum, their `velocities` in place.
 *
 * @returns The norm of all scaled gradients together, when `clipNorm` is given. Nothing was updated when it is not finite.
 * @throws ShapeError when the lists differ in length or a shape is not its variable's.
 */
export function rmspropUpdate(
  variables: readonly tf.Variable[],
  gradients: readonly tf.Tensor[],
  averages: readonly tf.Variable[],
  velocities: readonly tf.Variable[],
  options: RmspropUpdateOptions,
): number | undefined {
  const { learningRate, rho, momentum = 0, epsilon } = options
  const rule: Rule = {
    op: 'rmspropUpdate',
    slots: { average: averages, ...(momentum === 0 ? {} : { velocity: velocities }) },
    skipsZeros: false,
    entry: rmspropEntry,
    run: (executor, args) => executor.run(rmspropEntry, { ...args, rho, momentum, epsilon }),
    reference(gradient, i) {
      const average = tf.add(tf.mul(averages[i] ?? 0, rho), tf.mul(tf.square(gradient), 1 - rho))
      averages[i]?.assign(average)
      const normalised = tf.div(gradient, tf.add(tf.sqrt(average), epsilon))
      const velocity = momentum === 0 ? undefined : velocities[i]
      if (!velocity) return tf.mul(normalised, learningRate)
      velocity.assign(tf.add(tf.mul(velocity, momentum), normalised))
      return tf.mul(velocity, learningRate)
    },
  }
  return updateAll(rule, variables, gradients, options)
}
