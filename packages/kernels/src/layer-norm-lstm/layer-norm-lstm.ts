/**
 * Layer-normalised LSTM over a whole sequence, in one call each way.
 *
 * With N(z) = (z - mean) / √(variance + ε) over a row, and gates in Keras's order i, f, c, o along 4U:
 * `z = γ_x N((x_t ∘ dropout) W) + γ_h N((h_{t-1} ∘ recurrentDropout) U) + b`,
 * `c' = σ(z_f) c_{t-1} + σ(z_i) φ(z_c)`, `n = γ_c N(c') + β_c`, `h_t = σ(z_o) φ(n)`.
 *
 * What the next step gets as `c_t` is `n`, as in TensorFlow Addons' LayerNormLSTMCell, or `c'`, as in the paper. Shifts of the first
 * two norms would only be added to the bias: add them to it. Masks and directions are as in `lstm`.
 *
 * @see Ba, Kiros and Hinton 2016, arXiv:1607.06450, supplementary material, equations 20 to 22.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { hasKernel } from '../executor.js'
import type { LstmResult } from '../lstm/arguments.js'
import { runListed } from '../listed-inputs.js'
import { shapeCheck } from '../shape-error.js'
import { KERNEL_NAME } from './kernels.js'
import { layerNormLstmReference } from './reference.js'
import type { LayerNormLstmArguments, LayerNormLstmOptions } from './arguments.js'

const expect = shapeCheck('layerNormLstm')

/**
 * The layer-normalised LSTM of this room's head.
 *
 * Shapes: `x` [B, T, D], `kernel` [D, 4U], `recurrentKernel` [U, 4U], `bias` [4U] or null → output [B, T, U] or [B, U].
 * @throws ShapeError naming the argument that does not fit.
 */
export function layerNormLstm(
  x: tf.Tensor,
  kernel: tf.Tensor,
  recurrentKernel: tf.Tensor,
  bias: tf.Tensor | null,
  options: LayerNormLstmOptions,
): LstmResult {
  return tf.tidy(() => {
    const args = checked(x, kernel, recurrentKernel, bias, options)
    return { ...(hasKernel(KERNEL_NAME) ? runKernel(args) : layerNormLstmReference(args)) }
  })
}

function runKernel(args: LayerNormLstmArguments): LstmResult {
  const [output, lastHidden, lastCell] = runListed(
    KERNEL_NAME,
    {
      x: args.x,
      kernel: args.kernel,
      recurrentKernel: args.recurrentKernel,
      bias: args.bias,
      kernelGamma: args.kernelGamma,
      recurrentGamma: args.recurrentGamma,
      stateGamma: args.stateGamma,
      stateBeta: args.stateBeta,
      initialHidden: args.initialState?.[0],
      initialCell: args.initialState?.[1],
      mask: args.mask,
      dropoutMask: args.dropoutMask,
      recurrentDropoutMask: args.recurrentDropoutMask,
    },
    {
      returnSequences: args.returnSequences ?? false,
      goBackwards: args.goBackwards ?? false,
      activation: args.activation,
      recurrentActivation: args.recurrentActivation,
      epsilon: args.epsilon,
      normalizedCarry: args.normalizedCarry,
    },
  )
  if (!output || !lastHidden || !lastCell) throw new Error('layerNormLstm: the kernel returned too few outputs')
  return { output, lastHidden, lastCell }
}

function checked(
  x: tf.Tensor,
  kernel: tf.Tensor,
  recurrentKernel: tf.Tensor,
  bias: tf.Tensor | null,
  options: LayerNormLstmOptions,
): LayerNormLstmArguments {
  expect('x', x, ['B', 'T', 'D'])
  const [batch = 0, steps = 0, features = 0] = x.shape
  expect('recurrentKernel', recurrentKernel, ['U', '4U'])
  const units = recurrentKernel.shape[0] ?? 0
  expect('recurrentKernel', recurrentKernel, [units, 4 * units])
  expect('kernel', kernel, [features, 4 * units])
  expect('bias', bias, [4 * units])
  expect('kernelGamma', options.kernelGamma, [4 * units])
  expect('recurrentGamma', options.recurrentGamma, [4 * units])
  expect('stateGamma', options.stateGamma, [units])
  expect('stateBeta', options.stateBeta, [units])
  expect('initialState[0]', options.initialState?.[0], [batch, units])
  expect('initialState[1]', options.initialState?.[1], [batch, units])
  expect('mask', options.mask, [batch, steps])
  expect('dropoutMask', options.dropoutMask, [batch, features])
  expect('recurrentDropoutMask', options.recurrentDropoutMask, [batch, units])
  return {
    ...options,
    activation: options.activation ?? 'tanh',
    recurrentActivation: options.recurrentActivation ?? 'sigmoid',
    epsilon: options.epsilon ?? 1e-3,
    normalizedCarry: options.normalizedCarry ?? true,
    x: x.dtype === 'float32' ? x : tf.cast(x, 'float32'),
    kernel,
    recurrentKernel,
    bias: bias ?? undefined,
  }
}
