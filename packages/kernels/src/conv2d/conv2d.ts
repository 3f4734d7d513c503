/**
 * Convolution over images, channels last: the four kernels of TensorFlow.js, and `conv2d`, our op with bias and activation in one pass
 * each way (TensorFlow.js fuses them in inference only, and has no gradient of a dilated convolution).
 *
 * `y[b, i, j, f] = φ(Σ x[b, i·stride + k·dilation - pad, …, c] · filter[k, l, c, f] + bias[f])`
 *
 * The kernels are native/conv.h; channels first and empty tensors are left to TensorFlow.js's own.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { NativeBackend } from '../backend.js'
import { nativeFunction } from '../binding.js'
import { overrideKernel } from '../kernel.js'
import { fusedActivations } from '../matmul/matmul.js'
import { ShapeError } from '../shape-error.js'
import { conv2dReference } from './reference.js'
import { type ConvAttrs, convSizes, convSizesOf, type Padding, type Pair } from './shape.js'

export type ConvActivation = 'linear' | 'relu' | 'sigmoid' | 'tanh' | 'relu6'

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

export const CONV2D = 'Conv2DBiasActivation'

const numbers = [...convSizes, 'activation'] as const
const forwardNative = nativeFunction('conv2d', ['x', 'filter', 'bias', 'out'], numbers)
const filterGradientNative = nativeFunction(
  'conv2d_filter_gradient',
  ['x', 'dy', 'y', 'filterGradient', 'biasGradient'],
  numbers,
)
const inputGradientNative = nativeFunction('conv2d_input_gradient', ['dy', 'y', 'filter', 'inputGradient'], numbers)

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
  const { strides = 1, pad = 'valid', dilations = 1, activation = 'linear' } = options
  const expect = (name: string, tensor: tf.Tensor | null, shape: readonly (number | string)[]) => {
    const fits = tensor?.shape.every((dim, i) => typeof shape[i] === 'string' || dim === shape[i])
    if (tensor && (!fits || tensor.shape.length !== shape.length))
      throw new ShapeError(
        `conv2d: expected shape [${shape.join(', ')}] for ${name}, received [${tensor.shape.join(', ')}]`,
      )
  }
  expect('x', x, ['B', 'H', 'W', 'C'])
  expect('filter', filter, ['K', 'L', x.shape[3] ?? 0, 'F'])
  expect('bias', bias, [filter.shape[3] ?? 0])
  const attrs = { strides, pad, dilations, activation }
  return tf.tidy(() => {
    const input = tf.cast(x, 'float32')
    if (!tf.getKernel(CONV2D, tf.getBackend()) || !convSizesOf(x.shape, filter.shape, attrs))
      return conv2dReference(input, filter, bias, attrs)
    return tf.engine().runKernel(CONV2D, { x: input, filter, ...(bias && { bias }) }, attrs)
  })
}

interface ConvInputs {
  x: tf.TensorInfo
  filter: tf.TensorInfo
  bias?: tf.TensorInfo
  preluActivationWeights?: tf.TensorInfo
}

type FusedAttrs = ConvAttrs & { activation?: string }

const allFloat = (...tensors: (tf.TensorInfo | undefined)[]) =>
  tensors.every((tensor) => tensor === undefined || tensor.dtype === 'float32')

function convolve(backend: NativeBackend, inputs: ConvInputs, attrs: FusedAttrs): tf.TensorInfo | undefined {
  const { x, filter, bias, preluActivationWeights } = inputs
  const shape = convSizesOf(x.shape, filter.shape, attrs)
  const activation = fusedActivations[attrs.activation ?? 'linear']
  if (!shape || activation === undefined || preluActivationWeights || !allFloat(x, filter, bias)) return undefined
  if (bias && tf.util.sizeFromShape(bias.shape) !== shape.sizes.outChannels) return undefined
  const out = backend.allocate(shape.outShape)
  forwardNative({
    x: backend.array(x),
    filter: backend.array(filter),
    bias: bias && backend.array(bias),
    out: backend.array(out),
    ...shape.sizes,
    activation,
  })
  return out
}

interface Gradients {
  filter: tf.TensorInfo
  bias?: tf.TensorInfo
}

/** Gradients of filter and bias; `y`, the output, is needed where there is an activation. */
function filterGradient(
  backend: NativeBackend,
  { x, dy, y }: { x: tf.TensorInfo; dy: tf.TensorInfo; y?: tf.TensorInfo },
  attrs: FusedAttrs & { filterShape: number[] },
  withBias: boolean,
): Gradients | undefined {
  const shape = convSizesOf(x.shape, attrs.filterShape, attrs)
  if (!shape || !allFloat(x, dy, y) || !tf.util.arraysEqual(dy.shape, shape.outShape)) return undefined
  const filter = backend.allocate(attrs.filterShape)
  const bias = withBias ? backend.allocate([shape.sizes.outChannels]) : undefined
  filterGradientNative({
    x: backend.array(x),
    dy: backend.array(dy),
    y: y && backend.array(y),
    filterGradient: backend.array(filter),
    biasGradient: bias && backend.array(bias),
    ...shape.sizes,
    activation: fusedActivations[attrs.activation ?? 'linear'] ?? 0,
  })
  return { filter, bias }
}

