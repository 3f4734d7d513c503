/**
 * The training loop: epochs of steps with validation, callbacks and checkpoints between them. A run that was killed at any moment and
 * is resumed ends with the same weights, bit for bit, as one that was not: everything that decides is in the checkpoint, all
 * randomness is a function of seed and batch number, and a source can begin an epoch in its middle.
 */
import { setImmediate } from 'node:timers/promises'
import type { Batch, BatchSource } from '../data/batches.js'
import { expected, UserError } from '../errors.js'
import type { Callback, EpochLog, History, Run, ValidationLog } from './callbacks.js'
import { CheckpointFolder } from './checkpoint.js'
import { disposeBatch, type Evaluation } from './evaluate.js'
import { begin, fingerprint, pack, unpack, type Fingerprint, type Position } from './run-state.js'
import { makeSchedule, type ScheduleName, type ScheduleOptions } from './schedules.js'
import type { TrainStep } from './train-step.js'

/** How long the loop may keep the event loop waiting: signals and timers are served this often. */
const YIELD_MS = 50

/** Where training is, for a progress bar. */
export interface Progress {
  phase: 'train' | 'validation'
  /** From 1. */
  epoch: number
  epochs: number
  /** Batches done of the phase. */
  batch: number
  batches: number
  /** Mean loss of the epoch so far. */
  loss: number
  learningRate: number
  /** Items trained on in a second, over the epoch so far. */
  itemsPerSecond: number
}

/** Where and how often checkpoints are written: at every epoch's end, and within epochs as asked. */
export interface CheckpointOptions {
  dir: string
  /** Updates between two within an epoch. Off by default. */
  everySteps?: number
  /** Default 60. */
  everySeconds?: number
  /** How a file is written; atomically by default. */
  write?: (path: string, data: Uint8Array) => void
}

/** Options of a run. */
export interface FitOptions {
  epochs: number
  validation?: BatchSource
  /** Validates within epochs too, after every so many updates. */
  validateEverySteps?: number
  callbacks?: readonly Callback[]
  checkpoint?: CheckpointOptions
  /** Goes on from the newest checkpoint; from the beginning when there is none. Default false. */
  resume?: boolean
  /** On abort the batch is finished, a checkpoint written, and `fit` returns with `stopped`. */
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
  /** Is told what a user should know (a damaged checkpoint was passed over, where a run goes on). */
  onMessage?: (message: string) => void
}

/** How a run ended. */
export interface FitResult {
  history: History
  /** True when aborted: the model holds the weights of that moment, and the run can be resumed. */
  stopped: boolean
  /** Why it ended before its last epoch, when a callback ended it. */
  stopReason: string | undefined
  /** Updates of the weights. */
  steps: number
  /** The newest checkpoint, when any was written or read. */
  checkpoint: string | undefined
}

/** What a run needs of its Trainer. */
export interface Surroundings {
  schedule: ScheduleName | ScheduleOptions
  withEvaluationWeights<T>(action: () => Promise<T>): Promise<T>
  evaluate(
    source: BatchSource,
    signal: AbortSignal | undefined,
    onBatch: (batch: number) => Promise<void>,
  ): Promise<Evaluation | undefined>
  /** Makes the evaluation weights the model's own. */
  finish(): void
}

/** One run of `fit`. */
export class Fit {
  readonly #step: TrainStep
  readonly #train: BatchSource
  readonly #options: FitOptions
  readonly #around: Surroundings
  readonly #callbacks: readonly Callback[]
  readonly #folder: CheckpointFolder | undefined
  readonly #fingerprint: Fingerprint
  readonly #run: Run
  #position: Position = begin()
  #checkpoint: string | undefined
  // Clocks, in milliseconds of performance.now().
  #epochStart = 0
  #lastYield = 0
  #lastSave = { updates: 0, at: 0 }

