/**
 * What was made of a list of files: each is decoded and prepared once, in worker threads, before training begins, which also finds the
 * files that cannot be used. Results stay in memory as long as they fit, and are made again, or read from the application's cache on
 * disk, otherwise. The application's worker module says what is made of a file, and how.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { DataItem } from '../data/dataset.js'
import { mapOrdered } from '../data/map-ordered.js'
import { WorkerPool } from '../data/worker-pool.js'
import { expected, UserError } from '../errors.js'
import { skippedFile, type SkippedFile } from './inputs.js'

/** Bytes of results that are kept in memory. */
const MEMORY_BYTES = 768 * 2 ** 20
/** Files under way for each worker. */
const AHEAD = 8

/** What a worker makes of a file, at least. */
export interface WorkerResult {
  /** Problems of a file that can still be used. */
  readonly warnings: readonly string[]
}

/** How one application's files become what it trains on. */
export interface StoreSpec<Item, Task extends object, Result, Settings> {
  /** The module whose `handle(task, settings)` makes a result. */
  readonly module: URL
  readonly settings: Settings
  task(item: Item): Task
  bytesOf(result: Result): number
  /** Length of the axis that varies, used to batch items of similar length. */
  lengthOf(result: Result): number
}

/** How a store is filled. */
export interface FillOptions {
  readonly workers?: number | undefined
  /** Throw for a file that cannot be used, or that has warnings. */
  readonly strict?: boolean
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Bytes of results to keep in memory; for tests. */
  readonly memoryBytes?: number
}

type FileItem = DataItem & { readonly path: string }

export class ItemStore<Item extends FileItem, Task extends object, Result extends WorkerResult, Settings> {
  /** The items that can be used, in order. */
  readonly items: readonly Item[]
  readonly skipped: readonly SkippedFile[]
  /** Warnings about files that are used, a line each. */
  readonly warnings: readonly string[]
  readonly #lengths: ReadonlyMap<string, number>
  readonly #held: ReadonlyMap<string, Result>
  readonly #make: (item: Item) => Promise<Result>
  readonly #pool: WorkerPool<Task, Result, Settings>

  private constructor(
    usable: Usable<Item>,
    held: ReadonlyMap<string, Result>,
    make: (item: Item) => Promise<Result>,
    pool: WorkerPool<Task, Result, Settings>,
  ) {
    this.items = usable.items
    this.skipped = usable.skipped
    this.warnings = usable.warnings
    this.#lengths = usable.lengths
    this.#held = held
    this.#make = make
    this.#pool = pool
  }

  /**
   * Makes the results of all items.
   *
   * @param onMade Receives each result as it is made, in the order of the items; when it throws a UserError, the item is skipped.
   * @throws UserError for a file that cannot be used when `strict`, and when none can.
   */
  static async prepare<Item extends FileItem, Task extends object, Result extends WorkerResult, Settings>(
    items: readonly Item[],
    spec: StoreSpec<Item, Task, Result, Settings>,
    options: FillOptions,
    onMade?: (item: Item, result: Result) => void,
  ): Promise<ItemStore<Item, Task, Result, Settings>> {
    const names = new WeakMap<Task, string>()
    const pool = new WorkerPool<Task, Result, Settings>({
      module: spec.module,
      data: spec.settings,
      describe: (task) => names.get(task) ?? 'a file',
      ...(options.workers !== undefined && { size: options.workers }),
    })
    const make = (item: Item): Promise<Result> => {
      const task = spec.task(item)
      names.set(task, item.path)
      return pool.run(task)
    }
    try {
      const ahead = AHEAD * Math.max(1, pool.size)
      const { usable, held } = await fill(items, { ...spec, make, ahead }, options, onMade)
      return new ItemStore(usable, held, make, pool)
    } catch (error) {
      await pool.close()
      throw error
    }
  }

  /** The result of an item; whoever takes it must not change it. */
  async get(item: Item): Promise<Result> {
    return this.#held.get(item.id) ?? this.#make(item)
  }

  /** The length of an item's result, which is known without making it again. */
  lengthOf({ id }: Item): number {
    const length = this.#lengths.get(id)
    if (length === undefined)
      throw expected({ doing: 'looking up a length', want: 'an item of the store', of: 'item', got: id })
    return length
  }

  /** Ends the worker threads. */
  async close(): Promise<void> {
    await this.#pool.close()
  }
}

/** The items that can be used, and what became of the others. */
interface Usable<Item> {
  readonly items: Item[]
  readonly skipped: SkippedFile[]
  readonly warnings: string[]
  readonly lengths: Map<string, number>
}

/** How results are made and measured. */
interface Making<Item, Result> {
  make(item: Item): Promise<Result>
  bytesOf(result: Result): number
  lengthOf(result: Result): number
  /** Items under way at a time. */
  readonly ahead: number
}

async function fill<Item extends FileItem, Result extends WorkerResult>(
  items: readonly Item[],
  { make, bytesOf, lengthOf, ahead }: Making<Item, Result>,
  options: FillOptions,
  onMade: ((item: Item, result: Result) => void) | undefined,
) {
  const { strict = false, signal, memoryBytes = MEMORY_BYTES } = options
  const usable: Usable<Item> = { items: [], skipped: [], warnings: [], lengths: new Map() }
  const held = new Map<string, Result>()
  let bytes = 0
  let done = 0
  const skip = (item: Item, error: unknown) => {
    if (strict) throw error
    usable.skipped.push(skippedFile(item.path, error))
  }
  const results = mapOrdered(
    items,
    async (item) => {
      try {
        return { item, result: await make(item) }
      } catch (error) {
        return { item, error }
      }
    },
    { items: ahead, ...(signal && { signal }) },
  )
  for await (const { item, result, error } of results) {
    options.onProgress?.(++done, items.length)
    if (result === undefined) {
      skip(item, error)
      continue
    }
    const lines = result.warnings.map((warning) => `${item.path}: ${warning}`)
    if (strict && lines[0] !== undefined)
      throw new UserError(`decoding ${lines[0]}`, 'Without --strict it is used as it is.')
    try {
      onMade?.(item, result)
    } catch (refusal) {
      skip(item, refusal)
      continue
    }
    usable.warnings.push(...lines)
    usable.items.push(item)
    usable.lengths.set(item.id, lengthOf(result))
    const size = bytesOf(result)
    if (bytes + size > memoryBytes) continue
    bytes += size
    held.set(item.id, result)
  }
  if (usable.items.length === 0) {
    const [first] = usable.skipped
    throw new UserError(
      `reading the data: expected at least 1 file that can be used, received ${items.length} that cannot`,
      first && `The first: ${first.reason}`,
    )
  }
  return { usable, held }
}

/**
 * Where an application keeps what it made of files: the folder that was asked for, undefined for `none`, or its own in the home folder.
 */
export function cacheFolder(app: string, asked: string | undefined): string | undefined {
  if (asked === 'none') return undefined
  if (asked !== undefined) return asked
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(base, 'weft', app)
}
