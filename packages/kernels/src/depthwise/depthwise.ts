/**
 * Depthwise convolution over images, channels last: each input channel c has M filters of its own. TensorFlow.js's kernels with their
 * gradients, which there refuse dilation, and `depthwiseConv2d`, our op with bias and activation in one pass each way.
 *
 * `y[b, i, j, c·M + m] = φ(Σ x[b, i·stride + k·dilation - pad, …, c] · filter[k, l, c, m] + bias[c·M + m])`
 */
import * as tf from '@weft/kernels/tfjs-core'
import { hasKernel } from '../executor.js'
import type { Conv2dOptions } from '../conv2d/conv2d.js'
import { biasActivationGradient, dilatableGradient } from '../conv2d/gradient.js'
import { convFlops, convKernels, type ConvKind, convEntries } from '../conv2d/kernels.js'
import { activated, dilatedFilter, perAxis } from '../conv2d/reference.js'
import { type ConvAttrs, convSizesOf } from '../conv2d/shape.js'
import { shapeCheck } from '../shape-error.js'

const depthwiseKind: ConvKind<ConvAttrs> = {
  entries: convEntries('depthwise', convFlops),
  op: 'DepthwiseConv2DBiasActivation',
  forward: 'DepthwiseConv2dNative',
  fused: 'FusedDepthwiseConv2D',
  backpropFilter: 'DepthwiseConv2dNativeBackpropFilter',
  backpropInput: 'DepthwiseConv2dNativeBackpropInput',
  geometry: (x, filter, attrs) => convSizesOf(x, filter, attrs, true),
}
export const depthwiseKernels = convKernels(depthwiseKind)
export const depthwiseGradients = [biasActivationGradient(depthwiseKind.op), dilatableGradient(depthwiseKind, 2)]

/**
 * Depthwise convolution with bias and activation; differentiable in `x`, `filter` and `bias`, dilated or not.
 *
 * Shapes: `x` [B, H, W, C], `filter` [K, L, C, M], `bias` [C·M] or null → [B, H', W', C·M].
 * @throws ShapeError naming the argument that does not fit.
 */
export function depthwiseConv2d(
  x: tf.Tensor,
  filter: tf.Tensor,
  bias: tf.Tensor | null,
  options: Conv2dOptions = {},
): tf.Tensor4D {
  const check = shapeCheck('depthwiseConv2d')
  const channels = x.shape[3] ?? 0
  check('x', x, ['B', 'H', 'W', 'C'])
  check('filter', filter, ['K', 'L', channels, 'M'])
  check('bias', bias, [channels * (filter.shape[3] ?? 0)])
  const { strides = 1, pad = 'valid', dilations = 1, activation = 'linear' } = options
  const attrs = { strides, pad, dilations, activation }
  return tf.tidy(() => {
    const input = tf.cast(x, 'float32')
    if (hasKernel(depthwiseKind.op) && depthwiseKind.geometry(x.shape, filter.shape, attrs))
      return tf.engine().runKernel(depthwiseKind.op, { x: input, filter, ...(bias && { bias }) }, attrs)
    const taps = dilatedFilter(filter as tf.Tensor4D, perAxis(dilations, 2))
    return activated(tf.depthwiseConv2d(input as tf.Tensor4D, taps, strides, pad), bias, activation)
  })
}
