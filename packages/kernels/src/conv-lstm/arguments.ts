/** The options, arguments and results of the convolutional LSTM. */
import type * as tf from '@tensorflow/tfjs-core'
import type { Pair } from '../conv2d/shape.js'
import type { CellActivation, GateActivation } from '../sequence/activations.js'

export interface ConvLstm2dOptions {
  /** Rows and columns from one window of the input to the next; 1 by default. */
  strides?: Pair
  /** Of the input's convolution; `valid` by default. */
  pad?: 'same' | 'valid'
  /** Rows and columns from one tap of the input's filter to the next; 1 by default. */
  dilations?: Pair
  /** All outputs [B, T, H', W', F], or the last [B, H', W', F] (default). */
  returnSequences?: boolean
  /** From the last step to the first. */
  goBackwards?: boolean
  /** h and c before the first step, each [B, H', W', F]; zeros by default. */
  initialState?: readonly [tf.Tensor, tf.Tensor]
  /** [B, T]; zero where there is no input. Items may have any lengths and holes; what does not exist costs nothing. */
  mask?: tf.Tensor
  /** φ; tanh by default. */
  activation?: CellActivation
  /** σ; sigmoid by default. */
  recurrentActivation?: GateActivation
  /** What the gates see of the cell: p_i, p_f and p_o along the last axis, [H', W', 3F]. */
  peepholes?: tf.Tensor
  /** [B, H, W, C], the same for every step: 0 where an input is dropped, else 1 / (1 - rate). */
  dropoutMask?: tf.Tensor
  /** [B, H', W', F], likewise for h. */
  recurrentDropoutMask?: tf.Tensor
}

export interface ConvLstm2dArguments extends ConvLstm2dOptions {
  /** [B, T, H, W, C] after dropout */
  x: tf.Tensor
  kernel: tf.Tensor
  recurrentKernel: tf.Tensor
  bias?: tf.Tensor
  strides: Pair
  pad: 'same' | 'valid'
  dilations: Pair
  activation: CellActivation
  recurrentActivation: GateActivation
}

export interface ConvLstm2dResult {
  /** [B, T, H', W', F] or [B, H', W', F] */
  output: tf.Tensor
  /** [B, H', W', F] */
  lastHidden: tf.Tensor
  /** [B, H', W', F] */
  lastCell: tf.Tensor
}
