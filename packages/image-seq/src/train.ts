/**
 * From a folder of images to a trained model and the folder of a run: read, divide, prepare, train, judge, report. Options decide
 * everything; the loop is core's Trainer, the frame of a run core's too. A run that was stopped or killed goes on with `resume` and
 * ends as if it had not been.
 */
import { ctcCrossentropy } from '@weft/core/training'
import { setupRuntime } from '@weft/core/runtime'
import { UserError } from '@weft/core/errors'
import type { TrainerOptions } from '@weft/core/training'
import {
  checkRunFolder,
  classifierMetrics,
  classWeights,
  finishRun,
  fitRun,
  optimisation,
  takeOver,
  writeRunReport,
  type RunResult,
  type TrainHooks,
} from '@weft/core/app'
import { flagOf, plural, resolveOptions } from '@weft/core/cli'
import { judgeImages, readerMetrics, unwritable, type Judgement } from './judge.js'
import type { ImageItem } from './items.js'
import { ImageModel, type Meaning } from './model.js'
import { trainOptions, type GivenTrainOptions, type TrainOptions } from './options.js'
import { presets } from './presets/index.js'
import { TextReader } from './reader.js'
import { imageReport } from './report.js'
import { plainSource, trainingSource } from './sources.js'
import { prepareSeeing, readTrainingSet, type TrainingSet } from './training-set.js'

export interface TrainResult extends RunResult<Judgement> {
  readonly task: Meaning['task']
  /** Classes, or the symbols of an alphabet. */
  readonly labels: readonly string[]
}

/**
 * Trains a model into the folder `out`.
 *
 * @throws UserError for options, data or files that a user can mend.
 */
export async function train(given: GivenTrainOptions, hooks: TrainHooks = {}): Promise<TrainResult> {
  const { options, symbols } = await withInitOptions(resolveOptions(trainOptions, given, presets), hooks)
  checkRunFolder(options)
  const set = await readTrainingSet(options, hooks)
  try {
    return await trainOn(set, symbols, hooks)
  } finally {
    await set.store.close()
  }
}

async function trainOn(set: TrainingSet, symbols: readonly string[], hooks: TrainHooks): Promise<TrainResult> {
  const started = performance.now()
  const { options, parts, store } = set
  const runtime = await setupRuntime({ device: options.device, threads: options.threads })
  const model = ImageModel.create(await prepareSeeing(set, symbols))
  hooks.note?.(foundText(set, model))
  try {
    await takeOver(model.network, options, async (path) => transferFrom(await ImageModel.load(path), model), hooks)
    const trained = await fitRun(
      {
        network: model.network,
        runtime,
        trainer: trainerOptions(model, parts.train, options),
        training: trainingSource(model, parts.train, store, options),
        validation: parts.validation.length > 0 ? plainSource(model, parts.validation, store, options) : undefined,
      },
      options,
      hooks,
    )
    const { meaning } = model.seeing
    const reader = meaning.task === 'read' ? TextReader.withDefaults(model) : undefined
    const judge = (items: readonly ImageItem[]) =>
      judgeImages(model, store, items, { reader, batchSize: options.batchSize })
    const warnings = [...set.warnings, ...unwritable([...parts.validation, ...parts.test], model)]
    const run = await finishRun(trained, { ...set, warnings, started }, model, judge)
    const labels = meaning.task === 'read' ? meaning.alphabet.symbols : meaning.labels.names
    const result = { ...run, task: meaning.task, labels }
    if (result.report !== undefined) {
      const source = { epochs: trained.epochs, options, command: hooks.command }
      await writeRunReport(result.report, result, imageReport(model, store), source)
    }
    return result
  } finally {
    model.network.dispose()
  }
}

function trainerOptions(model: ImageModel, training: readonly ImageItem[], options: TrainOptions): TrainerOptions {
  const { meaning } = model.seeing
  if (meaning.task === 'read') return { ...optimisation(options), loss: ctcCrossentropy(), metrics: readerMetrics() }
  return {
    ...optimisation(options),
    ...classWeights(meaning.labels, training, options),
    loss: 'categoricalCrossentropy',
    labelSmoothing: options.labelSmoothing,
    metrics: classifierMetrics(meaning.labels, false),
  }
}

/** Another model's network, and which of its outputs mean what this model's do. */
function transferFrom(source: ImageModel, model: ImageModel) {
  const [theirs, ours] = [source.seeing.meaning, model.seeing.meaning]
  if (theirs.task === 'read' && ours.task === 'read')
    return { network: source.network, outputs: ours.alphabet.outputsFrom(theirs.alphabet) }
  if (theirs.task === 'classify' && ours.task === 'classify') {
    const outputs = ours.labels.names.map((name) => (theirs.labels.has(name) ? theirs.labels.indexOf(name) : undefined))
    return { network: source.network, outputs }
  }
  return { network: source.network }
}

/** With `init`, images are prepared and the network is built as that model does, and a reader knows its symbols too. */
async function withInitOptions(
  options: TrainOptions,
  hooks: TrainHooks,
): Promise<{ options: TrainOptions; symbols: readonly string[] }> {
  if (options.init === undefined) return { options, symbols: [] }
  await setupRuntime({ device: options.device, threads: options.threads })
  const source = await ImageModel.load(options.init)
  source.network.dispose()
  const { meaning, frames } = source.seeing
  if (frames !== options.frames)
    throw new UserError(
      `taking over ${options.init}: expected a model of ${itemsOf(options.frames)}, received one of ${itemsOf(frames)}`,
      `${frames ? 'Give' : 'Leave out'} ${flagOf('frames')}, or take another model.`,
    )
  hooks.note?.(`Images are prepared, and the network is built, as ${options.init} does.`)
  return {
    options: { ...options, ...source.shared },
    symbols: meaning.task === 'read' ? meaning.alphabet.symbols : [],
  }
}

/** What the data was taken for, so that a mistake is seen before anything is learnt. */
function foundText({ parts, skipped }: TrainingSet, { seeing: { meaning, frames } }: ImageModel): string {
  const { train, validation, test } = parts
  const of =
    meaning.task === 'read'
      ? `texts of ${plural(meaning.alphabet.symbols.length, 'symbol')}`
      : plural(meaning.labels.size, 'class', 'classes')
  const leftOut = skipped.length === 0 ? '' : `; ${skipped.length} left out`
  const noun = frames ? 'sequence' : 'image'
  const all = plural(train.length + validation.length + test.length, noun)
  return `${all}, ${of}: ${train.length} train, ${validation.length} validate, ${test.length} test${leftOut}.`
}

function itemsOf(frames: boolean): string {
  return frames ? 'sequences of images' : 'single images'
}
