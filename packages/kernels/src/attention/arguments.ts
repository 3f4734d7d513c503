/** The options, arguments and results of attention. */
import type * as tf from '@tensorflow/tfjs-core'

export interface AttentionOptions {
  /** [B, Tq]; zero where there is no query. */
  queryMask?: tf.Tensor
  /** [B, Tv]; zero where there is no key and value. */
  valueMask?: tf.Tensor
  /** Query i sees keys 0 to i only. */
  causal?: boolean
  /** [B, Tq, Tv], multiplies the weights: 0 where one is dropped, else 1 / (1 - rate). */
  dropoutMask?: tf.Tensor
  /** Gives the weights too. */
  returnWeights?: boolean
}

export interface DotProductAttentionOptions extends AttentionOptions {
  /** Multiplies the scores; 1 by default. */
  factor?: number
}

export interface AttentionResult {
  /** [B, Tq, Dv] */
  output: tf.Tensor
  /** [B, Tq, Tv], after dropout; only with `returnWeights`. */
  weights?: tf.Tensor
}

export interface AttentionArguments extends AttentionOptions {
  query: tf.Tensor
  key: tf.Tensor
  value: tf.Tensor
  additive: boolean
  scale?: tf.Tensor
  factor: number
}
