/**
 * From a folder of images to a trained model and the folder of a run: read, divide, prepare, train, judge, report. The options decide
 * everything; @weft/core has the training loop and the frame of a run. A run that was stopped or killed continues with `resume` and ends
 * as if it had not been.
 */
import {
  checkRunFolder,
  classifierMetrics,
  classWeights,
  onRuntime,
  optimisation,
  runTraining,
  type Hooks,
  type InitialWeights,
  type RunResult,
} from '@weft/core/app'
import { flagOf, plural, resolveOptions } from '@weft/core/cli'
import { UserError } from '@weft/core/errors'
import type { RuntimeReport } from '@weft/core/runtime'
import { ctcCrossentropy, type TrainerOptions } from '@weft/core/training'
import type { ImageItem } from './data/items.js'
import { plainSource, trainingSource } from './features/batches.js'
import { judgeImages, readerMetrics, unwritable, type Judgement } from './judge.js'
import { ImageModel, type Meaning } from './model.js'
import { trainOptions, type GivenTrainOptions, type TrainOptions } from './options.js'
import { presets } from './presets/index.js'
import { TextReader } from './reading/reader.js'
import { prepareSpec, readTrainingSet, type TrainingSet } from './training-set.js'

export interface TrainResult extends RunResult<Judgement> {
  readonly task: Meaning['task']
  /** The classes, or the symbols of the alphabet. */
  readonly labels: readonly string[]
}

/**
 * Trains a model into the folder `out`.
 *
 * @throws UserError for faults of options, data or files that a user can fix.
 */
export async function train(given: GivenTrainOptions, hooks: Hooks = {}): Promise<TrainResult> {
  const base = resolveOptions(trainOptions, given, presets)
  return onRuntime(base, hooks, async (runtime, inner) => {
    const source = base.init === undefined ? undefined : await loadInit(base.init, base, inner)
    try {
      const options = { ...base, ...source?.shared }
      checkRunFolder(options)
      const set = await readTrainingSet(options, inner)
      try {
        return await trainOn(set, source, runtime, inner)
      } finally {
        await set.store.close()
      }
    } finally {
      source?.network.dispose()
    }
  })
}

async function trainOn(
  set: TrainingSet,
  source: ImageModel | undefined,
  runtime: RuntimeReport,
  hooks: Hooks,
): Promise<TrainResult> {
  const started = performance.now()
  const { options, parts, store, skipped } = set
  const model = ImageModel.create(await prepareSpec(set, source ? symbolsOfReader(source) : []))
  const { meaning } = model.spec
  hooks.note?.(summaryText(set, model))
  const reader = meaning.task === 'read' ? TextReader.withDefaults(model) : undefined
  const run = await runTraining(
    {
      model,
      parts,
      skipped,
      warnings: [...set.warnings, ...unwritable([...parts.validation, ...parts.test], model)],
      started,
      trainer: trainerOptions(model, parts.train, options),
      training: trainingSource(model, parts.train, store, options),
      validation: parts.validation.length > 0 ? plainSource(model, parts.validation, store, options) : undefined,
      init: source && transferFrom(source, model),
      judge: (trained, items) => judgeImages(trained, store, items, { reader, batchSize: options.batchSize }),
      report: async (trained) => (await import('./report.js')).imageReport(trained, store),
    },
    options,
    runtime,
    hooks,
  )
  const labels = meaning.task === 'read' ? meaning.alphabet.symbols : meaning.labels.names
  return { ...run, task: meaning.task, labels }
}

function trainerOptions(model: ImageModel, training: readonly ImageItem[], options: TrainOptions): TrainerOptions {
  const { meaning } = model.spec
  if (meaning.task === 'read') return { ...optimisation(options), loss: ctcCrossentropy(), metrics: readerMetrics() }
  return {
    ...optimisation(options),
    ...classWeights(meaning.labels, training, options),
    loss: 'categoricalCrossentropy',
    labelSmoothing: options.labelSmoothing,
    metrics: classifierMetrics(meaning.labels, false),
  }
}

/** The network of another model, and its output for each output of this one, where they have the same meaning. */
function transferFrom(source: ImageModel, model: ImageModel): InitialWeights {
  const [theirs, ours] = [source.spec.meaning, model.spec.meaning]
  if (theirs.task === 'read' && ours.task === 'read')
    return { network: source.network, outputs: ours.alphabet.outputsFrom(theirs.alphabet) }
  if (theirs.task === 'classify' && ours.task === 'classify') {
    const outputs = ours.labels.names.map((name) => (theirs.labels.has(name) ? theirs.labels.indexOf(name) : undefined))
    return { network: source.network, outputs }
  }
  return { network: source.network }
}

/** The model of `--init`, which determines how images are prepared, how the network is built, and symbols that a reader keeps. */
async function loadInit(init: string, { frames }: TrainOptions, hooks: Hooks): Promise<ImageModel> {
  const source = await ImageModel.load(init)
  if (source.spec.frames !== frames) {
    source.network.dispose()
    throw new UserError(
      `taking over ${init}: expected a model of ${itemsOf(frames)}, received one of ${itemsOf(source.spec.frames)}`,
      `${source.spec.frames ? 'Add' : 'Omit'} ${flagOf('frames')}, or use another model.`,
    )
  }
  hooks.note?.(`Images are prepared and the network is built as in ${init}.`)
  return source
}

/** The symbols of a reader; none for a classifier. */
function symbolsOfReader({ spec: { meaning } }: ImageModel): readonly string[] {
  return meaning.task === 'read' ? meaning.alphabet.symbols : []
}

/** How the data was interpreted, to show mistakes before training. */
function summaryText({ parts, skipped }: TrainingSet, { spec: { meaning, frames } }: ImageModel): string {
  const { train, validation, test } = parts
  const of =
    meaning.task === 'read'
      ? `texts of ${plural(meaning.alphabet.symbols.length, 'symbol')}`
      : plural(meaning.labels.size, 'class', 'classes')
  const without = skipped.length === 0 ? '' : `; ${skipped.length} skipped`
  const noun = frames ? 'sequence' : 'image'
  const all = plural(train.length + validation.length + test.length, noun)
  return `${all}, ${of}: ${train.length} train, ${validation.length} validate, ${test.length} test${without}.`
}

function itemsOf(frames: boolean): string {
  return frames ? 'sequences of images' : 'single images'
}
