/**
 * Where a run is: everything that `fit` needs, beside the training step's own state, to go on as if it had never stopped. It turns
 * into a checkpoint's content and back, and says when a checkpoint belongs to another run.
 */
import { UserError } from '../errors.js'
import type { Callback, CallbackState, EpochLog, History, Json, ValidationLog } from './callbacks.js'
import type { CheckpointContent } from './checkpoint.js'
import type { StepState, TrainStep } from './train-step.js'
import { allWeights, type Values } from './weights.js'

/** The position in the data, the epoch's sums so far and the figures of all epochs before. */
export interface Position {
  /** From 0; equal to the number of epochs when the run is over. */
  epoch: number
  /** Batches of the epoch that were trained on. */
  batch: number
  lossSum: number
  items: number
  /** Of the epoch, up to the checkpoint. */
  seconds: number
  /** Why the run ends early, when it does. */
  stopReason: string | undefined
  history: History
}

/** What must be the same in the run that goes on; each is compared by name. */
export type Fingerprint = Record<string, string | number>

export function fingerprint(step: TrainStep, items: number, batchesPerEpoch: number): Fingerprint {
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

export function begin(): Position {
  const history: History = { epochs: [], validations: [] }
  return { epoch: 0, batch: 0, lossSum: 0, items: 0, seconds: 0, stopReason: undefined, history }
}

/** The whole run as a checkpoint holds it. */
export function pack(
  step: TrainStep,
  position: Position,
  callbacks: readonly Callback[],
  print: Fingerprint,
): CheckpointContent {
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
      fingerprint: print,
      step: { ...stepState },
      position: { ...rest, stopReason: stopReason ?? null },
      epochs: history.epochs.map((log) => ({ ...log })),
      validations: history.validations.map((log) => ({ ...log })),
      callbacks: callbackStates,
    },
    arrays,
  }
}

/** The parts of a checkpoint's JSON; they are as `pack` wrote them, since the file's checksum was right. */
interface Packed {
  fingerprint: Fingerprint
  step: StepState
  position: Omit<Position, 'stopReason' | 'history'> & { stopReason: string | null }
  epochs: Record<string, number | null>[]
  validations: Record<string, number | null>[]
  callbacks: { name: string; values: Json; arrays: number }[]
}

/** Whether the JSON has the parts of this version of the format. */
function isPacked(state: object): state is Packed {
  return ['fingerprint', 'step', 'position', 'epochs', 'validations', 'callbacks'].every((key) => key in state)
}

/**
 * Puts step and callbacks where the checkpoint has them.
 *
 * @throws UserError when the checkpoint is of another run.
 */
export function unpack(
  content: CheckpointContent,
  path: string,
  step: TrainStep,
  callbacks: readonly Callback[],
  print: Fingerprint,
): Position {
  const { state, arrays } = content
  if (!isPacked(state))
    throw new UserError(`resuming from ${path}: expected a checkpoint of this version, received other content`)
  for (const [name, value] of Object.entries(print)) {
    const saved = state.fingerprint[name]
    if (saved !== value)
      throw new UserError(
        `resuming from ${path}: expected ${saved} for ${name}, as in the run that is to go on, received ${value}`,
        'resume with the options and the data that the run began with, or begin a new one in another folder',
      )
  }
  step.restore(state.step, arrays)
  callbacks.forEach((callback, i) => {
    const saved = state.callbacks[i]
    if (saved?.name !== callback.name)
      throw new UserError(
        `resuming from ${path}: expected the callback ${saved?.name ?? 'none'} at position ${i}, received ${callback.name}`,
      )
    const restored: Values[] = []
    for (let j = 0; j < saved.arrays; j++) restored.push(arrays.get(`callbacks/${i}/${j}`) ?? new Float32Array())
    const callbackState: CallbackState = { values: saved.values, arrays: restored }
    callback.restore?.(callbackState)
  })
  const { stopReason, ...rest } = state.position
  const history = { epochs: state.epochs.map(epochLog), validations: state.validations.map(validationLog) }
  return { ...rest, stopReason: stopReason ?? undefined, history }
}

// JSON has no NaN: it wrote null.
const numbers = (log: Record<string, number | null>) =>
  Object.fromEntries(Object.entries(log).map(([name, value]) => [name, value ?? Number.NaN]))

const NO_EPOCH = { epoch: 0, steps: 0, seconds: 0, time: 0, learningRate: 0, loss: Number.NaN }
const epochLog = (log: Record<string, number | null>): EpochLog => ({ ...NO_EPOCH, ...numbers(log) })
const validationLog = (log: Record<string, number | null>): ValidationLog => ({
  epoch: 0,
  steps: 0,
  time: 0,
  ...numbers(log),
})
