/**
 * Work done ahead of its use, in order: results come out in the order of their inputs, however long each one took, and a limit
 * bounds how many are under way or waiting. Training does not wait for data, and data does not fill the memory.
 */
import { setMaxListeners } from 'node:events'

export interface Ahead<Result> {
  /** The most results under way or waiting to be consumed. */
  items: number
  /** With `bytesOf`: run fewer when the largest result so far, times their number, would exceed this. */
  bytes?: number
  bytesOf?: (result: Result) => number
  signal?: AbortSignal
}

/**
 * Yields `work(input)` for each input, in the order of the inputs, with up to `ahead.items` under way.
 *
 * When one fails, its error is thrown in its turn. An error, or leaving the loop early, aborts the signal passed to `work`.
 */
export async function* mapOrdered<Input, Result>(
  inputs: Iterable<Input>,
  work: (input: Input, signal: AbortSignal) => Promise<Result>,
  ahead: Ahead<Result>,
): AsyncGenerator<Result, void, undefined> {
  const stop = new AbortController()
  const signal = ahead.signal ? AbortSignal.any([ahead.signal, stop.signal]) : stop.signal
  setMaxListeners(0, signal) // every piece of work may listen
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
        result.catch(() => {}) // thrown in its turn, or dropped with the rest
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
