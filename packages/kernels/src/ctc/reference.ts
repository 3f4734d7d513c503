/**
 * CTC's loss of TensorFlow.js's ops: the forward variable of Graves et al. 2006 in log space, a step at a time, for all items and
 * states at once. Its gradient is what TensorFlow.js derives from that. Impossible states hold a very small number instead of minus
 * infinity, whose differences would be NaN.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type { CtcTargets } from './targets.js'

/** Log probability of what cannot be; sums of it over any number of steps stay finite. */
const IMPOSSIBLE = -1e30

/** -log p(labels) [B] of logits [B, T, V]; `impossible` where no path spells them. */
export function ctcReference(logits: tf.Tensor, targets: CtcTargets, impossible: number): tf.Tensor {
  const [batch = 0, steps = 0, classes = 0] = logits.shape
  // Nothing happens, but what is returned still depends on the logits, as a gradient asks.
  if (batch === 0) return tf.sum(logits, [1, 2])
  const { states, classOf, start, skip, ends } = stateTables(targets, batch)
  const going = tf.less(tf.range(0, steps, 1, 'int32'), tf.tensor2d(targets.logitLengths, [batch, 1])) // [B, T]
  // Steps past an item's end may hold anything, NaN too.
  const kept = tf.where(tf.expandDims(going, 2), logits, tf.zerosLike(logits))
  const logProbabilities = tf.maximum(tf.logSoftmax(kept), IMPOSSIBLE)
  const picks = tf.equal(tf.tensor3d(classOf, [batch, states, 1], 'int32'), tf.range(0, classes, 1, 'int32'))
  const emissions = tf.matMul(logProbabilities, tf.cast(picks, 'float32'), false, true) // [B, T, S]
  const skips = tf.tensor2d(skip, [batch, states])
  let alpha: tf.Tensor = tf.tensor2d(start, [batch, states])
  for (let t = 0; t < steps; t++) {
    const [first, second] = [shifted(alpha), shifted(shifted(alpha))]
    const before = logSum([alpha, first, tf.add(second, skips)])
    const now = tf.add(before, tf.reshape(tf.slice(emissions, [0, t, 0], [batch, 1, states]), [batch, states]))
    alpha = tf.where(tf.slice(going, [0, t], [batch, 1]), now, alpha)
  }
  const last = tf.add(alpha, tf.tensor2d(ends, [batch, states]))
  const best = tf.max(last, 1, true)
  const total = tf.add(tf.log(tf.sum(tf.exp(tf.sub(last, best)), 1)), tf.squeeze(best, [1]))
  const likelihood = steps === 0 ? tf.add(total, tf.sum(logits, [1, 2])) : total
  // 0 for what no path spells; unlike a comparison it lets a gradient pass, and lets none through to what it multiplies.
  const possible = tf.step(tf.sub(likelihood, IMPOSSIBLE / 10))
  const loss = tf.mul(possible, tf.sub(0, likelihood))
  return impossible === 0 ? loss : tf.sub(loss, tf.log(possible))
}

/** [B, S] → the same, a state later. */
function shifted(alpha: tf.Tensor): tf.Tensor {
  const [batch = 0, states = 0] = alpha.shape
  return tf.concat([tf.fill([batch, 1], IMPOSSIBLE), tf.slice(alpha, [0, 0], [batch, states - 1])], 1)
}

function logSum(terms: tf.Tensor[]): tf.Tensor {
  const best = terms.reduce((a, b) => tf.maximum(a, b))
  return tf.add(best, tf.log(tf.addN(terms.map((term) => tf.exp(tf.sub(term, best))))))
}

/** By item and state, states being the labels with a blank before, between and after them. */
function stateTables({ labels, labelLengths, labelWidth, blank }: CtcTargets, batch: number) {
  const states = 2 * labelWidth + 1
  const classOf = new Int32Array(batch * states).fill(blank)
  const impossible = () => new Float32Array(batch * states).fill(IMPOSSIBLE)
  const [start, skip, ends] = [impossible(), impossible(), impossible()]
  for (let item = 0; item < batch; item++) {
    const length = labelLengths[item] ?? 0
    const row = item * states
    start[row] = 0
    ends[row + 2 * length] = 0
    if (length > 0) ends[row + 2 * length - 1] = 0
    for (let i = 0; i < length; i++) {
      const at = item * labelWidth + i
      classOf[row + 2 * i + 1] = labels[at] ?? blank
      if (i > 0 && labels[at] !== labels[at - 1]) skip[row + 2 * i + 1] = 0
    }
  }
  return { states, classOf, start, skip, ends }
}
