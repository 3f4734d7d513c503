/**
 * What the training loop consumes: batches, and sources that yield them epoch after epoch.
 *
 * Only the contract lives here; `dataset.ts` makes sources from lists of items. Order and augmentation of a source are a pure
 * function of (seed, epoch, item), so a run can be resumed in the middle of an epoch without replaying it.
 */
import type * as tf from '@tensorflow/tfjs-core'

/** One batch. Whoever takes it from a source disposes of its tensors. */
export interface Batch {
  /** Inputs, [B, ...]; an array for a model with several inputs. */
  x: tf.Tensor | tf.Tensor[]
  /** Targets, [B, ...]. */
  y: tf.Tensor
  /** Weight of each item in the loss, [B]. */
  sampleWeights?: tf.Tensor1D
}

/** Yields the batches of an epoch, in an order fixed by the seed and the number of the epoch. */
export interface BatchSource {
  /** Number of items in an epoch. */
  readonly items: number
  readonly batchesPerEpoch: number
  /**
   * The batches of `epoch` (from 0). `epoch(e, k)` yields exactly what `epoch(e)` yields after its first `k` batches.
   * Leaving the loop early (`break`) stops loading ahead.
   */
  epoch(epoch: number, fromBatch?: number): AsyncIterable<Batch>
}
