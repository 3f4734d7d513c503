/**
 * The convolutional LSTM built of TensorFlow.js ops, step by step: what the kernel must compute, on every backend, differentiable as
 * it is.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { activated, dilatedFilter, perAxis } from '../conv2d/reference.js'
import { cellActivations, gateActivations } from '../sequence/activations.js'
import type { ConvLstm2dArguments, ConvLstm2dResult } from './arguments.js'

export function convLstmReference(args: ConvLstm2dArguments): ConvLstm2dResult {
  const { x, kernel, recurrentKernel, initialState, mask, peepholes, recurrentDropoutMask } = args
  const [batch = 0, steps = 0, rows = 0, columns = 0, channels = 0] = x.shape
  const filters = recurrentKernel.shape[2] ?? 0
  const activate = cellActivations[args.activation]
  const gate = gateActivations[args.recurrentActivation]
  const { strides, pad, dilations } = args
  const taps = dilatedFilter(kernel as tf.Tensor4D, perAxis(dilations, 2))
  const inputs = tf.reshape<tf.Rank.R4>(x, [batch * steps, rows, columns, channels])
  const frames = activated(tf.conv2d(inputs, taps, strides, pad), args.bias ?? null, 'linear')
  const [, height = 0, width = 0] = frames.shape
  const projected = tf.reshape(frames, [batch, steps, height, width, 4 * filters])
  const state = [batch, height, width, filters]
  const kept = mask && tf.reshape(tf.cast(mask, 'float32'), [batch, steps, 1, 1, 1])
  const at = (sequence: tf.Tensor, t: number) => tf.squeeze(tf.slice(sequence, [0, t], [-1, 1]), [1])
  const part = (whole: tf.Tensor, index: number) =>
    tf.slice(whole, [...Array<number>(whole.rank - 1).fill(0), index * filters], [...whole.shape.slice(0, -1), filters])
  const peep = (z: tf.Tensor, index: number, cell: tf.Tensor) =>
    peepholes ? tf.add(z, tf.mul(part(peepholes, index), cell)) : z

  let h: tf.Tensor = initialState?.[0] ?? tf.zeros(state)
  let c: tf.Tensor = initialState?.[1] ?? tf.zeros(state)
  let output: tf.Tensor = tf.zeros(state)
  const outputs: tf.Tensor[] = []
  for (let s = 0; s < steps; s++) {
    const t = args.goBackwards ? steps - 1 - s : s
    const recurrent = recurrentDropoutMask ? tf.mul(h, recurrentDropoutMask) : h
    const z = tf.add(at(projected, t), tf.conv2d(recurrent as tf.Tensor4D, recurrentKernel as tf.Tensor4D, 1, 'same'))
    const input = tf.mul(gate(peep(part(z, 0), 0, c)), activate(part(z, 2)))
    const newC = tf.add(tf.mul(gate(peep(part(z, 1), 1, c)), c), input)
    const newH = tf.mul(gate(peep(part(z, 3), 2, newC)), activate(newC))
    if (kept) {
      const keep = at(kept, t) // [B, 1, 1, 1]
      const blend = (now: tf.Tensor, before: tf.Tensor) => tf.add(tf.mul(now, keep), tf.mul(before, tf.sub(1, keep)))
      output = blend(newH, output)
      h = blend(newH, h)
      c = blend(newC, c)
    } else {
      output = h = newH
      c = newC
    }
    outputs[t] = output
  }
  if (args.returnSequences) output = steps > 0 ? tf.stack(outputs, 1) : tf.zeros([batch, 0, height, width, filters])
  return { output, lastHidden: tf.reshape(h, state), lastCell: tf.reshape(c, state) }
}
