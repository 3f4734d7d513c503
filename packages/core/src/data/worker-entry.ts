/**
 * The main program of a worker thread: imports the module named in `workerData`, then answers one task after another with its
 * `handle`. Only `worker-pool.ts` starts it. Errors go back as plain data, since classes do not survive the copy.
 */
import { parentPort, receiveMessageOnPort, workerData, type TransferListItem } from 'node:worker_threads'
import { takeTransfer } from './transfer.js'
import type { FromWorker, PlainError, ToWorker, WorkerStart } from './worker-pool.js'

const start = workerData as WorkerStart
const current = new Int32Array(start.current)
const waiting = new Map<number, unknown>()
let handle: ((task: unknown, data: unknown) => unknown) | undefined
let busy = false

function plain(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined
  return { name: error.name, message: error.message, stack: error.stack, hint }
}

function send(message: FromWorker, buffers: readonly TransferListItem[] = []): void {
  parentPort?.postMessage(message, buffers)
}

async function answer(id: number, task: unknown): Promise<void> {
  try {
    const { value, buffers } = takeTransfer(await handle?.(task, start.data))
    send({ kind: 'result', id, value }, buffers)
  } catch (error) {
    send({ kind: 'error', id, error: plain(error) })
  }
}

function take(message: ToWorker): void {
  if (message.kind === 'task') waiting.set(message.id, message.task)
  else waiting.delete(message.id)
}

/** Receives the messages that arrived while this thread was busy, so that a task cancelled meanwhile does not begin. */
function drainPort(): void {
  if (parentPort === null) return
  for (let next = receiveMessageOnPort(parentPort); next; next = receiveMessageOnPort(parentPort)) {
    take(next.message as ToWorker)
  }
}

async function work(): Promise<void> {
  if (busy || handle === undefined) return
  busy = true
  for (;;) {
    drainPort()
    const [next] = waiting
    if (next === undefined) break
    const [id, task] = next
    waiting.delete(id)
    Atomics.store(current, 0, id) // tells the pool which task was under way when this thread dies
    await answer(id, task)
    Atomics.store(current, 0, 0)
  }
  busy = false
}

parentPort?.on('message', (message: ToWorker) => {
  take(message)
  void work()
})

try {
  const module: { handle?: unknown } = await import(start.module)
  if (typeof module.handle !== 'function') throw new TypeError('it exports no function "handle"')
  handle = module.handle as (task: unknown, data: unknown) => unknown
  send({ kind: 'ready' })
  void work()
} catch (error) {
  send({ kind: 'failed', error: plain(error) })
}