  constructor(step: TrainStep, train: BatchSource, options: FitOptions, around: Surroundings) {
    const { epochs, checkpoint } = options
    if (!(Number.isInteger(epochs) && epochs >= 1))
      throw expected({ doing: 'training', want: 'a whole number of at least 1', of: 'epochs', got: epochs })
    if (train.items < 1 || train.batchesPerEpoch < 1)
      throw expected({ doing: 'training', want: 'at least one item', of: 'the training data', got: train.items })
    this.#step = step
    this.#train = train
    this.#options = options
    this.#around = around
    this.#callbacks = options.callbacks ?? []
    this.#folder = checkpoint && new CheckpointFolder(checkpoint.dir, { write: checkpoint.write })
    this.#fingerprint = fingerprint(step, train.items, train.batchesPerEpoch)
    const position = () => this.#position
    this.#run = {
      model: step.model,
      get history() {
        return position().history
      },
      get learningRateFactor() {
        return step.learningRateFactor
      },
      set learningRateFactor(factor) {
        step.learningRateFactor = factor
      },
      stop: (reason) => {
        this.#position.stopReason ??= reason
      },
    }
  }

  async run(): Promise<FitResult> {
    const { epochs } = this.#options
    this.#setSchedule()
    this.#resume()
    for (const callback of this.#callbacks) await callback.onTrainBegin?.(this.#run)
    this.#lastSave = { updates: this.#step.updates, at: performance.now() }
    while (this.#position.epoch < epochs && this.#position.stopReason === undefined) {
      const finished = await this.#epoch()
      if (!finished) return this.#result(true)
      if (this.#aborted() && this.#position.epoch < epochs && this.#position.stopReason === undefined)
        return this.#result(true)
    }
    this.#around.finish()
    for (const callback of this.#callbacks) await callback.onTrainEnd?.(this.#run)
    return this.#result(false)
  }

  #setSchedule(): void {
    const { schedule } = this.#around
    const updatesPerEpoch = Math.ceil(this.#train.batchesPerEpoch / this.#step.accumulate)
    const options = typeof schedule === 'string' ? namedSchedule(schedule) : schedule
    const totalUpdates = updatesPerEpoch * this.#options.epochs
    this.#step.schedule = makeSchedule(options, { updatesPerEpoch, totalUpdates })
  }

  #resume(): void {
    const folder = this.#folder
    if (!folder) return
    const { onMessage } = this.#options
    if (!this.#options.resume) {
      const [existing] = folder.list()
      if (existing)
        throw new UserError(
          `training: expected no checkpoints in ${folder.dir}, received ${existing}`,
          'resume that run, or write to another folder',
        )
      return
    }
    const loaded = folder.load()
    if (!loaded) {
      onMessage?.(`no checkpoint in ${folder.dir} yet: beginning at the first epoch`)
      return
    }
    const { path, content, skipped } = loaded
    for (const message of skipped) onMessage?.(`${message}; using the checkpoint before it`)
    this.#position = unpack(content, path, this.#step, this.#callbacks, this.#fingerprint)
    this.#checkpoint = path
    onMessage?.(`going on from ${path}: epoch ${this.#position.epoch + 1}, batch ${this.#position.batch + 1}`)
  }

  /** @returns false when aborted on the way; a checkpoint of that moment is then written. */
  async #epoch(): Promise<boolean> {
    const position = this.#position
    this.#epochStart = performance.now() - 1000 * position.seconds
    // A run that was stopped between two updates has yet to do what belongs there.
    const { batchesPerEpoch } = this.#train
    if (position.batch > 0 && position.batch < batchesPerEpoch && !(await this.#betweenUpdates())) return false
    for await (const batch of this.#batches()) {
      let loss: number
      const { learningRate } = this.#step
      const count = batch.y.shape[0] ?? 1
      try {
        loss = this.#step.run(batch)
      } finally {
        disposeBatch(batch)
      }
      position.batch++
      if (!Number.isFinite(loss)) throw this.#notFinite(loss, learningRate)
      position.lossSum += loss * count
      position.items += count
      await this.#progress('train', position.batch, batchesPerEpoch, learningRate)
      if (position.batch === batchesPerEpoch) break
      if (!this.#step.pending && !(await this.#betweenUpdates())) return false
    }
    if (!this.#step.flush()) throw this.#notFinite(Number.NaN, this.#step.learningRate)
    if (this.#aborted()) {
      this.#save()
      return false
    }
    return await this.#endEpoch()
  }

  /** The rest of the epoch's batches: none when only its end is still to come. */
  #batches(): AsyncIterable<Batch> | Batch[] {
    const { epoch, batch } = this.#position
    return batch >= this.#train.batchesPerEpoch ? [] : this.#train.epoch(epoch, batch)
  }

  /** Validation and checkpoints within an epoch. @returns false when aborted. */
  async #betweenUpdates(): Promise<boolean> {
    const { validation, validateEverySteps, checkpoint } = this.#options
    const { updates } = this.#step
    const done = this.#position.history.validations.at(-1)?.steps === updates
    if (validation && validateEverySteps && updates % validateEverySteps === 0 && !done) {
      const figures = await this.#around.withEvaluationWeights(async () => {
        const found = await this.#validate(validation)
        if (!found) return undefined
        const time = Date.now() / 1000
        const log: ValidationLog = { epoch: this.#position.epoch + 1, steps: updates, time, ...found }
        this.#position.history.validations.push(log)
        for (const callback of this.#callbacks) await callback.onValidation?.(log, this.#run)
        return found
      })
      if (!figures) {
        this.#save()
        return false
      }
    }
    const { everySteps = Infinity, everySeconds = 60 } = checkpoint ?? {}
    const { updates: savedUpdates, at } = this.#lastSave
    const due = updates - savedUpdates >= everySteps || performance.now() - at >= 1000 * everySeconds
    const aborted = this.#aborted()
    if (due || aborted) this.#save()
    return !aborted
  }

  /** Validates, logs, tells the callbacks and moves on to the next epoch. @returns false when aborted while validating. */
  async #endEpoch(): Promise<boolean> {
    const position = this.#position
    const learningRate = this.#step.lastLearningRate
    const complete = await this.#around.withEvaluationWeights(async () => {
      const figures = this.#options.validation ? await this.#validate(this.#options.validation) : {}
      if (!figures) return false
      const log: EpochLog = {
        epoch: position.epoch + 1,
        steps: this.#step.updates,
        seconds: (performance.now() - this.#epochStart) / 1000,
        time: Date.now() / 1000,
        learningRate,
        loss: position.lossSum / position.items,
        ...figures,
      }
      position.history.epochs.push(log)
      for (const callback of this.#callbacks) await callback.onEpochEnd?.(log, this.#run)
      return true
    })
    if (complete) Object.assign(position, { epoch: position.epoch + 1, batch: 0, lossSum: 0, items: 0, seconds: 0 })
    this.#epochStart = performance.now()
    this.#save()
    return complete
  }

  async #validate(source: BatchSource): Promise<Record<string, number> | undefined> {
    const { learningRate } = this.#step
    const found = await this.#around.evaluate(source, this.#options.signal, (batch) =>
      this.#progress('validation', batch, source.batchesPerEpoch, learningRate),
    )
    if (!found) return undefined
    const named = Object.entries(found.metrics).map(([name, value]) => [`val_${name}`, value])
    return { val_loss: found.loss, ...Object.fromEntries(named) }
  }

  #save(): void {
    const folder = this.#folder
    if (!folder) return
    const now = performance.now()
    const position = { ...this.#position, seconds: (now - this.#epochStart) / 1000 }
    const content = pack(this.#step, position, this.#callbacks, this.#fingerprint)
    this.#checkpoint = folder.save(this.#step.batches, content)
    this.#lastSave = { updates: this.#step.updates, at: performance.now() }
  }

  async #progress(phase: Progress['phase'], batch: number, batches: number, learningRate: number): Promise<void> {
    const { lossSum, items, epoch } = this.#position
    const { onProgress, epochs } = this.#options
    const now = performance.now()
    onProgress?.({
      phase,
      epoch: epoch + 1,
      epochs,
      batch,
      batches,
      loss: lossSum / items,
      learningRate,
      itemsPerSecond: (1000 * items) / (now - this.#epochStart),
    })
    if (now - this.#lastYield < YIELD_MS) return
    await setImmediate()
    this.#lastYield = performance.now()
  }

  #aborted(): boolean {
    return this.#options.signal?.aborted ?? false
  }

  #notFinite(loss: number, learningRate: number): UserError {
    const { epoch, batch } = this.#position
    const where = `epoch ${epoch + 1}, batch ${batch} (step ${this.#step.updates + 1}, learning rate ${learningRate})`
    const kept = this.#checkpoint === undefined ? '' : `; the last checkpoint, ${this.#checkpoint}, is from before it`
    return new UserError(
      `training: expected a finite loss and gradient in ${where}, received ${loss}`,
      `lower the learning rate, clip the gradients (clipNorm), or look for NaN in the data${kept}`,
    )
  }

  #result(stopped: boolean): FitResult {
    return {
      history: this.#position.history,
      stopped,
      stopReason: this.#position.stopReason,
      steps: this.#step.updates,
      checkpoint: this.#checkpoint,
    }
  }
}

function namedSchedule(type: ScheduleName): ScheduleOptions {
  if (type === 'step')
    throw expected({ doing: 'setting up the schedule', want: 'its numbers (everyEpochs)', of: 'schedule', got: type })
  return { type }
}
