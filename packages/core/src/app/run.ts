/**
 * The training run that all applications share: the folder, the weights to begin with, the loop with its callbacks and checkpoints, and
 * then saving, judging and the report. What the network is, what it is fed and how it is judged are the application's.
 */
import type * as tfl from '@tensorflow/tfjs-layers'
import type { BatchSource } from '../data/batches.js'
import type { RuntimeReport } from '../runtime/device.js'
import { EarlyStopping, type EpochLog } from '../training/callbacks.js'
import { JsonLinesLogger, TensorBoardLogger } from '../training/loggers.js'
import { Trainer, type TrainerOptions } from '../training/trainer.js'
import type { Hooks } from './hooks.js'
import type { SkippedFile } from './inputs.js'
import type { PartName, RunFolderOptions, TrainingOptions } from './options.js'
import type { ReportContent } from './report.js'
import { openRunFolder, runFolder } from './run-folder.js'
import { takeOver, type InitialWeights } from './take-over.js'
import type { RunResult } from './results.js'

/** A model that a run trains and saves. */
export interface RunModel {
  readonly network: tfl.LayersModel
  save(dir: string): Promise<void>
}

/** What one application's run consists of. */
export interface RunPlan<Model extends RunModel, Part extends { readonly length: number }, Judgement> {
  readonly model: Model
  readonly parts: Readonly<Record<PartName, Part>>
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
  /** When the run began, by `performance.now()`. */
  readonly started: number
  readonly trainer: TrainerOptions
  readonly training: BatchSource
  /** Its loss says which epoch was best; without one the last weights are kept. */
  readonly validation?: BatchSource | undefined
  /** The model of `--init`. */
  readonly init?: InitialWeights | undefined
  /** Makes of the trained model the one that is saved and judged. Default: the trained one as it is. */
  finish?(model: Model): Model
  /** Never receives an empty part. */
  judge(model: Model, items: Part): Promise<Judgement>
  /** Loads what draws the report, which nothing else needs. */
  report(model: Model): Promise<ReportContent<Judgement>>
}

/**
 * Trains in the folder `out`, or goes on with what was begun there; saves the model, judges it, writes the report. A run that was stopped
 * ends with its checkpoint. Disposes of the model's network.
 */
export async function runTraining<Model extends RunModel, Part extends { readonly length: number }, Judgement>(
  plan: RunPlan<Model, Part, Judgement>,
  options: TrainingOptions & RunFolderOptions,
  runtime: RuntimeReport,
  hooks: Hooks,
): Promise<RunResult<Judgement>> {
  const { network } = plan.model
  try {
    takeOver(network, options, plan.init, hooks)
    const trained = await fit(plan, options, runtime, hooks)
    const summary = { ...trained, out: options.out, runtime, ...summaryOf(plan), epochs: trained.epochs.length }
    const seconds = () => (performance.now() - plan.started) / 1000
    if (trained.stopped)
      return { ...summary, validation: undefined, test: undefined, seconds: seconds(), report: undefined }
    const folder = runFolder(options.out)
    const model = plan.finish?.(plan.model) ?? plan.model
    await model.save(folder.model)
    const judge = async (items: Part) => (items.length === 0 ? undefined : plan.judge(model, items))
    const [validation, test] = [await judge(plan.parts.validation), await judge(plan.parts.test)]
    const result = { ...summary, validation, test, seconds: seconds(), report: folder.report }
    const { writeRunReport } = await import('./report.js')
    const source = { epochs: trained.epochs, options, command: hooks.command }
    await writeRunReport(folder.report, result, await plan.report(model), source)
    return result
  } finally {
    network.dispose()
  }
}

function summaryOf({ model, parts, skipped, warnings }: RunPlan<RunModel, { readonly length: number }, unknown>) {
  const items = { train: parts.train.length, validation: parts.validation.length, test: parts.test.length }
  return { items, skipped, warnings, parameters: model.network.countParams() }
}

interface Fitted {
  readonly stopped: boolean
  readonly epochs: readonly EpochLog[]
  readonly bestEpoch: number | undefined
}

/** The loop; the network ends with the weights to be used. */
async function fit(
  plan: Pick<RunPlan<RunModel, never, unknown>, 'model' | 'trainer' | 'training' | 'validation'>,
  options: TrainingOptions & RunFolderOptions,
  runtime: RuntimeReport,
  hooks: Hooks,
): Promise<Fitted> {
  const { model, training, validation } = plan
  const record = { options: { ...options }, versions: runtime.versions, device: runtime }
  const folder = openRunFolder(options.out, record, options.resume)
  const best = validation !== undefined && options.keep === 'best'
  const stopping = best ? new EarlyStopping({ patience: options.patience || Infinity }) : undefined
  const trainer = new Trainer(model.network, plan.trainer)
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
    return { stopped, epochs: history.epochs, bestEpoch: stopping?.bestEpoch }
  } finally {
    trainer.dispose()
  }
}
