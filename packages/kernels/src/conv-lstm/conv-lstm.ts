/**
 * Convolutional LSTM over a whole sequence of images, in one call each way: an LSTM whose products are convolutions.
 *
 * With gates in Keras's order i, f, c, o along 4F and * for convolution:
 * `z = (x_t ∘ dropout) * W + (h_{t-1} ∘ recurrentDropout) * U + b`,
 * `c_t = σ(z_f + p_f ∘ c_{t-1}) c_{t-1} + σ(z_i + p_i ∘ c_{t-1}) φ(z_c)`, `h_t = σ(z_o + p_o ∘ c_t) φ(c_t)`,
 * the peepholes p only where they are given. The state's convolution has stride 1 and keeps its size.
 *
 * A masked step leaves the state as it is and repeats the last output (zeros before the first kept step), as Keras does. Going
 * backwards, the output at t still belongs to the input at t: nothing is reversed.
 *
 * @see Shi et al. 2015, arXiv:1506.04214, equation 3; Keras's ConvLSTM2D is the same without peepholes.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { hasKernel } from '../executor.js'
import { type ConvSizes, convSizesOf } from '../conv2d/shape.js'
import { runListed } from '../listed-inputs.js'
import { ShapeError, shapeCheck } from '../shape-error.js'
import { convLstmReference } from './reference.js'
import type { ConvLstm2dArguments, ConvLstm2dOptions, ConvLstm2dResult } from './arguments.js'

export const CONV_LSTM = 'ConvLstm2DSequence'
const expect = shapeCheck('convLstm2d')

/**
 * The convolutional LSTM of this room's head.
 *
 * Shapes: `x` [B, T, H, W, C], `kernel` [K, L, C, 4F], `recurrentKernel` [K, L, F, 4F], `bias` [4F] or null → output
 * [B, T, H', W', F] or [B, H', W', F], H' and W' as `conv2d` gives for `x`.
 * @throws ShapeError naming the argument that does not fit.
 */
export function convLstm2d(
  x: tf.Tensor,
  kernel: tf.Tensor,
  recurrentKernel: tf.Tensor,
  bias: tf.Tensor | null,
  options: ConvLstm2dOptions = {},
): ConvLstm2dResult {
  return tf.tidy(() => {
    const { args, sizes } = checked(x, kernel, recurrentKernel, bias, options)
    const fused = sizes && hasKernel(CONV_LSTM)
    return { ...(fused ? runKernel(args) : convLstmReference(args)) }
  })
}

function runKernel(args: ConvLstm2dArguments): ConvLstm2dResult {
  const { strides, pad, dilations, activation, recurrentActivation } = args
  const [output, lastHidden, lastCell] = runListed(
    CONV_LSTM,
    {
      x: args.x,
      kernel: args.kernel,
      recurrentKernel: args.recurrentKernel,
      bias: args.bias,
      peepholes: args.peepholes,
      initialHidden: args.initialState?.[0],
      initialCell: args.initialState?.[1],
      mask: args.mask,
      recurrentDropoutMask: args.recurrentDropoutMask,
    },
    {
      strides,
      pad,
      dilations,
      activation,
      recurrentActivation,
      returnSequences: args.returnSequences ?? false,
      goBackwards: args.goBackwards ?? false,
    },
  )
  if (!output || !lastHidden || !lastCell) throw new Error('convLstm2d: the kernel returned too few outputs')
  return { output, lastHidden, lastCell }
}

/** The arguments with their defaults; no sizes where a tensor that is not a batch or a sequence is empty. */
function checked(
  x: tf.Tensor,
  kernel: tf.Tensor,
  recurrentKernel: tf.Tensor,
  bias: tf.Tensor | null,
  options: ConvLstm2dOptions,
): { args: ConvLstm2dArguments; sizes: ConvSizes | undefined } {
  const { strides = 1, pad = 'valid', dilations = 1 } = options
  expect('x', x, ['B', 'T', 'H', 'W', 'C'])
  const [batch = 0, steps = 0, height = 0, width = 0, channels = 0] = x.shape
  expect('recurrentKernel', recurrentKernel, ['K', 'L', 'F', '4F'])
  const [rows = 0, cols = 0, filters = 0] = recurrentKernel.shape
  expect('recurrentKernel', recurrentKernel, [rows, cols, filters, 4 * filters])
  expect('kernel', kernel, [rows, cols, channels, 4 * filters])
  expect('bias', bias, [4 * filters])
  const [, outHeight = 0, outWidth = 0] = tf.backend_util.computeConv2DInfo(
    [1, height, width, channels],
    [rows, cols, channels, 4 * filters],
    strides,
    dilations,
    pad,
  ).outShape
  if (outHeight < 1 || outWidth < 1)
    throw new ShapeError(
      `convLstm2d: expected at least one window of [${rows}, ${cols}] in x, received images of [${height}, ${width}]`,
    )
  const state = [batch, outHeight, outWidth, filters]
  expect('peepholes', options.peepholes, [outHeight, outWidth, 3 * filters])
  expect('initialState[0]', options.initialState?.[0], state)
  expect('initialState[1]', options.initialState?.[1], state)
  expect('mask', options.mask, [batch, steps])
  expect('dropoutMask', options.dropoutMask, [batch, height, width, channels])
  expect('recurrentDropoutMask', options.recurrentDropoutMask, state)
  const input = x.dtype === 'float32' ? x : tf.cast(x, 'float32')
  const args = {
    ...options,
    strides,
    pad,
    dilations,
    activation: options.activation ?? 'tanh',
    recurrentActivation: options.recurrentActivation ?? 'sigmoid',
    x: options.dropoutMask ? tf.mul(input, tf.expandDims(options.dropoutMask, 1)) : input,
    kernel,
    recurrentKernel,
    bias: bias ?? undefined,
  } as const
  return { args, sizes: convSizesOf([1, height, width, channels], kernel.shape, args)?.sizes }
}
