/**
 * What the options that all trainings share mean to the Trainer and to the batches it is fed, and which of them may differ when a run
 * goes on.
 */
import { existsSync } from 'node:fs'
import { flagOf } from '../cli/options.js'
import { labelOf, type SourceOptions } from '../data/dataset.js'
import { balancedClassWeights, countLabels, type Labels } from '../data/labels.js'
import type { LabelledFile } from '../data/read-items.js'
import { expected } from '../errors.js'
import type { TrainerOptions } from '../training/trainer.js'
import {
  cacheOption,
  loadingOptions,
  runFolderOptions,
  runtimeOptions,
  type ClassificationOptions,
  type RunFolderOptions,
  type TrainingOptions,
} from './options.js'
import { readRunOptions, refuseTaken, runFolder } from './run-folder.js'

/** Options that may be others when a run goes on. */
const FREE_ON_RESUME: ReadonlySet<string> = new Set([
  ...Object.keys(runtimeOptions),
  ...Object.keys(loadingOptions),
  ...Object.keys(cacheOption),
  ...Object.keys(runFolderOptions),
])

/** How the batches of an epoch are made of the training part. */
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

/** How the Trainer optimises. */
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

/** Fails early for a folder that holds another run, or a run with other options. */
export function checkRunFolder(options: Pick<RunFolderOptions, 'out' | 'resume'>): void {
  const { out, resume } = options
  refuseTaken(out, resume)
  if (!existsSync(runFolder(out).options)) return
  const before = readRunOptions(out)
  for (const [name, value] of Object.entries(options)) {
    if (FREE_ON_RESUME.has(name) || JSON.stringify(before[name]) === JSON.stringify(value)) continue
    throw expected({
      doing: `resuming ${out}`,
      want: `${JSON.stringify(before[name]) ?? 'nothing'} as in the run begun there`,
      of: flagOf(name),
      got: JSON.stringify(value) ?? 'nothing',
      hint: 'Repeat the command that began the run, with --resume, or begin a new run in another folder.',
    })
  }
}
