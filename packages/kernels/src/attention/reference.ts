/** Attention composed of TensorFlow.js ops: runs on every backend and is what the C++ is compared with. */
import * as tf from '@weft/kernels/tfjs-core'
import type { AttentionArguments, AttentionResult } from './arguments.js'

/** A score that no exponential survives; finite, since minus infinity would make a row without any key NaN. */
const HIDDEN = -1e30

function scoresOf({ query, key, additive, scale, factor }: AttentionArguments): tf.Tensor {
  if (!additive) return tf.mul(tf.matMul(query, key, false, true), factor)
  // Of no pairs: TensorFlow.js has no gradient of adding what has no elements to what has some.
  if ((query.shape[1] ?? 0) * (key.shape[1] ?? 0) === 0)
    return tf.mul(tf.matMul(query, key, false, true), scale ? tf.sum(scale) : 1)
  const hidden = tf.tanh(tf.add(tf.expandDims(query, 2), tf.expandDims(key, 1))) // [B, Tq, Tv, D]
  return tf.sum(scale ? tf.mul(hidden, scale) : hidden, -1)
}

/** [B, Tq, Tv]: 1 where a query may see a key. */
function visibleOf({ query, key, queryMask, valueMask, causal }: AttentionArguments): tf.Tensor {
  const [batch = 0, queries = 0] = query.shape
  const keys = key.shape[1] ?? 0
  let visible: tf.Tensor = tf.ones([batch, queries, keys])
  const bits = (mask: tf.Tensor) => tf.cast(tf.cast(mask, 'bool'), 'float32')
  if (valueMask) visible = tf.mul(visible, tf.expandDims(bits(valueMask), 1))
  if (queryMask) visible = tf.mul(visible, tf.expandDims(bits(queryMask), 2))
  if (!causal) return visible
  const [rows, cols] = [tf.reshape(tf.range(0, queries), [queries, 1]), tf.reshape(tf.range(0, keys), [1, keys])]
  return tf.mul(visible, tf.cast(tf.lessEqual(cols, rows), 'float32'))
}

export function attentionReference(args: AttentionArguments): AttentionResult {
  const { value, dropoutMask, returnWeights } = args
  const visible = visibleOf(args)
  const scores = tf.where(tf.cast(visible, 'bool'), scoresOf(args), tf.fill(visible.shape, HIDDEN))
  const kept = tf.mul(tf.softmax(scores), visible)
  const weights = dropoutMask ? tf.mul(kept, dropoutMask) : kept
  return { output: tf.matMul(weights, value), weights: returnWeights ? weights : undefined }
}
