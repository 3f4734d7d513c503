/**
 * A pool of worker threads for work that would hold up training: decoding, resampling, features, augmentation.
 *
 * The function `handle(task, data)` of a module does the work, in a worker thread or, with size 0, in this one. Workers run built
 * JavaScript, so a module under `src` is looked up in `dist`. A task that throws fails alone; a thread that dies (out of memory,
 * `process.exit`, a crash in native code that the process survives) fails the task it was running, and its other tasks go to a new
 * thread. The pool knows nothing of data sets and keeps no order: see `map-ordered.ts`.
 */
import { setMaxListeners } from 'node:events'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker, type ResourceLimits, type TransferListItem } from 'node:worker_threads'
import { UserError } from '../errors.js'
import { takeTransfer, type Transfer } from './transfer.js'

/** What a worker module exports as `handle`. */
export type TaskHandler<Task, Result, Data> = (
  task: Task,
  data: Data,
) => Result | Transfer<Result> | Promise<Result | Transfer<Result>>

export interface WorkerPoolOptions<Task, Data> {
  /** The module whose `handle` does the work: `new URL('./feature-worker.js', import.meta.url)`. */
  module: URL
  /** Second argument of `handle`, copied once to each worker. */
  data: Data
  /** Number of threads; 0 works in this thread. Default: one less than the number of cores, at least 1. */
  size?: number
  /** How errors name a task, such as by its file (default: `task <n>`). */
  describe?: (task: Task) => string
  /** Tasks queued at one worker, so that it keeps working while this thread is busy (default: 256). */
  depth?: number
  /** Memory limits of the JavaScript in each thread; a thread that exceeds them dies. */
  resourceLimits?: ResourceLimits
}

export interface RunOptions {
  /** Aborting it rejects the promise of the task at once, with the reason of the signal. */
  signal?: AbortSignal
  /** Buffers of the task to move to the worker instead of copying them. */
  transfer?: readonly TransferListItem[]
}

/** An error as plain data. */
export interface PlainError {
  name: string
  message: string
  stack?: string | undefined
  hint?: string | undefined
}

/** The `workerData` of a worker thread. */
export interface WorkerStart {
  module: string
  data: unknown
  /** Four bytes that hold the id of the task under way, 0 between tasks. */
  current: SharedArrayBuffer
}

/** A task to run, or the id of one to cancel. */
export type ToWorker = { kind: 'task'; id: number; task: unknown } | { kind: 'cancel'; id: number }

export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'failed'; error: PlainError }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: PlainError }

interface Job<Task, Result> {
  id: number
  name: string
  task: Task
  transfer: readonly TransferListItem[]
  attempts: number
  resolve(result: Result): void
  reject(error: unknown): void
}

interface Thread<Task, Result> {
  worker: Worker
  current: Int32Array
  jobs: Map<number, Job<Task, Result>>
  ready: boolean
  error: Error | undefined
}

const MAX_ATTEMPTS = 3

/** The same module in the build: the JavaScript file under `dist` in place of `src`. */
function built(href: string): string {
  const at = href.lastIndexOf('/src/')
  return at < 0 ? href : `${href.slice(0, at)}/dist/${href.slice(at + 5).replace(/\.ts$/, '.js')}`
}

/** Where the module exists: for workers as JavaScript, perhaps in the build; for this thread also as source. */
function locate(module: URL, forWorker: boolean): URL {
  const { href } = module
  const other = forWorker ? built(href) : href.replace(/\.js$/, '.ts')
  const candidates = forWorker && href.endsWith('.ts') ? [other] : [href, other]
  const existing = candidates.map((candidate) => new URL(candidate)).find((url) => existsSync(fileURLToPath(url)))
  if (existing) return existing
  throw new UserError(`starting a worker: there is no module at ${fileURLToPath(module)}`, 'npm run build')
}

