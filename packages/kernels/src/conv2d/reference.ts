/**
 * `conv2d` of TensorFlow.js's ops: what the kernels must compute, on every backend, differentiable as it is. A dilated convolution is
 * one whose filter's taps are spread by zeros, since TensorFlow.js has no gradient of the other kind.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { ConvActivation } from './conv2d.js'
import type { Padding, Pair } from './shape.js'

const activations = {
  linear: (x: tf.Tensor4D) => x,
  relu: tf.relu<tf.Tensor4D>,
  sigmoid: tf.sigmoid<tf.Tensor4D>,
  tanh: tf.tanh<tf.Tensor4D>,
  relu6: tf.relu6<tf.Tensor4D>,
}

export const pairOf = (pair: Pair): [number, number] => (typeof pair === 'number' ? [pair, pair] : pair)

/** The filter with zeros between its taps. Shapes: [K, L, C, F] → [(K - 1)·d + 1, (L - 1)·e + 1, C, F]. */
export function dilatedFilter(filter: tf.Tensor, [rows, cols]: [number, number]): tf.Tensor4D {
  const [height = 1, width = 1, channels = 1, filters = 1] = filter.shape
  const spreadRows = tf.reshape(
    tf.pad(tf.reshape(filter, [height, 1, -1]), [
      [0, 0],
      [0, rows - 1],
      [0, 0],
    ]),
    [height * rows, width, 1, -1],
  )
  const spread = tf.pad(spreadRows, [
    [0, 0],
    [0, 0],
    [0, cols - 1],
    [0, 0],
  ])
  const whole = tf.reshape(spread, [height * rows, width * cols, channels, filters]) as tf.Tensor4D
  return tf.slice(whole, [0, 0, 0, 0], [(height - 1) * rows + 1, (width - 1) * cols + 1, channels, filters])
}

export interface ReferenceAttrs {
  strides: Pair
  pad: Padding
  dilations: Pair
  activation: ConvActivation
}

export function conv2dReference(
  x: tf.Tensor,
  filter: tf.Tensor,
  bias: tf.Tensor | null,
  attrs: ReferenceAttrs,
): tf.Tensor4D {
  const dilations = pairOf(attrs.dilations)
  const taps = dilations.every((dilation) => dilation === 1)
    ? (filter as tf.Tensor4D)
    : dilatedFilter(filter, dilations)
  const sums = tf.conv2d(x as tf.Tensor4D, taps, attrs.strides, attrs.pad)
  return activations[attrs.activation](bias ? tf.add(sums, bias) : sums)
}
