/**
 * Convolution over volumes (planes of time, rows and columns), channels last: TensorFlow.js's `Conv3D` with its gradients, and `conv3d`,
 * our op with bias and activation in one pass each way. An image is a volume of one plane, so the kernels are those of conv2d.
 *
 * `y[b, h, i, j, f] = φ(Σ x[b, h·stride + k·dilation - pad, …, c] · filter[k, l, m, c, f] + bias[f])`
 */
import * as tf from '@weft/kernels/tfjs-core'
import { hasKernel } from '../executor.js'
import { biasActivationGradient, dilatableGradient } from '../conv2d/gradient.js'
import { convKernels, convolutionEntries, type ConvKind } from '../conv2d/kernels.js'
import { activated, type ConvActivation, perAxis, dilatedFilter } from '../conv2d/reference.js'
import type { ConvGeometry, Triple } from '../conv2d/shape.js'
import { shapeCheck } from '../shape-error.js'

export interface Conv3dOptions {
  /** Planes, rows and columns from one window to the next; 1 by default. */
  strides?: Triple
  /** `valid` by default. */
  pad?: 'same' | 'valid'
  /** Planes, rows and columns from one tap of the filter to the next; 1 by default. */
  dilations?: Triple
  /** φ; linear by default. */
  activation?: ConvActivation
}

/** The attributes of TensorFlow.js's kernels; dilation in those of the gradients is ours. */
interface Conv3dAttrs {
  strides: Triple
  pad: 'same' | 'valid'
  dataFormat?: 'NDHWC' | 'NCDHW'
  dilations?: Triple
}

type Shape5D = [number, number, number, number, number]

/** `shape` when it has five axes, none of them empty. */
export function filled5D(shape: readonly number[]): Shape5D | undefined {
  const [a, b, c, d, e, ...more] = shape
  return a && b && c && d && e && more.length === 0 ? [a, b, c, d, e] : undefined
}

/** Sizes and output shape, or `undefined` for what the C++ does not serve: channels first, and empty tensors. */
function geometry(
  xShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dataFormat = 'NDHWC', dilations = 1 }: Conv3dAttrs,
): ConvGeometry | undefined {
  const [x, filter] = [filled5D(xShape), filled5D(filterShape)]
  if (dataFormat !== 'NDHWC' || !x || !filter || x[4] !== filter[3]) return undefined
  const info = tf.backend_util.computeConv3DInfo(x, filter, strides, dilations, pad)
  const outShape = filled5D(info.outShape)
  if (!outShape) return undefined
  const { padInfo } = info
  return {
    outShape,
    sizes: {
      batch: info.batchSize,
      inDepth: info.inDepth,
      inHeight: info.inHeight,
      inWidth: info.inWidth,
      inChannels: info.inChannels,
      outDepth: info.outDepth,
      outHeight: info.outHeight,
      outWidth: info.outWidth,
      outChannels: info.outChannels,
      filterDepth: info.filterDepth,
      filterHeight: info.filterHeight,
      filterWidth: info.filterWidth,
      strideDepth: info.strideDepth,
      strideHeight: info.strideHeight,
      strideWidth: info.strideWidth,
      dilationDepth: info.dilationDepth,
      dilationHeight: info.dilationHeight,
      dilationWidth: info.dilationWidth,
      padFront: padInfo.front,
      padTop: padInfo.top,
      padLeft: padInfo.left,
    },
  }
}

const conv3dKind: ConvKind<Conv3dAttrs> = {
  entries: convolutionEntries,
  op: 'Conv3DBiasActivation',
  forward: 'Conv3D',
  backpropFilter: 'Conv3DBackpropFilterV2',
  backpropInput: 'Conv3DBackpropInputV2',
  geometry,
}
export const conv3dKernels = convKernels(conv3dKind)
export const conv3dGradients = [biasActivationGradient(conv3dKind.op), dilatableGradient(conv3dKind, 3)]

/**
 * Convolution with bias and activation; differentiable in `x`, `filter` and `bias`, dilated or not.
 *
 * Shapes: `x` [B, T, H, W, C], `filter` [K, L, M, C, F], `bias` [F] or null → [B, T', H', W', F].
 * @throws ShapeError naming the argument that does not fit.
 */
export function conv3d(
  x: tf.Tensor,
  filter: tf.Tensor,
  bias: tf.Tensor | null,
  options: Conv3dOptions = {},
): tf.Tensor5D {
  const check = shapeCheck('conv3d')
  check('x', x, ['B', 'T', 'H', 'W', 'C'])
  check('filter', filter, ['K', 'L', 'M', x.shape[4] ?? 0, 'F'])
  check('bias', bias, [filter.shape[4] ?? 0])
  const { strides = 1, pad = 'valid', dilations = 1, activation = 'linear' } = options
  const attrs = { strides, pad, dilations, activation }
  return tf.tidy(() => {
    const input = tf.cast(x, 'float32')
    if (hasKernel(conv3dKind.op) && geometry(x.shape, filter.shape, attrs))
      return tf.engine().runKernel(conv3dKind.op, { x: input, filter, ...(bias && { bias }) }, attrs)
    const taps = dilatedFilter(filter as tf.Tensor5D, perAxis(dilations, 3))
    return activated(tf.conv3d(input as tf.Tensor5D, taps, strides, pad), bias, activation)
  })
}
