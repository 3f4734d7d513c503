/**
 * The LSTM built of TensorFlow.js ops, step by step: what the kernel must compute, on every backend, differentiable as it is.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { cellActivations, gateActivations } from '../sequence/activations.js'
import type { LstmCall, LstmResult } from './arguments.js'

/** One of the call's directions. */
export function lstmReference(call: LstmCall, which: number): LstmResult {
  const direction = call.directions[which]
  if (!direction) throw new Error(`lstm: there is no direction ${which}`)
  const { x, mask } = call
  const { kernel, recurrentKernel, bias, peepholes, initialState, dropoutMask, recurrentDropoutMask } = direction
  const goBackwards = call.goBackwards !== (which === 1)
  const [batch = 0, steps = 0, features = 0] = x.shape
  const units = recurrentKernel.shape[0] ?? 0
  const matrix = tf.reshape(kernel, [features, 4 * units])
  const recurrentMatrix = tf.reshape(recurrentKernel, [units, 4 * units])
  const activate = cellActivations[call.activation]
  const gate = gateActivations[call.recurrentActivation]
  const inputs = dropoutMask ? tf.mul(x, tf.expandDims(dropoutMask, 1)) : x
  const kept = mask && tf.cast(mask, 'float32')

  let h: tf.Tensor = initialState?.[0] ?? tf.zeros([batch, units])
  let c: tf.Tensor = initialState?.[1] ?? tf.zeros([batch, units])
  let output: tf.Tensor = tf.zeros([batch, units])
  const outputs: tf.Tensor[] = []
  for (let s = 0; s < steps; s++) {
    const t = goBackwards ? steps - 1 - s : s
    const input = tf.reshape(tf.slice(inputs, [0, t, 0], [-1, 1, -1]), [batch, features]) // [B, D]
    const recurrent = recurrentDropoutMask ? tf.mul(h, recurrentDropoutMask) : h
    const product = tf.add(tf.matMul(input, matrix), tf.matMul(recurrent, recurrentMatrix)) // [B, 4U]
    const z = bias ? tf.add(product, bias) : product
    const part = (index: number) => tf.slice(z, [0, index * units], [-1, units])
    const seen = (index: number, sum: tf.Tensor, cell: tf.Tensor) =>
      peepholes ? tf.add(sum, tf.mul(cell, tf.slice(peepholes, [index, 0], [1, -1]))) : sum
    const [i, f] = [gate(seen(0, part(0), c)), gate(seen(1, part(1), c))]
    const newC = tf.add(tf.mul(f, c), tf.mul(i, activate(part(2))))
    const newH = tf.mul(gate(seen(2, part(3), newC)), activate(newC))
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
  if (call.returnSequences) output = steps > 0 ? tf.stack(outputs, 1) : tf.zeros([batch, 0, units])
  return { output, lastHidden: tf.reshape(h, [batch, units]), lastCell: tf.reshape(c, [batch, units]) }
}
