/**
 * The training loop: epochs of steps, with validation, checkpoints and callbacks between them. A run that was killed at any moment
 * and is resumed ends with the same weights, bit for bit, as one that was not: everything that decides is in the checkpoint, all
 * randomness is a function of seed and batch number, and a source can begin an epoch in its middle. What one step does is in
 * `train-step.ts`, what a checkpoint contains in `run-state.ts`.
 */
import { setImmediate } from 'node:timers/promises'
import type { Batch, BatchSource } from '../data/batches.js'
import { expected, UserError } from '../errors.js'
import { AbortError, throwIfAborted } from './abort.js'
import type { Callback, History, Run } from './callbacks.js'
import { disposeBatch, evaluateModel, type Measures } from './evaluate.js'
import { RunCheckpoints, type CheckpointOptions } from './run-checkpoints.js'
import { fingerprintOf, startPosition, type Position } from './run-state.js'
import { makeSchedule, type ScheduleOptions } from './schedules.js'
import type { TrainStep } from './train-step.js'

/** Longest time between two turns of the event loop, in which signals and timers are served. */
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
  /** Of the last update. */
  learningRate: number
  /** Items trained on in a second, over the epoch so far. */
  itemsPerSecond: number
}

/** Options of a run. */
export interface FitOptions {
  epochs: number
  validation?: BatchSource
  /** Validates within epochs too, each time this many updates were made. */
  validateEverySteps?: number
  callbacks?: readonly Callback[]
  checkpoint?: CheckpointOptions
  /** Continues from the newest checkpoint, or from the beginning when there is none. Default: false. */
  resume?: boolean
  /** On abort, `fit` finishes the batch, writes a checkpoint and returns with `stopped`. */
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
  /** Receives messages for the user: where the run continues, or that a damaged checkpoint was skipped. */
  onMessage?: (message: string) => void
}

/** How a run ended. */
export interface FitResult {
  history: History
  /** True when aborted: the model has the weights of that moment, and the run can be resumed. */
  stopped: boolean
  /** Why the run ended before its last epoch, when a callback ended it. */
  stopReason: string | undefined
  /** Updates of the weights. */
  steps: number
  /** The newest checkpoint, if the run wrote or read one. */
  checkpoint: string | undefined
}

/** What the loop works with. */
export interface FitParts {
  readonly step: TrainStep
  readonly train: BatchSource
  readonly options: FitOptions
  readonly schedule: ScheduleOptions
  /** What validation measures. */
  readonly measures: Measures
}

/** A run under way. */
interface TrainingRun extends Omit<FitParts, 'schedule'> {
  readonly callbacks: readonly Callback[]
  readonly checkpoints: RunCheckpoints | undefined
  /** Where the run is; changes with each batch. */
  readonly position: Position
  /** What callbacks see. */
  readonly view: Run
  /** When the epoch began, in milliseconds of performance.now(); earlier by the time that was spent before a resume. */
  epochStart: number
  /** When the event loop last had a turn, on the same clock. */
  lastYield: number
}

/** Trains until the last epoch is complete, a callback stops the run, or the signal is aborted. */
export async function trainingLoop(parts: FitParts): Promise<FitResult> {
  const run = beginRun(parts)
  const { step, train, position, callbacks, checkpoints } = run
  const { epochs, signal } = run.options
  for (const callback of callbacks) await callback.onTrainBegin?.(run.view)
  checkpoints?.startTimer()
  try {
    // Due here when the run resumes from a checkpoint that was written before this validation.
    await validateWithinEpoch(run)
    // A stop by a callback takes effect at the end of the epoch.
    while (position.epoch < epochs && (position.stopReason === undefined || position.batch > 0)) {
      throwIfAborted(signal)
      for await (const batch of remainingBatches(run)) {
        trainOnBatch(run, batch)
        await reportProgress(run, 'train', position.batch, train.batchesPerEpoch)
        if (position.batch === train.batchesPerEpoch) break
        if (step.pending) continue
        await validateWithinEpoch(run)
        throwIfAborted(signal)
        if (checkpoints?.isDue()) save(run)
      }
      if (!step.flush()) throw notFinite(run, Number.NaN)
      await validateEpoch(run)
      moveToNextEpoch(run)
      save(run)
    }
  } catch (error) {
    if (!(error instanceof AbortError)) throw error
    save(run)
    return resultOf(run, true)
  }
  step.keepEvaluationWeights()
  for (const callback of callbacks) await callback.onTrainEnd?.(run.view)
  return resultOf(run, false)
}

/** Checks the options and prepares the run: at its beginning, or where the checkpoint that it resumes from left it. */
function beginRun({ schedule, ...parts }: FitParts): TrainingRun {
  const { step, train, options } = parts
  const { epochs, checkpoint, resume = false, callbacks = [], onMessage = () => {} } = options
  if (!(Number.isInteger(epochs) && epochs >= 1))
    throw expected({ doing: 'training', want: 'a whole number of at least 1', of: 'epochs', got: epochs })
  if (train.items < 1 || train.batchesPerEpoch < 1)
    throw expected({ doing: 'training', want: 'at least one item', of: 'the training data', got: train.items })
  const updatesPerEpoch = Math.ceil(train.batchesPerEpoch / step.accumulate)
  step.schedule = makeSchedule(schedule, { updatesPerEpoch, totalUpdates: updatesPerEpoch * epochs })
  const fingerprint = fingerprintOf(step, train)
  const checkpoints = checkpoint && new RunCheckpoints({ step, callbacks, fingerprint }, checkpoint)
  const position = (resume ? checkpoints?.resume(onMessage) : checkpoints?.start()) ?? startPosition()
  const view = viewFor(step, position)
  return { ...parts, callbacks, checkpoints, position, view, epochStart: startOfEpoch(position), lastYield: 0 }
}

