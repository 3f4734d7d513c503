/**
 * The sizes of a convolution as the C++ kernels take them, from TensorFlow.js's attributes. An image is a volume of one plane.
 */
import { backend_util } from '@weft/kernels/tfjs-core'

export const convSizes = [
  ...(['batch', 'inHeight', 'inWidth', 'inChannels', 'outHeight', 'outWidth', 'outChannels'] as const),
  ...(['filterHeight', 'filterWidth', 'strideHeight', 'strideWidth', 'dilationHeight', 'dilationWidth'] as const),
  ...(['padTop', 'padLeft'] as const),
  ...(['inDepth', 'outDepth', 'filterDepth', 'strideDepth', 'dilationDepth', 'padFront'] as const),
] as const

export type ConvSizes = Record<(typeof convSizes)[number], number>

/** What a kernel needs to know of a convolution. */
export interface ConvGeometry {
  sizes: ConvSizes
  outShape: number[]
}

export type Pair = [number, number] | number
export type Triple = [number, number, number] | number
export type Padding = 'same' | 'valid' | number | backend_util.ExplicitPadding

/** What describes a convolution in the attributes of TensorFlow.js's kernels; dilation in those of the gradients is ours. */
export interface ConvAttrs {
  strides: Pair
  pad: Padding
  dataFormat?: 'NHWC' | 'NCHW'
  dilations?: Pair
  dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

type Shape4D = [number, number, number, number]

/** `shape` when it has four axes, none of them empty. */
export function filled4D(shape: readonly number[]): Shape4D | undefined {
  const [a, b, c, d, ...more] = shape
  return a && b && c && d && more.length === 0 ? [a, b, c, d] : undefined
}

/** Sizes and output shape, or `undefined` for what the C++ does not serve: channels first, and empty tensors. */
export function convSizesOf(
  xShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dataFormat = 'NHWC', dilations = 1, dimRoundingMode }: ConvAttrs,
  depthwise = false,
): ConvGeometry | undefined {
  const [x, filter] = [filled4D(xShape), filled4D(filterShape)]
  if (dataFormat !== 'NHWC' || !x || !filter || x[3] !== filter[2]) return undefined
  const info = backend_util.computeConv2DInfo(x, filter, strides, dilations, pad, dimRoundingMode, depthwise)
  const outShape = filled4D(info.outShape)
  if (!outShape) return undefined
  const { padInfo } = info
  return {
    outShape,
    sizes: {
      batch: info.batchSize,
      inHeight: info.inHeight,
      inWidth: info.inWidth,
      inChannels: info.inChannels,
      outHeight: info.outHeight,
      outWidth: info.outWidth,
      outChannels: info.outChannels,
      filterHeight: info.filterHeight,
      filterWidth: info.filterWidth,
      strideHeight: info.strideHeight,
      strideWidth: info.strideWidth,
      dilationHeight: info.dilationHeight,
      dilationWidth: info.dilationWidth,
      padTop: padInfo.top,
      padLeft: padInfo.left,
      inDepth: 1,
      outDepth: 1,
      filterDepth: 1,
      strideDepth: 1,
      dilationDepth: 1,
      padFront: 0,
    },
  }
}
