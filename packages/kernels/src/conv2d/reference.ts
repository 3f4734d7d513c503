/**
 * What the rooms of convolutions share in their references, made of TensorFlow.js's ops: what the kernels must compute, on every
 * backend, differentiable as it is. A dilated convolution is one whose filter's taps are spread by zeros, since TensorFlow.js has no
 * gradient of the other kind.
 */
import * as tf from '@weft/kernels/tfjs-core'

export type ConvActivation = 'linear' | 'relu' | 'sigmoid' | 'tanh' | 'relu6'

export const convActivations: Readonly<Record<ConvActivation, <T extends tf.Tensor>(x: T) => T>> = {
  linear: (x) => x,
  relu: (x) => tf.relu(x),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  relu6: (x) => tf.relu6(x),
}

/** One number for each of `axes` axes, from one for all or a list. */
export function perAxis(given: number | readonly number[], axes: number): number[] {
  return Array.from({ length: axes }, (_, i) => (typeof given === 'number' ? given : (given[i] ?? 1)))
}

/** The filter with zeros between its taps along its first axes. Shapes: [K, …, C, F] → [(K - 1)·d + 1, …, C, F]. */
export function dilatedFilter<T extends tf.Tensor>(filter: T, dilations: readonly number[]): T {
  return dilations.reduce((taps, dilation, axis) => {
    if (dilation === 1) return taps
    const { shape } = taps
    const size = shape[axis] ?? 1
    const inner = shape.slice(axis + 1)
    const outer = tf.util.sizeFromShape(shape.slice(0, axis))
    const apart = tf.pad(tf.reshape(taps, [outer * size, 1, tf.util.sizeFromShape(inner)]), [[0, 0], [0, dilation - 1], [0, 0]]) // prettier-ignore
    const rows = tf.reshape(apart, [outer, size * dilation, -1])
    const span = (size - 1) * dilation + 1
    return tf.reshape(tf.slice(rows, [0, 0, 0], [outer, span, -1]), [...shape.slice(0, axis), span, ...inner]) as T
  }, filter)
}

/** Bias and activation after a convolution. */
export function activated<T extends tf.Tensor>(sums: T, bias: tf.Tensor | null, activation: ConvActivation): T {
  return convActivations[activation](bias ? tf.add<T>(sums, bias) : sums)
}
