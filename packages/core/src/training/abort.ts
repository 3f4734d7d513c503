/**
 * How a run stops early at its signal: an exception, thrown between two batches, which `Trainer.fit` catches to write a checkpoint
 * and return. It is a class of its own, so that an abort in a callback or a data source, which may leave a run half way through
 * something, is not taken for it.
 */

/** The run's signal was aborted. */
export class AbortError extends Error {
  override readonly name = 'AbortError'
}

/** @throws AbortError when `signal` is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortError('the run was aborted')
}
