/**
 * CTC as a loss for the Trainer: `new Trainer(model, { loss: ctcCrossentropy() })`. Targets are labels padded with -1 at the end
 * (`padTargets: { value: -1 }`), the model's output logits. Steps of sequences of unequal length are no argument: a model ends in
 * `BlankPadding`, which makes its mask part of its output.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { type CtcOptions, ctcLoss } from '@weft/kernels'
import type { LossFunction } from './losses.js'

/**
 * The mean over the items of weight · CTC loss, as Keras's `losses.CTC` (PyTorch's 'mean' also divides each by its labels).
 *
 * Shapes of the loss: `yTrue` [B, L], classes, after the last of them -1 or the blank; `yPred` [B, T, V], logits; weights [B] → scalar.
 * An item whose labels do not fit into its steps counts as 0, has no gradient, and is named by `ctcInfeasible` of @weft/kernels.
 * @throws ShapeError naming item and position of a label that is no symbol.
 * @see Graves et al. 2006.
 */
export function ctcCrossentropy(options: Pick<CtcOptions, 'blank' | 'infeasible'> = {}): LossFunction {
  return (yTrue, yPred, sampleWeights) => {
    const losses = ctcLoss(yPred, yTrue, options)
    return tf.mean<tf.Scalar>(sampleWeights ? tf.mul(losses, sampleWeights) : losses)
  }
}
