/** The activations of recurrent cells, by the names that Keras gives them. */
import * as tf from '@weft/kernels/tfjs-core'

export type CellActivation = 'tanh' | 'relu' | 'linear'
export type GateActivation = 'sigmoid' | 'hardSigmoid'

export const cellActivations: Readonly<Record<CellActivation, (x: tf.Tensor) => tf.Tensor>> = {
  tanh: tf.tanh,
  relu: tf.relu,
  linear: (x) => x,
}
export const gateActivations: Readonly<Record<GateActivation, (x: tf.Tensor) => tf.Tensor>> = {
  sigmoid: tf.sigmoid,
  hardSigmoid: (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
}
/** `CellActivation` of sequence.h. */
export const activationCodes: Readonly<Record<CellActivation, number>> = { tanh: 0, relu: 1, linear: 2 }
