/**
 * What the training loop eats: batches, and sources that give them epoch after epoch.
 *
 * Only the contract lives here; `dataset.ts` makes sources from lists of items. A source's order and augmentation are a pure
 * function of (seed, epoch, item), so a run can be resumed in the middle of an epoch without replaying it.
 */
import type * as tf from '@tensorflow/tfjs-core'

/** One batch. Whoever takes it from a source disposes its tensors. */
export interface Batch {
  /** Inputs, [B, ...]; an array for a model with several inputs. */
  x: tf.Tensor | tf.Tensor[]
  /** Targets, [B, ...]. */
  y: tf.Tensor
  /** Weight of each item in the loss, [B]. */
  sampleWeights?: tf.Tensor1D
}

/** Gives an epoch's batches in an order fixed by its seed and the epoch's number. */
export interface BatchSource {
  /** Items an epoch visits. */
  readonly items: number
  readonly batchesPerEpoch: number
  /**
   * The batches of `epoch` (from 0). `epoch(e, k)` gives exactly what `epoch(e)` gives after skipping `k` batches.
   * Leaving the loop early (`break`) stops the work ahead.
   */
  epoch(epoch: number, fromBatch?: number): AsyncIterable<Batch>
}
