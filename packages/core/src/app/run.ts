/**
 * The frame of every application's training run: the folder, the loop with its callbacks and checkpoints, taking over another model's
 * weights, and what may differ when a run goes on. What the network is and what it is fed are the application's.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import type * as tfl from '@tensorflow/tfjs-layers'
import { flagOf } from '../cli/flags.js'
import type { BatchSource } from '../data/batches.js'
import { labelOf, type SourceOptions } from '../data/dataset.js'
import { balancedClassWeights, countLabels, type Labels } from '../data/labels.js'
import type { LabelledFile } from '../data/read-items.js'
import { expected, UserError } from '../errors.js'
import { freezeLayers, type TransferOptions, transferWeights } from '../models/transfer.js'
import { openRunFolder, readRunOptions, runFolder } from './run-folder.js'
import type { RuntimeReport } from '../runtime/device.js'
import { EarlyStopping, type EpochLog, type MonitorOptions, type Run } from '../training/callbacks.js'
import type { Progress } from '../training/fit.js'
import { JsonLinesLogger, TensorBoardLogger } from '../training/loggers.js'
import { Trainer, type TrainerOptions } from '../training/trainer.js'
import type { SkippedFile } from './inputs.js'
import {
  cacheOption,
  loadingOptions,
  runFolderOptions,
  runtimeOptions,
  type ClassificationOptions,
  type RunFolderOptions,
  type TrainingOptions,
} from './options.js'
import type { PartName } from './parts.js'

/** What may be watched while a run goes on. */
export interface TrainHooks {
  readonly signal?: AbortSignal | undefined
  /** What people may want to know. */
  readonly note?: (line: string) => void
  /** Files that were prepared. */
  readonly onFiles?: (done: number, total: number) => void
  readonly onProgress?: (progress: Progress) => void
  readonly onEpoch?: (log: EpochLog, run: Run) => void
  /** The command line, for the report. */
  readonly command?: string
}

/** What every application's training gives, whatever it judges. */
export interface RunSummary {
  readonly out: string
  /** True when it was aborted; it can be resumed. */
  readonly stopped: boolean
  readonly runtime: RuntimeReport
  /** Items of each part. */
  readonly items: Readonly<Record<PartName, number>>
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
  readonly epochs: number
  readonly bestEpoch: number | undefined
  readonly parameters: number
  readonly seconds: number
  readonly report: string | undefined
}

/** A run with what its model says of the parts that it was not trained on. */
export interface RunResult<Judged> extends RunSummary {
  readonly validation: Judged | undefined
  readonly test: Judged | undefined
}

/** What a run's training is made of. */
export interface RunParts {
  readonly network: tfl.LayersModel
  readonly runtime: RuntimeReport
  readonly trainer: TrainerOptions
  readonly training: BatchSource
  /** Without one the last weights are kept. */
  readonly validation?: BatchSource | undefined
  /** What says which epoch was best. Default: the validation loss. */
  readonly monitor?: MonitorOptions
}

/** Options that may be others when a run goes on. */
const FREE_ON_RESUME: ReadonlySet<string> = new Set([
  ...Object.keys(runtimeOptions),
  ...Object.keys(loadingOptions),
  ...Object.keys(cacheOption),
  ...Object.keys(runFolderOptions),
])

/** How training ended. */
export interface Trained {
  readonly out: string
  readonly network: tfl.LayersModel
  readonly runtime: RuntimeReport
  readonly stopped: boolean
  readonly epochs: readonly EpochLog[]
  readonly bestEpoch: number | undefined
}

/** What was trained on. */
export interface RunData<Part> {
  readonly parts: Readonly<Record<PartName, Part>>
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
  /** When the run began, by `performance.now()`. */
  readonly started: number
}

/** Trains in the folder `out`, or goes on with what was begun there; the network ends with the weights to be used. */
export async function fitRun(
  { network, runtime, trainer: trainerOptions, training, validation, monitor }: RunParts,
  options: TrainingOptions & RunFolderOptions,
  hooks: TrainHooks,
): Promise<Trained> {
  const record = { options: { ...options }, versions: runtime.versions, device: runtime }
  const folder = openRunFolder(options.out, record, options.resume)
  const best = validation !== undefined && options.keep === 'best'
  const stopping = best ? new EarlyStopping({ patience: options.patience || Infinity, ...monitor }) : undefined
  const trainer = new Trainer(network, trainerOptions)
  try {
    const { stopped, history } = await trainer.fit(training, {
      epochs: options.epochs,
      ...(validation && { validation }),
      callbacks: [
        ...(stopping ? [stopping] : []),
        new JsonLinesLogger(folder.metrics),
        new TensorBoardLogger(folder.events),
        { name: 'hooks', onEpochEnd: (log, run) => hooks.onEpoch?.(log, run) },
      ],
      checkpoint: { dir: folder.checkpoint, everySeconds: options.checkpointSeconds },
      resume: options.resume,
      ...(hooks.signal && { signal: hooks.signal }),
      ...(hooks.onProgress && { onProgress: hooks.onProgress }),
      ...(hooks.note && { onMessage: hooks.note }),
    })
    const { out } = options
    return { out, network, runtime, stopped, epochs: history.epochs, bestEpoch: stopping?.bestEpoch }
  } finally {
    trainer.dispose()
  }
}

/**
 * Saves and judges what was trained, unless the run was stopped on its way.
 *
 * @param judge Is never given an empty part.
 * @returns The result, which names the report that is yet to be written.
 */
