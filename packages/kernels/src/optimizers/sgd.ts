/**
 * One step of stochastic gradient descent for all variables in one call, plain or with momentum.
 *
 * `v ← μ v + g`, `w ← (1 - η λ) w - η v`, with Nesterov's momentum `w ← (1 - η λ) w - η (g + μ v)`: PyTorch's form, in which the
 * learning rate is no part of the velocity.
 *
 * @see Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".
 */
import * as tf from '@weft/kernels/tfjs-core'
import { listEntry } from '../executor.js'
import { lists, numbers, type Rule, tensors, updateAll, type UpdateOptions } from './update.js'

export interface SgdUpdateOptions extends UpdateOptions {
  /** μ; 0 by default. */
  momentum?: number
  /** Looks one step of momentum ahead. */
  nesterov?: boolean
}

export const sgdEntry = listEntry('sgd_update', lists, tensors, [...numbers, 'momentum', 'nesterov'])

/**
 * Updates `variables` and their `velocities` in place; without momentum there are none, and a lookup's table costs only the rows
 * that were looked up.
 *
 * @returns The norm of all scaled gradients together, when `clipNorm` is given. Nothing was updated when it is not finite.
 * @throws ShapeError when the lists differ in length or a shape is not its variable's.
 */
export function sgdUpdate(
  variables: readonly tf.Variable[],
  gradients: readonly tf.Tensor[],
  velocities: readonly tf.Variable[],
  options: SgdUpdateOptions,
): number | undefined {
  const { learningRate, momentum = 0, nesterov = false } = options
  const rule: Rule = {
    op: 'sgdUpdate',
    slots: momentum === 0 ? {} : { velocity: velocities },
    skipsZeros: momentum === 0,
    entry: sgdEntry,
    run: (executor, args) => executor.run(sgdEntry, { ...args, momentum, nesterov }),
    reference(gradient, i) {
      const velocity = momentum === 0 ? undefined : velocities[i]
      if (!velocity) return tf.mul(gradient, learningRate)
      velocity.assign(tf.add(tf.mul(velocity, momentum), gradient))
      return tf.mul(nesterov ? tf.add(gradient, tf.mul(velocity, momentum)) : velocity, learningRate)
    },
  }
  return updateAll(rule, variables, gradients, options)
}