/** What callbacks see of a run and can change. */
function viewFor(step: TrainStep, position: Position): Run {
  return {
    model: step.model,
    history: position.history,
    get learningRateFactor() {
      return step.learningRateFactor
    },
    set learningRateFactor(factor) {
      step.learningRateFactor = factor
    },
    stop(reason) {
      position.stopReason ??= reason
    },
  }
}

/** The rest of the epoch's batches; none when the run was aborted in the validation at the epoch's end. */
function remainingBatches({ train, position }: TrainingRun): AsyncIterable<Batch> | Batch[] {
  return position.batch >= train.batchesPerEpoch ? [] : train.epoch(position.epoch, position.batch)
}

/** Makes one step, adds its loss to the epoch's, and disposes the batch. */
function trainOnBatch(run: TrainingRun, batch: Batch): void {
  const { step, position } = run
  const items = batch.y.shape[0] ?? 1
  let loss: number
  try {
    loss = step.run(batch)
  } finally {
    disposeBatch(batch)
  }
  position.batch++
  if (!Number.isFinite(loss)) throw notFinite(run, loss)
  position.lossSum += loss * items
  position.items += items
}

/** Validates when `validateEverySteps` asks for it, and calls `onValidation`, both with the weights that are evaluated. */
async function validateWithinEpoch(run: TrainingRun): Promise<void> {
  const { step, train, position } = run
  const { validation, validateEverySteps } = run.options
  if (!validation || !validateEverySteps || step.updates % validateEverySteps !== 0) return
  if (position.batch === 0 || position.batch >= train.batchesPerEpoch) return
  const { validations } = position.history
  if (validations.at(-1)?.steps === step.updates) return // done before the run was resumed
  await step.withEvaluationWeights(async () => {
    const figures = await validate(run, validation)
    const log = { epoch: position.epoch + 1, steps: step.updates, time: Date.now() / 1000, ...figures }
    validations.push(log)
    for (const callback of run.callbacks) await callback.onValidation?.(log, run.view)
  })
}

/** Validates a complete epoch and calls `onEpochEnd`, both with the weights that are evaluated. */
async function validateEpoch(run: TrainingRun): Promise<void> {
  const { step, position } = run
  const { validation } = run.options
  await step.withEvaluationWeights(async () => {
    const figures = validation ? await validate(run, validation) : {}
    const log = {
      epoch: position.epoch + 1,
      steps: step.updates,
      seconds: secondsOfEpoch(run),
      time: Date.now() / 1000,
      learningRate: step.lastLearningRate,
      loss: position.lossSum / position.items,
      ...figures,
    }
    position.history.epochs.push(log)
    for (const callback of run.callbacks) await callback.onEpochEnd?.(log, run.view)
  })
}

function moveToNextEpoch(run: TrainingRun): void {
  const { position } = run
  Object.assign(position, { epoch: position.epoch + 1, batch: 0, lossSum: 0, items: 0, seconds: 0 })
  run.epochStart = startOfEpoch(position)
}

/** `val_loss` and each metric as `val_<name>`. */
async function validate(run: TrainingRun, source: BatchSource): Promise<Record<string, number>> {
  const { loss, metrics } = await evaluateModel(run.step.model, source, {
    ...run.measures,
    collect: run.measures.metrics !== undefined,
    signal: run.options.signal,
    onBatch: (batch) => reportProgress(run, 'validation', batch, source.batchesPerEpoch),
  })
  const named = Object.entries(metrics).map(([name, value]) => [`val_${name}`, value])
  return { val_loss: loss, ...Object.fromEntries(named) }
}

/** Calls `onProgress`, and lets the event loop have a turn when the last one was long ago. */
async function reportProgress(
  run: TrainingRun,
  phase: Progress['phase'],
  batch: number,
  batches: number,
): Promise<void> {
  const { lossSum, items, epoch } = run.position
  const { onProgress, epochs } = run.options
  onProgress?.({
    phase,
    epoch: epoch + 1,
    epochs,
    batch,
    batches,
    loss: lossSum / items,
    learningRate: run.step.lastLearningRate,
    itemsPerSecond: items / secondsOfEpoch(run),
  })
  if (performance.now() - run.lastYield < YIELD_MS) return
  await setImmediate()
  run.lastYield = performance.now()
}

function save(run: TrainingRun): void {
  run.position.seconds = secondsOfEpoch(run)
  run.checkpoints?.save(run.position)
}

const startOfEpoch = ({ seconds }: Position) => performance.now() - 1000 * seconds
const secondsOfEpoch = ({ epochStart }: TrainingRun) => (performance.now() - epochStart) / 1000

function notFinite({ step, position, checkpoints }: TrainingRun, loss: number): UserError {
  const update = `step ${step.updates + 1}, learning rate ${step.learningRate}`
  const where = `epoch ${position.epoch + 1}, batch ${position.batch} (${update})`
  const kept =
    checkpoints?.newest === undefined ? '' : `; the last checkpoint, ${checkpoints.newest}, is from before it`
  return new UserError(
    `training: expected a finite loss and gradient in ${where}, received ${loss}`,
    `lower the learning rate, clip the gradients (clipNorm), or look for NaN in the data${kept}`,
  )
}

function resultOf({ step, position, checkpoints }: TrainingRun, stopped: boolean): FitResult {
  const { history, stopReason } = position
  return { history, stopped, stopReason, steps: step.updates, checkpoint: checkpoints?.newest }
}
