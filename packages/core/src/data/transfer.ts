/**
 * Results that move between threads instead of being copied. The `handle` of a worker returns `transfer(result, buffers)`; the
 * buffers are then empty in the worker. Other results are copied, which is right for anything the worker keeps.
 */
import type { TransferListItem } from 'node:worker_threads'

const MARK = Symbol.for('weft.transfer')

/** A value together with the buffers in it that may be moved. */
export interface Transfer<Value> {
  readonly [MARK]: readonly TransferListItem[]
  readonly value: Value
}

/** Marks `buffers`, parts of `value` that this thread no longer needs, to be moved instead of copied. */
export function transfer<Value>(value: Value, buffers: readonly TransferListItem[]): Transfer<Value> {
  return { [MARK]: buffers, value }
}

/** Separates a marked value from its buffers; any other value has no buffers to move. */
export function takeTransfer<Value>(result: Value | Transfer<Value>): {
  value: Value
  buffers: readonly TransferListItem[]
} {
  if (typeof result === 'object' && result !== null && MARK in result) {
    return { value: result.value, buffers: result[MARK] }
  }
  return { value: result, buffers: [] }
}
