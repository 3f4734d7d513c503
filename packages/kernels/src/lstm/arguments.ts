/** The options, arguments and results of the LSTM. */
import type * as tf from '@tensorflow/tfjs-core'
import type { CellActivation, GateActivation } from '../sequence/activations.js'

/** What one direction may have of its own. */
export interface LstmDirectionOptions {
  /** [3, U]: how the gates i, f and o see the cell; none by default. */
  peepholes?: tf.Tensor | undefined
  /** h and c before the first step, each [B, U]; zeros by default. */
  initialState?: readonly [tf.Tensor, tf.Tensor] | undefined
  /** [B, D], the same for every step: 0 where an input is dropped, else 1 / (1 - rate). */
  dropoutMask?: tf.Tensor | undefined
  /** [B, U], likewise for h. */
  recurrentDropoutMask?: tf.Tensor | undefined
}

export interface LstmDirection extends LstmDirectionOptions {
  /** [D, 4U] */
  kernel: tf.Tensor
  /** [U, 4U] */
  recurrentKernel: tf.Tensor
  /** [4U] */
  bias?: tf.Tensor | undefined
}

/** What both directions share. */
export interface LstmSequenceOptions {
  /** All outputs [B, T, U], or the last [B, U] (default). */
  returnSequences?: boolean
  /** [B, T]; zero where there is no input. Items may have any lengths and holes; what does not exist costs nothing. */
  mask?: tf.Tensor | undefined
  /** φ; tanh by default. */
  activation?: CellActivation
  /** σ; sigmoid by default. */
  recurrentActivation?: GateActivation
}

export interface LstmOptions extends LstmSequenceOptions, LstmDirectionOptions {
  /** From the last step to the first. */
  goBackwards?: boolean
}

export interface LstmResult {
  /** [B, T, U] or [B, U] */
  output: tf.Tensor
  /** [B, U] */
  lastHidden: tf.Tensor
  /** [B, U] */
  lastCell: tf.Tensor
}

export interface BidirectionalLstmResult {
  /** [B, T, 2U] or [B, 2U]: the forward direction's outputs, then the backward one's. */
  output: tf.Tensor
  /** Last hidden and cell state of each direction, [B, U]. */
  states: [[tf.Tensor, tf.Tensor], [tf.Tensor, tf.Tensor]]
}

/** A call with everything filled in. */
export interface LstmCall {
  x: tf.Tensor
  mask: tf.Tensor | undefined
  directions: readonly LstmDirection[]
  returnSequences: boolean
  /** Of the first direction; the second goes the other way. */
  goBackwards: boolean
  activation: CellActivation
  recurrentActivation: GateActivation
}
