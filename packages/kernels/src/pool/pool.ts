/**
 * Pooling over images and volumes, channels last: TensorFlow.js's `MaxPool`, `AvgPool`, `MaxPool3D`, `AvgPool3D` and their gradients. An
 * image is a volume of one plane.
 *
 * A mean divides by the pixels that a window has inside the image, and so does its gradient (that of TensorFlow.js's `cpu` divides by
 * the whole window, which is wrong at padded borders).
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry } from '../executor.js'
import { filled4D } from '../conv2d/shape.js'
import { filled5D } from '../conv3d/conv3d.js'
import { type Kernel, overrideKernel } from '../kernel.js'

const sizes = [
  ...(['batch', 'inHeight', 'inWidth', 'channels', 'outHeight', 'outWidth'] as const),
  ...(['filterHeight', 'filterWidth', 'strideHeight', 'strideWidth', 'padTop', 'padLeft'] as const),
  ...(['inDepth', 'outDepth', 'filterDepth', 'strideDepth', 'padFront'] as const),
] as const

const poolEntry = entry('pool', ['x', 'out'], [...sizes, 'mean'])
const maxGradientEntry = entry('max_pool_gradient', ['x', 'dy', 'dx'], sizes)
const averageGradientEntry = entry('average_pool_gradient', ['dy', 'dx'], sizes)

type PoolAttrs = Pick<tf.MaxPoolAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode'>
type Pool3dAttrs = Pick<tf.MaxPool3DAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode' | 'dataFormat'>

interface Geometry {
  outShape: number[]
  sizes: Record<(typeof sizes)[number], number>
}
/** Sizes and output shape; `undefined` for what the C++ does not serve: channels first, and empty tensors. */
type GeometryOf<A> = (shape: readonly number[], attrs: A, outShape?: readonly number[]) => Geometry | undefined

const imageGeometry: GeometryOf<PoolAttrs> = (shape, attrs, given) => {
  const x = filled4D(shape)
  if (!x) return undefined
  const { filterSize, strides, pad, dimRoundingMode } = attrs
  const info = tf.backend_util.computePool2DInfo(x, filterSize, strides, 1, pad, dimRoundingMode)
  // The gradients' attributes lack the rounding mode: the output tells.
  const outShape = filled4D(given ?? info.outShape)
  return (
    outShape && {
      outShape,
      sizes: {
        batch: x[0],
        inHeight: x[1],
        inWidth: x[2],
        channels: x[3],
        outHeight: outShape[1],
        outWidth: outShape[2],
        filterHeight: info.filterHeight,
        filterWidth: info.filterWidth,
        strideHeight: info.strideHeight,
        strideWidth: info.strideWidth,
        padTop: info.padInfo.top,
        padLeft: info.padInfo.left,
        inDepth: 1,
        outDepth: 1,
        filterDepth: 1,
        strideDepth: 1,
        padFront: 0,
      },
    }
  )
}

const volumeGeometry: GeometryOf<Pool3dAttrs> = (shape, attrs, given) => {
  const x = filled5D(shape)
  // TensorFlow.js's types say NDHWC or NCDHW; its gradients leave it out, where their kernels are NDHWC.
  if (!x || attrs.dataFormat === 'NCDHW') return undefined
  const { filterSize, strides, pad, dimRoundingMode } = attrs
  const info = tf.backend_util.computePool3DInfo(x, filterSize, strides, 1, pad, dimRoundingMode)
  const outShape = filled5D(given ?? info.outShape)
  return (
    outShape && {
      outShape,
      sizes: {
        batch: x[0],
        inDepth: x[1],
        inHeight: x[2],
        inWidth: x[3],
        channels: x[4],
        outDepth: outShape[1],
        outHeight: outShape[2],
        outWidth: outShape[3],
        filterDepth: info.filterDepth,
        filterHeight: info.filterHeight,
        filterWidth: info.filterWidth,
        strideDepth: info.strideDepth,
        strideHeight: info.strideHeight,
        strideWidth: info.strideWidth,
        padFront: info.padInfo.front,
        padTop: info.padInfo.top,
        padLeft: info.padInfo.left,
      },
    }
  )
}

const pool = <A extends object>(kernelName: string, mean: boolean, geometryOf: GeometryOf<A>) =>
  overrideKernel<{ x: tf.TensorInfo }, A>({
    kernelName,
    entries: [poolEntry],
    run({ inputs: { x }, attrs, executor }) {
      const shape = x.dtype === 'float32' ? geometryOf(x.shape, attrs) : undefined
      if (!shape) return undefined
      const out = executor.allocate(shape.outShape)
      executor.run(poolEntry, { x: executor.floats(x), out: executor.floats(out), ...shape.sizes, mean })
      return out
    },
  })

const maxGrad = <A extends object>(kernelName: string, geometryOf: GeometryOf<A>) =>
  overrideKernel<{ dy: tf.TensorInfo; input: tf.TensorInfo }, A>({
    kernelName,
    entries: [maxGradientEntry],
    run({ inputs: { dy, input }, attrs, executor }) {
      const float = input.dtype === 'float32' && dy.dtype === 'float32'
      const shape = float ? geometryOf(input.shape, attrs, dy.shape) : undefined
      if (!shape) return undefined
      const dx = executor.allocate(input.shape)
      executor.run(maxGradientEntry, {
        x: executor.floats(input),
        dy: executor.floats(dy),
        dx: executor.floats(dx),
        ...shape.sizes,
      })
      return dx
    },
  })

const averageGrad = <A extends object>(kernelName: string, geometryOf: GeometryOf<A>) =>
  overrideKernel<{ dy: tf.TensorInfo; input: tf.TensorInfo }, A>({
    kernelName,
    entries: [averageGradientEntry],
    run({ inputs: { dy, input }, attrs, executor }) {
      const shape = dy.dtype === 'float32' ? geometryOf(input.shape, attrs, dy.shape) : undefined
      if (!shape) return undefined
      const dx = executor.allocate(input.shape)
      executor.run(averageGradientEntry, { dy: executor.floats(dy), dx: executor.floats(dx), ...shape.sizes })
      return dx
    },
  })

export const poolKernels: readonly Kernel[] = [
  pool('MaxPool', false, imageGeometry),
  pool('AvgPool', true, imageGeometry),
  maxGrad('MaxPoolGrad', imageGeometry),
  averageGrad('AvgPoolGrad', imageGeometry),
  pool('MaxPool3D', false, volumeGeometry),
  pool('AvgPool3D', true, volumeGeometry),
  maxGrad('MaxPool3DGrad', volumeGeometry),
  averageGrad('AvgPool3DGrad', volumeGeometry),
]
