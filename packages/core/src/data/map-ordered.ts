/**
 * Work done ahead of its use, in order: results come out as their inputs went in, whatever each one took, and only so many are
 * under way or waiting at once. This is what keeps training from waiting for data and data from filling the memory.
 */
import { setMaxListeners } from 'node:events'

export interface Ahead<Result> {
  /** Most results that are under way or wait to be taken. */
  items: number
  /** With `bytesOf`: fewer are, when the largest result so far times their number would exceed this. */
  bytes?: number
  bytesOf?: (result: Result) => number
  signal?: AbortSignal
}

/**
 * Yields `work(input)` for each input, in the order of the inputs, with up to `ahead.items` under way.
 *
 * When one fails, the error is thrown at its turn. Leaving the loop early, or an error, aborts the signal that `work` was given.
 */
export async function* mapOrdered<Input, Result>(
  inputs: Iterable<Input>,
  work: (input: Input, signal: AbortSignal) => Promise<Result>,
  ahead: Ahead<Result>,
): AsyncGenerator<Result, void, undefined> {
  const stop = new AbortController()
  const signal = ahead.signal ? AbortSignal.any([ahead.signal, stop.signal]) : stop.signal
  setMaxListeners(0, signal) // each piece of work may listen
  const source = inputs[Symbol.iterator]()
  const queue: Promise<Result>[] = []
  let largest = 0
  let more = true
  const fill = () => {
    const bound = ahead.bytes === undefined || largest === 0 ? Infinity : Math.floor(ahead.bytes / largest)
    while (more && queue.length < Math.max(1, Math.min(ahead.items, bound))) {
      const next = source.next()
      if (next.done === true) more = false
      else {
        const result = work(next.value, signal)
        result.catch(() => {}) // thrown when its turn comes, or dropped with the rest
        queue.push(result)
      }
    }
  }
  try {
    for (fill(); queue.length > 0; fill()) {
      const [first] = queue
      if (first === undefined) return
      const result = await first
      signal.throwIfAborted()
      queue.shift()
      largest = Math.max(largest, ahead.bytesOf?.(result) ?? 0)
      fill()
      yield result
    }
  } finally {
    stop.abort(new Error('no longer needed'))
  }
}
