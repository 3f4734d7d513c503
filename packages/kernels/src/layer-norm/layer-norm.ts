/**
 * Layer normalisation over the last axis or several last axes, in one pass over each row.
 *
 * `y = γ (x - mean) / √(variance + ε) + β`, mean and variance of each item's own values, the variance divided by their number.
 *
 * @see Ba, Kiros and Hinton 2016, arXiv:1607.06450, section 3.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry, hasKernel } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { sizeOf } from '../shape.js'
import { ShapeError, shapeCheck } from '../shape-error.js'

export interface LayerNormOptions {
  /** The last axis (-1, the default) or several last ones in their order. */
  axis?: number | readonly number[]
  /** ε; 1e-3 by default, as in Keras. */
  epsilon?: number
}

interface Attrs {
  /** How many of the last axes are normalised together. */
  axes: number
  epsilon: number
}

const KERNEL_NAME = 'LayerNorm'
const expect = shapeCheck('layerNorm')

/**
 * Whether `layerNorm` serves these axes of an input of that rank: the last ones, each once, in their order.
 */
export function areLastAxes(axis: number | readonly number[], rank: number): boolean {
  const axes = typeof axis === 'number' ? [axis] : axis
  return (
    axes.length > 0 &&
    axes.length <= rank &&
    axes.every((at, i) => (at < 0 ? at + rank : at) === rank - axes.length + i)
  )
}

/**
 * The layer normalisation of this room's head; differentiable in `x`, `gamma` and `beta`.
 *
 * Shapes: `x` [B, …, C], `gamma` and `beta` the normalised axes' sizes ([C] for the last one), null for ones and zeros → as `x`.
 * @throws ShapeError naming the argument that does not fit, or when `axis` does not name last axes.
 */
export function layerNorm(
  x: tf.Tensor,
  gamma: tf.Tensor | null,
  beta: tf.Tensor | null,
  { axis = -1, epsilon = 1e-3 }: LayerNormOptions = {},
): tf.Tensor {
  if (!areLastAxes(axis, x.rank))
    throw new ShapeError(
      `layerNorm: expected last axes of x in their order for axis, received ${JSON.stringify(axis)} with x of shape [${x.shape.join(', ')}]`,
    )
  const axes = typeof axis === 'number' ? 1 : axis.length
  const normalised = x.shape.slice(-axes)
  expect('gamma', gamma, normalised)
  expect('beta', beta, normalised)
  return tf.tidy(() => {
    const inputs = {
      x: x.dtype === 'float32' ? x : tf.cast(x, 'float32'),
      gamma: gamma ?? tf.ones(normalised),
      beta: beta ?? tf.zeros(normalised),
    }
    const attrs: Attrs = { axes, epsilon }
    if (!hasKernel(KERNEL_NAME)) return layerNormReference(inputs, attrs)
    return tf.engine().runKernel<tf.Tensor>(KERNEL_NAME, inputs, { ...attrs })
  })
}

/** The same of TensorFlow.js's ops. */
function layerNormReference({ x, gamma, beta }: Inputs<tf.Tensor>, { axes, epsilon }: Attrs): tf.Tensor {
  const last = Array.from({ length: axes }, (_, i) => x.rank - axes + i)
  const { mean, variance } = tf.moments(x, last, true)
  const normed = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)))
  return tf.add(tf.mul(normed, gamma), beta)
}

type Inputs<T> = { x: T; gamma: T; beta: T }

const forwardEntry = entry('layer_norm', ['x', 'gamma', 'beta', 'output'], ['cols', 'epsilon'])
const gradientEntry = entry('layer_norm_gradient', ['x', 'dy', 'gamma', 'dx', 'dgamma', 'dbeta'], ['cols', 'epsilon'])

const columnsOf = (x: tf.TensorInfo, { axes }: Attrs) => sizeOf(x.shape, x.shape.length - axes)

const forward = overrideKernel<Inputs<tf.TensorInfo>, Attrs>({
  kernelName: KERNEL_NAME,
  entries: [forwardEntry],
  run({ inputs, attrs, executor }) {
    const output = executor.allocate(inputs.x.shape)
    executor.run(forwardEntry, {
      x: executor.floats(inputs.x),
      gamma: executor.floats(inputs.gamma),
      beta: executor.floats(inputs.beta),
      output: executor.floats(output),
      cols: columnsOf(inputs.x, attrs),
      epsilon: attrs.epsilon,
    })
    return output
  },
})

const backward = overrideKernel<Omit<Inputs<tf.TensorInfo>, 'beta'> & { dy: tf.TensorInfo }, Attrs>({
  kernelName: `${KERNEL_NAME}Grad`,
  entries: [gradientEntry],
  run({ inputs: { x, gamma, dy }, attrs, executor }) {
    const results = [x.shape, gamma.shape, gamma.shape].map((shape) => executor.allocate(shape))
    const [dx, dgamma, dbeta] = results.map((info) => executor.floats(info))
    executor.run(gradientEntry, {
      x: executor.floats(x),
      dy: executor.floats(dy),
      gamma: executor.floats(gamma),
      dx,
      dgamma,
      dbeta,
      cols: columnsOf(x, attrs),
      epsilon: attrs.epsilon,
    })
    return results
  },
})

const gradient: tf.GradConfig = {
  kernelName: KERNEL_NAME,
  inputsToSave: ['x', 'gamma'],
  gradFunc: (given, [x, gamma], attrs) => {
    const dy = Array.isArray(given) ? given[0] : given
    if (!dy || !x || !gamma) throw new Error('layerNorm gradient: expected x and gamma among what was saved')
    // All at once, outside the closures: what a closure makes beside its own result is disposed of after it.
    const results: tf.Tensor[] = tf.engine().runKernel(`${KERNEL_NAME}Grad`, { x, gamma, dy }, { ...attrs })
    const result = (i: number) => () => {
      const tensor = results[i]
      if (!tensor) throw new Error('layerNorm gradient: the kernel returned too few outputs')
      return tensor
    }
    return { x: result(0), gamma: result(1), beta: result(2) }
  },
}

export const layerNormKernels: readonly Kernel[] = [forward, backward]
export const layerNormGradients: readonly tf.GradConfig[] = [gradient]
