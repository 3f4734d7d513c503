/**
 * The layer-normalised LSTM built of TensorFlow.js ops, step by step: what the kernel must compute, on every backend, differentiable
 * as it is.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { layerNorm } from '../layer-norm/layer-norm.js'
import type { LstmResult } from '../lstm/arguments.js'
import { cellActivations, gateActivations } from '../sequence/activations.js'
import type { LayerNormLstmArguments } from './arguments.js'

export function layerNormLstmReference(args: LayerNormLstmArguments): LstmResult {
  const { x, kernel, recurrentKernel, bias, initialState, mask, dropoutMask, recurrentDropoutMask } = args
  const [batch = 0, steps = 0, features = 0] = x.shape
  const units = recurrentKernel.shape[0] ?? 0
  const matrix = tf.reshape(kernel, [features, 4 * units])
  const recurrentMatrix = tf.reshape(recurrentKernel, [units, 4 * units])
  const activate = cellActivations[args.activation]
  const gate = gateActivations[args.recurrentActivation]
  const normalise = (z: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor | null) =>
    layerNorm(z, gamma, beta, { epsilon: args.epsilon })
  const inputs = dropoutMask ? tf.mul(x, tf.expandDims(dropoutMask, 1)) : x
  const kept = mask && tf.cast(mask, 'float32')

  let h: tf.Tensor = initialState?.[0] ?? tf.zeros([batch, units])
  let c: tf.Tensor = initialState?.[1] ?? tf.zeros([batch, units])
  let output: tf.Tensor = tf.zeros([batch, units])
  const outputs: tf.Tensor[] = []
  for (let s = 0; s < steps; s++) {
    const t = args.goBackwards ? steps - 1 - s : s
    const input = tf.reshape(tf.slice(inputs, [0, t, 0], [-1, 1, -1]), [batch, features]) // [B, D]
    const recurrent = recurrentDropoutMask ? tf.mul(h, recurrentDropoutMask) : h
    const z = tf.add(
      normalise(tf.matMul(input, matrix), args.kernelGamma, bias ?? null),
      normalise(tf.matMul(recurrent, recurrentMatrix), args.recurrentGamma, null),
    ) // [B, 4U]
    const part = (index: number) => tf.slice(z, [0, index * units], [-1, units])
    const raw = tf.add(tf.mul(gate(part(1)), c), tf.mul(gate(part(0)), activate(part(2))))
    const scaled = normalise(raw, args.stateGamma, args.stateBeta)
    const newC = args.normalizedCarry ? scaled : raw
    const newH = tf.mul(gate(part(3)), activate(scaled))
    if (kept) {
      const keep = tf.slice(kept, [0, t], [-1, 1]) // [B, 1]
      const blend = (now: tf.Tensor, before: tf.Tensor) => tf.add(tf.mul(now, keep), tf.mul(before, tf.sub(1, keep)))
      output = blend(newH, output)
      c = blend(newC, c)
      h = blend(newH, h)
    } else {
      output = h = newH
      c = newC
    }
    outputs[t] = output
  }
  if (args.returnSequences) output = steps > 0 ? tf.stack(outputs, 1) : tf.zeros([batch, 0, units])
  return { output, lastHidden: tf.reshape(h, [batch, units]), lastCell: tf.reshape(c, [batch, units]) }
}