function revive(error: PlainError, name: string): Error {
  const message = error.message.includes(name) ? error.message : `${name}: ${error.message}`
  const revived = error.name === 'UserError' ? new UserError(message, error.hint) : new Error(message)
  if (error.name !== 'UserError') revived.name = error.name
  if (error.stack !== undefined) revived.stack = error.stack.replace(error.message, message)
  return revived
}

function why(error: Error | undefined, exitCode: number): string {
  if (error === undefined) return `its worker thread ended with exit code ${exitCode}`
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') return 'its worker thread ran out of memory'
  return `its worker thread crashed: ${error.message}`
}

/** Runs tasks in worker threads; `run` returns a promise for each, `close` ends the threads. */
export class WorkerPool<Task, Result, Data = undefined> {
  /** Number of threads; 0 when this thread does the work. */
  readonly size: number
  readonly #options: WorkerPoolOptions<Task, Data>
  readonly #threads = new Set<Thread<Task, Result>>()
  readonly #waiting: Job<Task, Result>[] = []
  readonly #ending = new Set<Promise<unknown>>()
  #handler: Promise<TaskHandler<Task, Result, Data>> | undefined
  #lastId = 0
  #broken: Error | undefined

  constructor(options: WorkerPoolOptions<Task, Data>) {
    this.#options = options
    this.size = options.size ?? Math.max(1, availableParallelism() - 1)
  }

