/**
 * Where a run is: everything that `Trainer.fit` needs, besides the training step's own state, to continue as if it had never stopped.
 * Converts it to a checkpoint's content and back, and refuses a checkpoint of another run.
 */
import type { BatchSource } from '../data/batches.js'
import { UserError } from '../errors.js'
import type { Callback, EpochLog, History, Json, ValidationLog } from './callbacks.js'
import type { CheckpointContent } from './checkpoint.js'
import type { StepState, TrainStep } from './train-step.js'
import { allWeights, type Values } from './weights.js'

/** The position in the data, the sums of the epoch so far and the figures of all epochs before. */
export interface Position {
  /** From 0; equal to the number of epochs when the run is over. */
  epoch: number
  /** Batches of the epoch that were trained on. */
  batch: number
  /** Sum of the losses of the epoch's items so far. */
  lossSum: number
  /** Items of the epoch that were trained on. */
  items: number
  /** Time spent in the epoch before this checkpoint. */
  seconds: number
  /** Why the run ends early, when a callback ends it. */
  stopReason: string | undefined
  history: History
}

/** What must be the same in the run that is resumed; each entry is compared by name. */
export type Fingerprint = Record<string, string | number>

/** What a checkpoint saves and restores besides the position. */
export interface ResumableRun {
  readonly step: TrainStep
  readonly callbacks: readonly Callback[]
  readonly fingerprint: Fingerprint
}

export function fingerprintOf(step: TrainStep, { items, batchesPerEpoch }: BatchSource): Fingerprint {
  return {
    seed: step.seed,
    optimizer: step.optimizer.name,
    accumulate: step.accumulate,
    'moving average': step.average ? 'on' : 'off',
    items,
    'batches per epoch': batchesPerEpoch,
    'weight shapes': allWeights(step.model)
      .map((weight) => weight.shape.join('x'))
      .join(' '),
  }
}

/** The position before the first batch. */
export function startPosition(): Position {
  const history: History = { epochs: [], validations: [] }
  return { epoch: 0, batch: 0, lossSum: 0, items: 0, seconds: 0, stopReason: undefined, history }
}

/** The whole run as a checkpoint stores it. */
export function pack({ step, callbacks, fingerprint }: ResumableRun, position: Position): CheckpointContent {
  const arrays = new Map<string, Values>()
  const stepState = step.capture(arrays)
  for (const [name, values] of arrays)
    if (!values.every(Number.isFinite))
      throw new UserError(
        `writing a checkpoint in epoch ${position.epoch + 1}: expected finite numbers for ${name}, received NaN or infinity`,
        'the checkpoint before it is kept; lower the learning rate or clip the gradients (clipNorm)',
      )
  const callbackStates: Json[] = callbacks.map((callback, i) => {
    const state = callback.state?.()
    state?.arrays?.forEach((values, j) => arrays.set(`callbacks/${i}/${j}`, values))
    return { name: callback.name, values: state?.values ?? null, arrays: state?.arrays?.length ?? 0 }
  })
  const { stopReason, history, ...rest } = position
  return {
    state: {
      fingerprint,
      step: { ...stepState },
      position: { ...rest, stopReason: stopReason ?? null },
      epochs: history.epochs.map((log) => ({ ...log })),
      validations: history.validations.map((log) => ({ ...log })),
      callbacks: callbackStates,
    },
    arrays,
  }
}

/** A callback's state in a checkpoint; `arrays` counts those stored under its number. */
interface PackedCallback {
  name: string
  values: Json
  arrays: number
}

/** The parts of a checkpoint's JSON. The file's checksum was right, so they are as `pack` wrote them. */
interface PackedRun {
  fingerprint: Fingerprint
  step: StepState
  position: Omit<Position, 'stopReason' | 'history'> & { stopReason: string | null }
  epochs: PackedLog[]
  validations: PackedLog[]
  callbacks: PackedCallback[]
}

/** Figures by name. JSON has no NaN: it wrote null. */
type PackedLog = Record<string, number | null>

/** Whether the JSON has the parts of this version of the format. */
function isPackedRun(state: object): state is PackedRun {
  return ['fingerprint', 'step', 'position', 'epochs', 'validations', 'callbacks'].every((key) => key in state)
}

/**
 * Restores step and callbacks from a checkpoint and returns its position.
 *
 * @param path The checkpoint's file, for error messages.
 * @throws UserError when the checkpoint is of another run.
 */
export function unpack(run: ResumableRun, { state, arrays }: CheckpointContent, path: string): Position {
  if (!isPackedRun(state))
    throw new UserError(`resuming from ${path}: expected a checkpoint of this version, received other content`)
  checkFingerprint(run.fingerprint, state.fingerprint, path)
  run.step.restore(state.step, arrays)
  run.callbacks.forEach((callback, i) => {
    const saved = state.callbacks[i]
    if (saved?.name !== callback.name)
      throw new UserError(
        `resuming from ${path}: expected the callback ${saved?.name ?? 'none'} at position ${i}, received ${callback.name}`,
      )
    const callbackArrays = Array.from({ length: saved.arrays }, (_, j) => arrays.get(`callbacks/${i}/${j}`))
    callback.restore?.({ values: saved.values, arrays: callbackArrays.map((values) => values ?? new Float32Array()) })
  })
  const { stopReason, ...rest } = state.position
  const history = { epochs: state.epochs.map(unpackEpochLog), validations: state.validations.map(unpackValidationLog) }
  return { ...rest, stopReason: stopReason ?? undefined, history }
}

function checkFingerprint(current: Fingerprint, saved: Fingerprint, path: string): void {
  for (const [name, value] of Object.entries(current))
    if (saved[name] !== value)
      throw new UserError(
        `resuming from ${path}: expected ${saved[name]} for ${name}, as in the run that is to go on, received ${value}`,
        'resume with the options and the data that the run began with, or begin a new one in another folder',
      )
}

const unpackFigures = (log: PackedLog) =>
  Object.fromEntries(Object.entries(log).map(([name, value]) => [name, value ?? Number.NaN]))

function unpackEpochLog(log: PackedLog): EpochLog {
  return { epoch: 0, steps: 0, seconds: 0, time: 0, learningRate: 0, loss: Number.NaN, ...unpackFigures(log) }
}

function unpackValidationLog(log: PackedLog): ValidationLog {
  return { epoch: 0, steps: 0, time: 0, ...unpackFigures(log) }
}
