/**
 * The log-mel frames of a list of sounds. They are computed once, in worker threads, before training begins, which also finds the
 * files that cannot be used; then they stay in memory as long as they fit, and are read again from the cache on disk otherwise.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { mapOrdered, UserError, WorkerPool } from '@weft/core'
import type { LabelledFile } from '@weft/core'
import type { Frames } from './features.js'
import type { FeatureResult, FeatureSettings, FeatureTask } from './feature-worker.js'

/** Bytes of frames that are kept in memory. */
const MEMORY_BYTES = 768 * 2 ** 20
/** Files under way for each worker. */
const AHEAD = 8

/** A file that is not used, and why. */
export interface SkippedFile {
  readonly path: string
  readonly reason: string
}

export interface StoreOptions {
  readonly settings: Omit<FeatureSettings, 'cacheFolder'>
  /** A folder, `none`, or undefined for the one in the home folder. */
  readonly cache?: string | undefined
  readonly workers?: number | undefined
  /** A file that cannot be used, or is odd, throws. */
  readonly strict?: boolean
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (done: number, total: number) => void
  /** Bytes of frames to keep in memory; for tests. */
  readonly memoryBytes?: number
}

export class FeatureStore {
  /** The sounds that can be used, in order. */
  readonly items: readonly LabelledFile[]
  readonly skipped: readonly SkippedFile[]
  /** Odd but usable files, a line each. */
  readonly warnings: readonly string[]
  /** Frames of each item. */
  readonly lengths: Int32Array
  readonly #held: ReadonlyMap<string, Frames>
  readonly #pool: WorkerPool<FeatureTask, FeatureResult, FeatureSettings>

  private constructor(
    found: { items: LabelledFile[]; skipped: SkippedFile[]; warnings: string[]; lengths: number[] },
    held: ReadonlyMap<string, Frames>,
    pool: WorkerPool<FeatureTask, FeatureResult, FeatureSettings>,
  ) {
    this.items = found.items
    this.skipped = found.skipped
    this.warnings = found.warnings
    this.lengths = Int32Array.from(found.lengths)
    this.#held = held
    this.#pool = pool
  }

  /**
   * Computes the frames of all items, or reads them from the cache.
   *
   * @throws UserError for a file that cannot be used when `strict`, and when none can.
   */
  static async prepare(items: readonly LabelledFile[], options: StoreOptions): Promise<FeatureStore> {
    const pool = new WorkerPool<FeatureTask, FeatureResult, FeatureSettings>({
      module: new URL('./feature-worker.js', import.meta.url),
      data: { ...options.settings, cacheFolder: cacheFolder(options.cache) },
      describe: ({ path }) => path,
      ...(options.workers !== undefined && { size: options.workers }),
    })
    try {
      return await FeatureStore.#fill(items, options, pool)
    } catch (error) {
      await pool.close()
      throw error
    }
  }

  static async #fill(
    items: readonly LabelledFile[],
    options: StoreOptions,
    pool: WorkerPool<FeatureTask, FeatureResult, FeatureSettings>,
  ): Promise<FeatureStore> {
    const { strict = false, signal, memoryBytes = MEMORY_BYTES } = options
    const found = {
      items: [] as LabelledFile[],
      skipped: [] as SkippedFile[],
      warnings: [] as string[],
      lengths: [] as number[],
    }
    const held = new Map<string, Frames>()
    let bytes = 0
    let done = 0
    const computed = mapOrdered(
      items,
      async (item) => {
        try {
          return { item, made: await pool.run({ path: item.path }) }
        } catch (error) {
          if (strict || !(error instanceof UserError)) throw error
          return { item, reason: error.message }
        }
      },
      { items: AHEAD * Math.max(1, pool.size), ...(signal && { signal }) },
    )
    for await (const { item, made, reason } of computed) {
      options.onProgress?.(++done, items.length)
      if (made === undefined) {
        found.skipped.push({ path: item.path, reason })
        continue
      }
      const odd = made.warnings.map((warning) => `${item.path}: ${warning}`)
      if (strict && odd[0] !== undefined)
        throw new UserError(`decoding ${odd[0]}`, 'Without --strict it is used as it is.')
      found.warnings.push(...odd)
      found.items.push(item)
      found.lengths.push(made.frames)
      bytes += made.values.byteLength
      if (bytes <= memoryBytes) held.set(item.id, { values: made.values, frames: made.frames, width: made.width })
    }
    if (found.items.length === 0) {
      const [first] = found.skipped
      throw new UserError(
        `reading the sounds: expected at least 1 that can be used, received ${items.length} that cannot`,
        first && `The first: ${first.reason}`,
      )
    }
    return new FeatureStore(found, held, pool)
  }

  /** The frames of an item; whoever takes them must not change them. */
  async get(item: LabelledFile): Promise<Frames> {
    return this.#held.get(item.id) ?? this.#pool.run({ path: item.path })
  }

  /** Ends the worker threads. */
  async close(): Promise<void> {
    await this.#pool.close()
  }
}

function cacheFolder(asked: string | undefined): string | undefined {
  if (asked === 'none') return undefined
  if (asked !== undefined) return asked
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(base, 'weft', 'audio-events')
}