  /**
   * The handler's result for `task`.
   *
   * @throws The error of the handler, with the name of the task in the message (a `UserError` stays one); an `Error` when the
   *   thread died at this task or the pool was closed; the reason of the signal.
   */
  run(task: Task, options: RunOptions = {}): Promise<Result> {
    const id = ++this.#lastId
    const name = this.#options.describe?.(task) ?? `task ${id}`
    const { signal, transfer = [] } = options
    if (this.#broken) return Promise.reject(this.#broken)
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.size === 0) return this.#runHere(task, name)
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#forget(job)
        reject(signal?.reason)
      }
      const stopListening = () => signal?.removeEventListener('abort', giveUp)
      const job: Job<Task, Result> = {
        id,
        name,
        task,
        transfer,
        attempts: 0,
        resolve: (result) => (stopListening(), resolve(result)),
        reject: (error) => (stopListening(), reject(error)),
      }
      if (signal) setMaxListeners(0, signal) // one listener per task
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(job)
      this.#dispatch()
    })
  }

  /** Ends all threads at once and rejects unfinished tasks. It always resolves, and may be called twice. */
  async close(): Promise<void> {
    this.#break(new Error('the worker pool was closed'))
    await Promise.all(this.#ending)
  }

  /** Takes a task back from the queue or the worker, which skips it unless it has already begun. */
  #forget(job: Job<Task, Result>): void {
    const at = this.#waiting.indexOf(job)
    if (at >= 0) this.#waiting.splice(at, 1)
    for (const thread of this.#threads) {
      if (!thread.jobs.delete(job.id)) continue
      const message: ToWorker = { kind: 'cancel', id: job.id }
      thread.worker.postMessage(message)
      if (thread.jobs.size === 0) thread.worker.unref()
    }
  }

  async #runHere(task: Task, name: string): Promise<Result> {
    this.#handler ??= this.#importHere()
    const handle = await this.#handler
    try {
      return takeTransfer<Result>(await handle(task, this.#options.data)).value
    } catch (error) {
      if (!(error instanceof Error) || error.message.includes(name)) throw error
      error.message = `${name}: ${error.message}`
      throw error
    }
  }

  async #importHere(): Promise<TaskHandler<Task, Result, Data>> {
    const { href } = locate(this.#options.module, false)
    const module: { handle?: unknown } = await import(href)
    if (typeof module.handle !== 'function') throw new Error(`loading ${href}: it exports no function "handle"`)
    return module.handle as TaskHandler<Task, Result, Data>
  }

  /** Hands waiting tasks to the least busy threads, and starts threads as long as there are fewer than `size`. */
  #dispatch(): void {
    const depth = this.#options.depth ?? 256
    while (this.#waiting.length > 0 && !this.#broken) {
      let free: Thread<Task, Result> | undefined
      for (const thread of this.#threads) {
        if (thread.jobs.size < depth && thread.jobs.size < (free?.jobs.size ?? Infinity)) free = thread
      }
      if (this.#threads.size < this.size && (free === undefined || free.jobs.size > 0)) free = this.#start()
      if (free === undefined) return
      const job = this.#waiting.shift()
      if (job !== undefined) this.#send(free, job)
    }
  }

  #send(thread: Thread<Task, Result>, job: Job<Task, Result>): void {
    try {
      const message: ToWorker = { kind: 'task', id: job.id, task: job.task }
      thread.worker.postMessage(message, job.transfer)
      thread.jobs.set(job.id, job)
      thread.worker.ref()
    } catch (error) {
      job.reject(error) // the task cannot be copied
    }
  }

  #start(): Thread<Task, Result> | undefined {
    try {
      const start: WorkerStart = {
        module: locate(this.#options.module, true).href,
        data: this.#options.data,
        current: new SharedArrayBuffer(4),
      }
      const entry = locate(new URL('./worker-entry.js', import.meta.url), true)
      const { resourceLimits } = this.#options
      const worker = new Worker(entry, { workerData: start, ...(resourceLimits && { resourceLimits }) })
      const thread: Thread<Task, Result> = {
        worker,
        current: new Int32Array(start.current),
        jobs: new Map(),
        ready: false,
        error: undefined,
      }
      worker.on('message', (message: FromWorker) => this.#receive(thread, message))
      worker.on('error', (error: Error) => (thread.error = error))
      worker.on('exit', (code) => this.#ended(thread, code))
      this.#threads.add(thread)
      return thread
    } catch (error) {
      this.#break(error instanceof Error ? error : new Error(String(error)))
      return undefined
    }
  }

  #receive(thread: Thread<Task, Result>, message: FromWorker): void {
    if (message.kind === 'ready') {
      thread.ready = true
      return
    }
    if (message.kind === 'failed') {
      this.#break(revive(message.error, `loading the worker module ${this.#options.module.href}`))
      return
    }
    const job = thread.jobs.get(message.id)
    thread.jobs.delete(message.id)
    if (thread.jobs.size === 0) thread.worker.unref() // an idle pool does not keep the process alive
    if (message.kind === 'error') job?.reject(revive(message.error, job.name))
    else job?.resolve(message.value as Result)
    this.#dispatch()
  }

  /** Handles the end of a thread: the task it was running fails, its others start again elsewhere. */
  #ended(thread: Thread<Task, Result>, code: number): void {
    this.#threads.delete(thread)
    if (this.#broken) return
    const reason = why(thread.error, code)
    if (!thread.ready) {
      this.#break(new Error(`loading the worker module ${this.#options.module.href}: ${reason}`))
      return
    }
    const culprit = Atomics.load(thread.current, 0)
    const again: Job<Task, Result>[] = []
    for (const job of thread.jobs.values()) {
      job.attempts++
      // Buffers that were moved are lost with the thread.
      const repeatable = job.attempts < MAX_ATTEMPTS && job.transfer.length === 0
      if (job.id === culprit || !repeatable) job.reject(new Error(`${job.name}: ${reason}`))
      else again.push(job)
    }
    this.#waiting.unshift(...again)
    this.#dispatch()
  }

  #break(error: Error): void {
    this.#broken ??= error
    const jobs = [...this.#waiting, ...[...this.#threads].flatMap((thread) => [...thread.jobs.values()])]
    this.#waiting.length = 0
    for (const thread of this.#threads) {
      thread.jobs.clear()
      const ending: Promise<unknown> = thread.worker.terminate().finally(() => this.#ending.delete(ending))
      this.#ending.add(ending)
    }
    this.#threads.clear()
    for (const job of jobs) job.reject(this.#broken)
  }
}
