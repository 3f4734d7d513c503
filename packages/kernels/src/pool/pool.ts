/**
 * Pooling over images, channels last: TensorFlow.js's `MaxPool`, `AvgPool` and their gradients.
 *
 * A mean divides by the pixels that a window has inside the image, and so does its gradient (that of TensorFlow.js's `cpu` divides by
 * the whole window, which is wrong at padded borders).
 */
import * as tf from '@tensorflow/tfjs-core'
import { nativeFunction } from '../binding.js'
import { overrideKernel } from '../kernel.js'

const sizes = [
  ...(['batch', 'inHeight', 'inWidth', 'channels', 'outHeight', 'outWidth'] as const),
  ...(['filterHeight', 'filterWidth', 'strideHeight', 'strideWidth', 'padTop', 'padLeft'] as const),
] as const

const poolNative = nativeFunction('pool', ['x', 'out'], [...sizes, 'mean'])
const maxGradientNative = nativeFunction('max_pool_gradient', ['x', 'dy', 'dx'], sizes)
const averageGradientNative = nativeFunction('average_pool_gradient', ['dy', 'dx'], sizes)

type PoolAttrs = Pick<tf.MaxPoolAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode'>

function shapeOf(shape: readonly number[], attrs: PoolAttrs, outShape?: readonly number[]) {
  const [batch = 0, inHeight = 0, inWidth = 0, channels = 0] = shape
  if (shape.length !== 4 || batch * inHeight * inWidth * channels === 0) return undefined
  const x: [number, number, number, number] = [batch, inHeight, inWidth, channels]
  const { filterSize, strides, pad, dimRoundingMode } = attrs
  const info = tf.backend_util.computePool2DInfo(x, filterSize, strides, 1, pad, dimRoundingMode)
  // The gradients' attributes lack the rounding mode: the output tells.
  const [, outHeight = 0, outWidth = 0] = outShape ?? info.outShape
  if (outHeight < 1 || outWidth < 1) return undefined
  return {
    outShape: [batch, outHeight, outWidth, channels],
    sizes: {
      batch,
      inHeight,
      inWidth,
      channels,
      outHeight,
      outWidth,
      filterHeight: info.filterHeight,
      filterWidth: info.filterWidth,
      strideHeight: info.strideHeight,
      strideWidth: info.strideWidth,
      padTop: info.padInfo.top,
      padLeft: info.padInfo.left,
    },
  }
}

const pool = (kernelName: string, mean: boolean) =>
  overrideKernel<{ x: tf.TensorInfo }, PoolAttrs>({
    kernelName,
    run({ inputs: { x }, attrs, backend }) {
      const shape = x.dtype === 'float32' ? shapeOf(x.shape, attrs) : undefined
      if (!shape) return undefined
      const out = backend.allocate(shape.outShape)
      poolNative({ x: backend.array(x), out: backend.array(out), ...shape.sizes, mean })
      return out
    },
  })

const maxPoolGrad = overrideKernel<{ dy: tf.TensorInfo; input: tf.TensorInfo; output: tf.TensorInfo }, PoolAttrs>({
  kernelName: 'MaxPoolGrad',
  run({ inputs: { dy, input }, attrs, backend }) {
    const shape = input.dtype === 'float32' && dy.dtype === 'float32' && shapeOf(input.shape, attrs, dy.shape)
    if (!shape) return undefined
    const dx = backend.allocate(input.shape)
    maxGradientNative({ x: backend.array(input), dy: backend.array(dy), dx: backend.array(dx), ...shape.sizes })
    return dx
  },
})

const avgPoolGrad = overrideKernel<{ dy: tf.TensorInfo; input: tf.TensorInfo }, PoolAttrs>({
  kernelName: 'AvgPoolGrad',
  run({ inputs: { dy, input }, attrs, backend }) {
    const shape = dy.dtype === 'float32' && shapeOf(input.shape, attrs, dy.shape)
    if (!shape) return undefined
    const dx = backend.allocate(input.shape)
    averageGradientNative({ dy: backend.array(dy), dx: backend.array(dx), ...shape.sizes })
    return dx
  },
})

export const poolKernels = [pool('MaxPool', false), pool('AvgPool', true), maxPoolGrad, avgPoolGrad]