function inputGradient(
  backend: NativeBackend,
  { dy, y, filter }: { dy: tf.TensorInfo; y?: tf.TensorInfo; filter: tf.TensorInfo },
  attrs: FusedAttrs & { inputShape: number[] },
): tf.TensorInfo | undefined {
  const shape = convSizesOf(attrs.inputShape, filter.shape, attrs)
  if (!shape || !allFloat(dy, y, filter) || !tf.util.arraysEqual(dy.shape, shape.outShape)) return undefined
  const out = backend.allocate(attrs.inputShape)
  inputGradientNative({
    dy: backend.array(dy),
    y: y && backend.array(y),
    filter: backend.array(filter),
    inputGradient: backend.array(out),
    ...shape.sizes,
    activation: fusedActivations[attrs.activation ?? 'linear'] ?? 0,
  })
  return out
}

const conv2dKernel = overrideKernel<ConvInputs, ConvAttrs>({
  kernelName: 'Conv2D',
  run: ({ inputs, attrs, backend }) => convolve(backend, inputs, attrs),
})

const fusedConv2dKernel = overrideKernel<ConvInputs, FusedAttrs>({
  kernelName: 'FusedConv2D',
  run: ({ inputs, attrs, backend }) => convolve(backend, inputs, attrs),
})

const conv2dBackpropFilterKernel = overrideKernel<
  { x: tf.TensorInfo; dy: tf.TensorInfo },
  ConvAttrs & { filterShape: number[] }
>({
  kernelName: 'Conv2DBackpropFilter',
  run: ({ inputs, attrs, backend }) => filterGradient(backend, inputs, attrs, false)?.filter,
})

const conv2dBackpropInputKernel = overrideKernel<
  { dy: tf.TensorInfo; filter: tf.TensorInfo },
  ConvAttrs & { inputShape: number[] }
>({
  kernelName: 'Conv2DBackpropInput',
  run: ({ inputs, attrs, backend }) => inputGradient(backend, inputs, attrs),
})

const conv2dBiasActivationKernel = overrideKernel<ConvInputs, FusedAttrs>({
  kernelName: CONV2D,
  run: ({ inputs, attrs, backend }) => convolve(backend, inputs, attrs),
})

/** Gradients of filter and bias, from that of the activation's output. */
const conv2dBiasActivationGradKernel = overrideKernel<
  { x: tf.TensorInfo; dy: tf.TensorInfo; y: tf.TensorInfo },
  FusedAttrs & { filterShape: number[] }
>({
  kernelName: `${CONV2D}Grad`,
  run({ inputs, attrs, backend }) {
    const { filter, bias } = filterGradient(backend, inputs, attrs, true) ?? {}
    return filter && bias && [filter, bias]
  },
})

const conv2dBiasActivationInputGradKernel = overrideKernel<
  { dy: tf.TensorInfo; y: tf.TensorInfo; filter: tf.TensorInfo },
  FusedAttrs & { inputShape: number[] }
>({
  kernelName: `${CONV2D}InputGrad`,
  run: ({ inputs, attrs, backend }) => inputGradient(backend, inputs, attrs),
})

export const conv2dKernels = [
  conv2dKernel,
  fusedConv2dKernel,
  conv2dBackpropFilterKernel,
  conv2dBackpropInputKernel,
  conv2dBiasActivationKernel,
  conv2dBiasActivationGradKernel,
  conv2dBiasActivationInputGradKernel,
]
