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
import * as tf from '@tensorflow/tfjs-core'
import { hasKernel } from '../executor.js'
import { type LstmOptions, type LstmResult } from '../lstm/lstm.js'
import { runListed } from '../listed-inputs.js'
import type { CellActivation, GateActivation } from '../sequence/activations.js'
import { shapeCheck } from '../shape-error.js'
import { KERNEL_NAME } from './kernels.js'
import { layerNormLstmReference } from './reference.js'

/** Scales of the three norms, and the shift of the cell's. */
export interface LayerNormLstmNorms {
  /** γ_x [4U], of x W. */
  kernelGamma: tf.Tensor
  /** γ_h [4U], of h U. */
  recurrentGamma: tf.Tensor
  /** γ_c [U], of the cell. */
  stateGamma: tf.Tensor
  /** β_c [U]. */
  stateBeta: tf.Tensor
}

export interface LayerNormLstmOptions extends LstmOptions {
  /** ε; 1e-3 by default. */
  epsilon?: number
  /** Whether the normalised cell is what the next step gets (default), or the cell as it is. */
  normalizedCarry?: boolean
}

export interface LayerNormLstmArguments extends LayerNormLstmOptions {
  x: tf.Tensor
  kernel: tf.Tensor
  recurrentKernel: tf.Tensor
  bias?: tf.Tensor
  norms: LayerNormLstmNorms
  activation: CellActivation
  recurrentActivation: GateActivation
  epsilon: number
  normalizedCarry: boolean
}

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
  norms: LayerNormLstmNorms,
  options: LayerNormLstmOptions = {},
): LstmResult {
  return tf.tidy(() => {
    const args = checked(x, kernel, recurrentKernel, bias, norms, options)
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
      ...args.norms,
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
  { kernelGamma, recurrentGamma, stateGamma, stateBeta }: LayerNormLstmNorms,
  options: LayerNormLstmOptions,
): LayerNormLstmArguments {
  expect('x', x, ['B', 'T', 'D'])
  const [batch = 0, steps = 0, features = 0] = x.shape
  expect('recurrentKernel', recurrentKernel, ['U', '4U'])
  const units = recurrentKernel.shape[0] ?? 0
  expect('recurrentKernel', recurrentKernel, [units, 4 * units])
  expect('kernel', kernel, [features, 4 * units])
  expect('bias', bias, [4 * units])
  expect('kernelGamma', kernelGamma, [4 * units])
  expect('recurrentGamma', recurrentGamma, [4 * units])
  expect('stateGamma', stateGamma, [units])
  expect('stateBeta', stateBeta, [units])
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
    norms: { kernelGamma, recurrentGamma, stateGamma, stateBeta },
  }
}
