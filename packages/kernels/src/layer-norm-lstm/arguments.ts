/** The options and arguments of the layer-normalised LSTM. */
import type * as tf from '@tensorflow/tfjs-core'
import type { LstmOptions } from '../lstm/arguments.js'
import type { CellActivation, GateActivation } from '../sequence/activations.js'

/** Scales of the three norms, and the shift of the cell's. */
export interface LayerNormLstmNorms {
  /** γ_x [4U], of x W. */
  kernelGamma: tf.Tensor
  /** γ_h [4U], of h U. */
  recurrentGamma: tf.Tensor
  /** γ_c [U], of the cell. */
  stateGamma: tf.Tensor
  /** β_c [U]. */
  stateBeta: tf.Tensor
}

/** Options besides the norms. */
export interface LayerNormLstmSettings extends LstmOptions {
  /** ε; 1e-3 by default. */
  epsilon?: number
  /** Whether the normalised cell is what the next step gets (default), or the cell as it is. */
  normalizedCarry?: boolean
}

export interface LayerNormLstmOptions extends LayerNormLstmSettings, LayerNormLstmNorms {}

export interface LayerNormLstmArguments extends LayerNormLstmOptions {
  x: tf.Tensor
  kernel: tf.Tensor
  recurrentKernel: tf.Tensor
  bias?: tf.Tensor
  activation: CellActivation
  recurrentActivation: GateActivation
  epsilon: number
  normalizedCarry: boolean
}
