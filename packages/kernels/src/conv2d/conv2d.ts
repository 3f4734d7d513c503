/**
 * Convolution over images and over time, channels last: the four kernels of TensorFlow.js, and `conv2d` and `conv1d`, our ops with bias
 * and activation in one pass each way (TensorFlow.js fuses them in inference only, and has no gradient of a dilated convolution).
 *
 * `y[b, i, j, f] = φ(Σ x[b, i·stride + k·dilation - pad, …, c] · filter[k, l, c, f] + bias[f])`
 */
import * as tf from '@weft/kernels/tfjs-core'
import { hasKernel } from '../executor.js'
import { shapeCheck } from '../shape-error.js'
import { biasActivationGradient, dilatableGradient } from './gradient.js'
import { convKernels, convolutionEntries, type ConvKind } from './kernels.js'
import { activated, type ConvActivation, perAxis, dilatedFilter } from './reference.js'
import { type ConvAttrs, convSizesOf, type Padding, type Pair } from './shape.js'

export interface Conv2dOptions {
  /** Rows and columns from one window to the next; 1 by default. */
  strides?: Pair
  /** As TensorFlow.js's `pad`; `valid` by default. */
  pad?: Padding
  /** Rows and columns from one tap of the filter to the next; 1 by default. */
  dilations?: Pair
  /** φ; linear by default. */
  activation?: ConvActivation
}

export interface Conv1dOptions {
  /** Steps from one window to the next; 1 by default. */
  stride?: number
  /** `causal` reads only the present and the past; `valid` by default. */
  pad?: 'same' | 'valid' | 'causal'
  /** Steps from one tap of the filter to the next; 1 by default. */
  dilation?: number
  /** φ; linear by default. */
  activation?: ConvActivation
}

const conv2dKind: ConvKind<ConvAttrs> = {
  entries: convolutionEntries,
  op: 'Conv2DBiasActivation',
  forward: 'Conv2D',
  fused: 'FusedConv2D',
  backpropFilter: 'Conv2DBackpropFilter',
  backpropInput: 'Conv2DBackpropInput',
  geometry: convSizesOf,
}
export const conv2dKernels = convKernels(conv2dKind)
export const conv2dGradients = [biasActivationGradient(conv2dKind.op), dilatableGradient(conv2dKind, 2)]

/**
 * Convolution with bias and activation; differentiable in `x`, `filter` and `bias`, dilated or not.
 *
 * Shapes: `x` [B, H, W, C], `filter` [K, L, C, F], `bias` [F] or null → [B, H', W', F].
 * @throws ShapeError naming the argument that does not fit.
 */
export function conv2d(
  x: tf.Tensor,
  filter: tf.Tensor,
  bias: tf.Tensor | null,
  options: Conv2dOptions = {},
): tf.Tensor4D {
  const check = shapeCheck('conv2d')
  check('x', x, ['B', 'H', 'W', 'C'])
  check('filter', filter, ['K', 'L', x.shape[3] ?? 0, 'F'])
  check('bias', bias, [filter.shape[3] ?? 0])
  const { strides = 1, pad = 'valid', dilations = 1, activation = 'linear' } = options
  const attrs = { strides, pad, dilations, activation }
  return tf.tidy(() => {
    const input = tf.cast(x, 'float32')
    if (hasKernel(conv2dKind.op) && convSizesOf(x.shape, filter.shape, attrs))
      return tf.engine().runKernel(conv2dKind.op, { x: input, filter, ...(bias && { bias }) }, attrs)
    const taps = dilatedFilter(filter as tf.Tensor4D, perAxis(dilations, 2))
    return activated(tf.conv2d(input as tf.Tensor4D, taps, strides, pad), bias, activation)
  })
}

/**
 * Convolution over time with bias and activation; differentiable in `x`, `filter` and `bias`, dilated or not.
 *
 * Shapes: `x` [B, T, C], `filter` [K, C, F], `bias` [F] or null → [B, T', F].
 * @throws ShapeError naming the argument that does not fit.
 */
export function conv1d(
  x: tf.Tensor,
  filter: tf.Tensor,
  bias: tf.Tensor | null,
  options: Conv1dOptions = {},
): tf.Tensor3D {
  const check = shapeCheck('conv1d')
  check('x', x, ['B', 'T', 'C'])
  check('filter', filter, ['K', x.shape[2] ?? 0, 'F'])
  check('bias', bias, [filter.shape[2] ?? 0])
  const { stride = 1, pad = 'valid', dilation = 1, activation } = options
  const past = ((filter.shape[0] ?? 1) - 1) * dilation
  const padding: Padding = pad === 'causal' ? [[0, 0], [0, 0], [past, 0], [0, 0]] : pad // prettier-ignore
  return tf.tidy(() => {
    const image = { strides: [1, stride], dilations: [1, dilation], pad: padding, activation } satisfies Conv2dOptions
    return tf.squeeze(conv2d(tf.expandDims(x, 1), tf.expandDims(filter, 0), bias, image), [1])
  })
}
