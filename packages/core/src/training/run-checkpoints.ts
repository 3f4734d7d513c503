/**
 * The checkpoints of one run: finds the one to resume from, decides when the next is due, and writes it. What a checkpoint contains
 * is in `run-state.ts`, its file format in `checkpoint.ts`.
 */
import { UserError } from '../errors.js'
import { CheckpointFolder } from './checkpoint.js'
import { pack, startPosition, unpack, type Position, type ResumableRun } from './run-state.js'

/** Where and how often checkpoints are written: at the end of each epoch, and within epochs by steps or seconds. */
export interface CheckpointOptions {
  dir: string
  /** Updates between two checkpoints within an epoch. Off by default. */
  everySteps?: number
  /** Seconds between two checkpoints within an epoch. Default: 60. */
  everySeconds?: number
  /** Writes a file. Default: atomically. */
  write?: (path: string, data: Uint8Array) => void
}

/** Reads and writes the checkpoints of one run. */
export class RunCheckpoints {
  readonly #run: ResumableRun
  readonly #folder: CheckpointFolder
  readonly #everySteps: number
  readonly #everySeconds: number
  #newest: string | undefined
  #lastSave = { updates: 0, at: 0 }

  constructor(run: ResumableRun, options: CheckpointOptions) {
    this.#run = run
    this.#folder = new CheckpointFolder(options.dir, { write: options.write })
    this.#everySteps = options.everySteps ?? Infinity
    this.#everySeconds = options.everySeconds ?? 60
  }

  /** Path of the newest checkpoint that was written or resumed from. */
  get newest(): string | undefined {
    return this.#newest
  }

  /**
   * Where a new run starts.
   *
   * @throws UserError when the folder holds the checkpoints of another run.
   */
  start(): Position {
    const [existing] = this.#folder.list()
    if (existing)
      throw new UserError(
        `training: expected no checkpoints in ${this.#folder.dir}, received ${existing}`,
        'resume that run, or write to another folder',
      )
    return startPosition()
  }

  /**
   * Restores step and callbacks from the newest checkpoint that can be read, and returns its position; the start when there is none.
   *
   * @throws UserError when the checkpoint is of another run, or none of several can be read.
   */
  resume(onMessage: (message: string) => void): Position {
    const loaded = this.#folder.load()
    if (!loaded) {
      onMessage(`no checkpoint in ${this.#folder.dir} yet: beginning at the first epoch`)
      return startPosition()
    }
    const { path, content, skipped } = loaded
    for (const message of skipped) onMessage(`${message}; using the checkpoint before it`)
    const position = unpack(this.#run, content, path)
    this.#newest = path
    onMessage(`going on from ${path}: epoch ${position.epoch + 1}, batch ${position.batch + 1}`)
    return position
  }

  /** Starts counting the steps and seconds to the next checkpoint. */
  startTimer(): void {
    this.#lastSave = { updates: this.#run.step.updates, at: performance.now() }
  }

  isDue(): boolean {
    const { updates, at } = this.#lastSave
    return this.#run.step.updates - updates >= this.#everySteps || performance.now() - at >= 1000 * this.#everySeconds
  }

  /** Writes a checkpoint; no gradients may be waiting for their update. */
  save(position: Position): void {
    this.#newest = this.#folder.save(this.#run.step.batches, pack(this.#run, position))
    this.startTimer()
  }
}
