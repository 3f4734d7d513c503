/**
 * The GRU built of TensorFlow.js ops, step by step: what the kernel must compute, on every backend, differentiable as it is.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { type HiddenStateResult, hiddenStateReference } from '../sequence/hidden-state.js'
import { cellActivations, gateActivations } from '../sequence/activations.js'
import type { GruArguments } from './arguments.js'

export function gruReference(args: GruArguments): HiddenStateResult {
  const { kernel, recurrentKernel, bias, resetAfter } = args
  const units = recurrentKernel.shape[0] ?? 0
  const activate = cellActivations[args.activation]
  const gate = gateActivations[args.recurrentActivation]
  const columns = (tensor: tf.Tensor, from: number, gates: number): tf.Tensor2D =>
    tf.reshape(tf.slice(tensor, [0, from * units], [-1, gates * units]), [tensor.shape[0] ?? 0, gates * units])
  const biases = bias && tf.reshape(bias, [-1, 3 * units]) // [1 or 2, 3U]
  const withBias = (row: number, from: number, gates: number, product: tf.Tensor2D): tf.Tensor2D =>
    biases ? tf.add(product, tf.reshape(columns(tf.slice(biases, [row, 0], [1, -1]), from, gates), [-1])) : product

  const matrix = columns(kernel, 0, 3)
  return hiddenStateReference(args, (input, recurrent, h) => {
    const fromInput = withBias(0, 0, 3, tf.matMul(input, matrix)) // [B, 3U]
    const both: tf.Tensor2D = tf.matMul(recurrent, columns(recurrentKernel, 0, 2))
    const fromHidden = resetAfter ? withBias(1, 0, 2, both) : both // [B, 2U]
    const gates = gate(tf.add(columns(fromInput, 0, 2), fromHidden))
    const [z, r] = [columns(gates, 0, 1), columns(gates, 1, 1)]
    const candidateKernel = columns(recurrentKernel, 2, 1)
    const product: tf.Tensor = resetAfter
      ? tf.mul(r, withBias(1, 2, 1, tf.matMul(recurrent, candidateKernel)))
      : tf.matMul(tf.mul<tf.Tensor2D>(r, recurrent), candidateKernel)
    const candidate = activate(tf.add(columns(fromInput, 2, 1), product))
    return tf.add(candidate, tf.mul(z, tf.sub(h, candidate)))
  })
}