export async function finishRun<Part extends { readonly length: number }, Judged>(
  { out, network, runtime, stopped, epochs, bestEpoch }: Trained,
  { parts, skipped, warnings, started }: RunData<Part>,
  model: { save(dir: string): Promise<void> },
  judge: (items: Part) => Promise<Judged>,
): Promise<RunResult<Judged>> {
  const folder = runFolder(out)
  if (!stopped) await model.save(folder.model)
  const judgePart = async (items: Part) => (stopped || items.length === 0 ? undefined : judge(items))
  const [validation, test] = [await judgePart(parts.validation), await judgePart(parts.test)]
  return {
    out,
    stopped,
    runtime,
    items: { train: parts.train.length, validation: parts.validation.length, test: parts.test.length },
    skipped,
    warnings,
    epochs: epochs.length,
    bestEpoch,
    parameters: network.countParams(),
    validation,
    test,
    seconds: (performance.now() - started) / 1000,
    report: stopped ? undefined : folder.report,
  }
}

/** How the batches of an epoch are made of the training part, as the shared options say. */
export function trainingBatches<Item extends LabelledFile>(
  items: readonly Item[],
  { batchSize, seed, balance }: TrainingOptions & ClassificationOptions & { readonly seed: number },
): Pick<SourceOptions<Item>, 'batchSize' | 'seed' | 'dropRemainder' | 'balanced' | 'classOf'> {
  return {
    batchSize,
    seed,
    // The rest of an epoch is left out when it would be a small batch; another epoch's order has it.
    dropRemainder: items.length >= batchSize,
    ...(balance === 'sampling' && { balanced: true, classOf: labelOf }),
  }
}

/** How batches are made of a part that judges: all items as they are, in their order. */
export function judgingBatches({ batchSize, seed }: { readonly batchSize: number; readonly seed: number }) {
  return { batchSize, seed, shuffle: false }
}

/** How the Trainer optimises, as the shared options say. */
export function optimisation(
  options: TrainingOptions & { readonly seed: number },
): Omit<TrainerOptions, 'loss' | 'metrics'> {
  return {
    optimizer: options.optimizer,
    learningRate: options.learningRate,
    schedule: { type: options.schedule, warmupEpochs: options.warmupEpochs },
    weightDecay: options.weightDecay,
    seed: options.seed,
    ...(options.clipNorm > 0 && { clipNorm: options.clipNorm }),
    ...(options.emaDecay > 0 && { emaDecay: options.emaDecay }),
  }
}

/** The class weights that `--balance weights` asks for. */
export function classWeights(
  labels: Labels,
  training: readonly LabelledFile[],
  { balance }: ClassificationOptions,
): Pick<TrainerOptions, 'classWeights'> {
  if (balance !== 'weights') return {}
  const counts = countLabels(
    labels,
    training.map((item) => item.labels),
  )
  return { classWeights: [...balancedClassWeights(counts)] }
}

/** Whether anything is there, be it a file of this name. */
export const isTaken = (folder: string) =>
  existsSync(folder) && (!statSync(folder).isDirectory() || readdirSync(folder).length > 0)

/** Fails early for a folder that holds another run, or a run with other options. */
export function checkRunFolder(options: Pick<RunFolderOptions, 'out' | 'resume'>): void {
  const { out, resume } = options
  if (!isTaken(out)) return
  if (!resume) {
    openRunFolder(out, { options: {}, versions: {}, device: '' })
    return
  }
  if (!existsSync(runFolder(out).options)) return
  const before = readRunOptions(out)
  for (const [name, value] of Object.entries(options)) {
    if (FREE_ON_RESUME.has(name) || JSON.stringify(before[name]) === JSON.stringify(value)) continue
    throw expected({
      doing: `resuming ${out}`,
      want: `${JSON.stringify(before[name]) ?? 'nothing'}, as the run began,`,
      of: flagOf(name),
      got: JSON.stringify(value) ?? 'nothing',
      hint: 'Repeat the command that began the run, with --resume, or begin a new run in another folder.',
    })
  }
}

/**
 * Takes over the weights of the model at `init` where layers agree, and freezes a part of the network, as `--init` and `--freeze` say.
 *
 * @param load Loads the other model's network, and says which of its outputs are this one's.
 */
export async function takeOver(
  network: tfl.LayersModel,
  { init, freeze }: Pick<TrainingOptions, 'init' | 'freeze'>,
  load: (path: string) => Promise<TransferOptions & { network: tfl.LayersModel }>,
  hooks: TrainHooks,
): Promise<void> {
  if (init === undefined) {
    if (freeze !== 'none')
      throw expected({
        doing: 'training',
        want: 'a model to take the weights from',
        of: flagOf('init'),
        got: 'nothing',
      })
    return
  }
  const { network: source, ...transfer } = await load(init)
  const { copied, skipped, outputs } = transferWeights(source, network, transfer)
  source.dispose()
  if (copied.length === 0) {
    throw new UserError(`taking over ${init}: expected layers of the same names and shapes, received none`)
  }
  const fresh = skipped.length === 0 ? '' : `; new: ${skipped.map(({ layer }) => layer).join(', ')}`
  const frozen = freezeLayers(network, freeze)
  const kept = frozen.length === 0 ? '' : `; frozen: ${frozen.join(', ')}`
  const matched = outputs ? `; outputs of the same name: ${outputs.taken} of ${outputs.of}` : ''
  hooks.note?.(`From ${init}: ${copied.join(', ')}${matched}${fresh}${kept}.`)
}
