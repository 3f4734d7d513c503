/**
 * LSTM over a whole sequence, in one call each way, in one direction or both.
 *
 * With gates in Keras's order i, f, c, o along 4U and optional peepholes p:
 * `z = (x_t ∘ dropout) W + (h_{t-1} ∘ recurrentDropout) U + b`,
 * `i = σ(z_i + p_i c_{t-1})`, `f = σ(z_f + p_f c_{t-1})`, `c_t = f c_{t-1} + i φ(z_c)`, `o = σ(z_o + p_o c_t)`, `h_t = o φ(c_t)`.
 *
 * A masked step leaves the state as it is and repeats the last output (zeros before the first kept step), as Keras does. Going
 * backwards, the output at t still belongs to the input at t: nothing is reversed.
 *
 * @see Hochreiter and Schmidhuber 1997; Gers et al. 2000 for the forget gate; Gers and Schmidhuber 2000, "Recurrent nets that time and
 * count", for peepholes; Gal and Ghahramani 2016 for dropout fixed over time; Schuster and Paliwal 1997 for both directions.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { hasKernel } from '../executor.js'
import { runListed } from '../listed-inputs.js'
import { shapeCheck } from '../shape-error.js'
import { kernelNames, type LstmKernelAttrs, prefixes } from './kernels.js'
import { lstmReference } from './reference.js'
import type {
  LstmCall,
  LstmDirection,
  LstmResult,
  LstmOptions,
  LstmSequenceOptions,
  BidirectionalLstmResult,
} from './arguments.js'

const expect = shapeCheck('lstm')

/**
 * The LSTM of this room's head, in one direction.
 *
 * Shapes: `x` [B, T, D], `kernel` [D, 4U], `recurrentKernel` [U, 4U], `bias` [4U] or null → output [B, T, U] or [B, U].
 * @throws ShapeError naming the argument that does not fit.
 */
export function lstm(
  x: tf.Tensor,
  kernel: tf.Tensor,
  recurrentKernel: tf.Tensor,
  bias: tf.Tensor | null,
  options: LstmOptions = {},
): LstmResult {
  return tf.tidy(() => {
    const direction = { ...options, kernel, recurrentKernel, bias: bias ?? undefined }
    const [output, lastHidden, lastCell] = run(checked(x, [direction], options, options.goBackwards))
    if (!output || !lastHidden || !lastCell) throw new Error('lstm: too few outputs')
    return { output, lastHidden, lastCell }
  })
}

/**
 * Both directions over the same input in one call. The outputs of a step stand side by side, and both belong to its input.
 *
 * Shapes: `x` [B, T, D] → output [B, T, 2U] or [B, 2U].
 * @throws ShapeError naming the argument that does not fit.
 */
export function bidirectionalLstm(
  x: tf.Tensor,
  forward: LstmDirection,
  backward: LstmDirection,
  options: LstmSequenceOptions = {},
): BidirectionalLstmResult {
  return tf.tidy(() => {
    const [output, hidden, cell, backHidden, backCell] = run(checked(x, [forward, backward], options, false))
    if (!output || !hidden || !cell || !backHidden || !backCell) throw new Error('lstm: too few outputs')
    return {
      output,
      states: [
        [hidden, cell],
        [backHidden, backCell],
      ] satisfies BidirectionalLstmResult['states'],
    }
  })
}

/** The output, then each direction's hidden and cell state. */
function run(call: LstmCall): tf.Tensor[] {
  const kernelName = call.directions.length === 1 ? kernelNames.single : kernelNames.both
  if (!hasKernel(kernelName)) return references(call)
  const named: Record<string, tf.Tensor | undefined> = { x: call.x, mask: call.mask }
  call.directions.forEach((direction, i) => {
    const prefix = prefixes[i] ?? ''
    const { initialState, ...own } = direction
    named[`${prefix}kernel`] = own.kernel
    named[`${prefix}recurrentKernel`] = own.recurrentKernel
    named[`${prefix}bias`] = own.bias
    named[`${prefix}peepholes`] = own.peepholes
    named[`${prefix}initialHidden`] = initialState?.[0]
    named[`${prefix}initialCell`] = initialState?.[1]
    named[`${prefix}dropoutMask`] = own.dropoutMask
    named[`${prefix}recurrentDropoutMask`] = own.recurrentDropoutMask
  })
  const { returnSequences, goBackwards, activation, recurrentActivation } = call
  const attrs: LstmKernelAttrs = { returnSequences, goBackwards, activation, recurrentActivation }
  return runListed(kernelName, named, attrs)
}

function references(call: LstmCall): tf.Tensor[] {
  const results = call.directions.map((_, i) => lstmReference(call, i))
  const outputs = results.map(({ output }) => output)
  const [first] = outputs
  return [
    outputs.length === 1 && first ? first : tf.concat(outputs, -1),
    ...results.flatMap(({ lastHidden, lastCell }) => [lastHidden, lastCell]),
  ]
}

function checked(
  x: tf.Tensor,
  directions: readonly LstmDirection[],
  options: LstmSequenceOptions,
  goBackwards = false,
): LstmCall {
  expect('x', x, ['B', 'T', 'D'])
  const [batch = 0, steps = 0, features = 0] = x.shape
  expect('mask', options.mask, [batch, steps])
  for (const { kernel, recurrentKernel, bias, ...own } of directions) {
    expect('recurrentKernel', recurrentKernel, ['U', '4U'])
    const units = recurrentKernel.shape[0] ?? 0
    expect('recurrentKernel', recurrentKernel, [units, 4 * units])
    expect('kernel', kernel, [features, 4 * units])
    expect('bias', bias, [4 * units])
    expect('peepholes', own.peepholes, [3, units])
    expect('initialState[0]', own.initialState?.[0], [batch, units])
    expect('initialState[1]', own.initialState?.[1], [batch, units])
    expect('dropoutMask', own.dropoutMask, [batch, features])
    expect('recurrentDropoutMask', own.recurrentDropoutMask, [batch, units])
  }
  return {
    x: x.dtype === 'float32' ? x : tf.cast(x, 'float32'),
    mask: options.mask,
    directions,
    returnSequences: options.returnSequences ?? false,
    goBackwards,
    activation: options.activation ?? 'tanh',
    recurrentActivation: options.recurrentActivation ?? 'sigmoid',
  }
}
