/**
 * Gradients of sums and means that replace TensorFlow.js's, which multiply dy by a fresh tensor of ones: on `native` dy is repeated
 * by one copy. Elsewhere they compute what TensorFlow.js's own do.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { executorWith } from '../executor.js'
import { copyEntry } from '../copy/strided-copy.js'
import { sizeOf } from '../shape.js'

/** dy, divided by `divisor`, repeated over the axes that were summed. */
function spread(dy: tf.Tensor, shape: number[], axes: readonly number[], divisor: number): tf.Tensor {
  const expanded = tf.reshape(
    dy,
    shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  )
  const scaled = divisor === 1 ? expanded : tf.div(expanded, divisor)
  if (!executorWith(copyEntry) || shape.length > 4) return tf.mul(scaled, tf.ones(shape))
  return tf.tile(
    scaled,
    shape.map((size, axis) => (axes.includes(axis) ? size : 1)),
  )
}

function gradientOf(kernelName: string, isMean: boolean): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attrs) => {
      if (Array.isArray(dy) || !x || !('axis' in attrs))
        throw new Error(`${kernelName} gradient: expected dy, x and axis`)
      const axes = tf.util.parseAxisParam(attrs.axis as number | number[], x.shape)
      const count = sizeOf(axes.map((axis) => x.shape[axis] ?? 1))
      return { x: () => spread(dy, x.shape, axes, isMean ? count : 1) }
    },
  }
}

export const reduceGradients: readonly tf.GradConfig[] = [gradientOf(tf.Sum, false), gradientOf(tf.Mean, true)]
