/**
 * From a folder of sounds to a trained model and the folder of a run: read, divide, compute features, train, judge, report. Options
 * decide everything; the loop itself is core's Trainer. A run that was stopped or killed goes on with `resume` and ends as if it had
 * not been.
 */
import { join } from 'node:path'
import { crossValidate } from '@weft/core/training'
import { setupRuntime } from '@weft/core/runtime'
import { UserError } from '@weft/core/errors'
import { writeJsonAtomic } from '@weft/core/files'
import type { CrossValidationResult } from '@weft/core/training'
import type { LabelledFile } from '@weft/core/data'
import type { RuntimeReport } from '@weft/core/runtime'
import {
  accuracyOf,
  checkRunFolder,
  classifierMetrics,
  classWeights,
  divide,
  finishRun,
  fitRun,
  foldsOf,
  keepUsable,
  optimisation,
  refuseSkipped,
  requireEveryLabel,
  takeOver,
  writeRunReport,
} from '@weft/core/app'
import type { Judgement, RunResult, TrainHooks } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import { drawing, isMultiLabel, labelsOf, readSounds } from './data.js'
import { judgeSounds } from './evaluate.js'
import { prepareFeatures, type FeatureStore } from './feature-store.js'
import { SoundModel, spectrogramOptions } from './model.js'
import { trainOptions, type GivenTrainOptions, type TrainOptions } from './options.js'
import { prepareHearing, type Sounds } from './prepare.js'
import { presets } from './presets/index.js'
import { soundReport } from './report.js'
import { noiseItems, plainSource, trainingSource } from './sources.js'

export interface TrainResult extends RunResult<Judgement> {
  readonly labels: readonly string[]
}

/**
 * Trains a model into the folder `out`.
 *
 * @throws UserError for options, data or files that a user can mend.
 */
export async function train(given: GivenTrainOptions, hooks: TrainHooks = {}): Promise<TrainResult> {
  const options = await withInitOptions(resolveOptions(trainOptions, given, presets), hooks)
  if (options.crossValidate)
    throw new UserError('training: expected crossValidate to be off', 'Call crossValidateSounds.')
  checkRunFolder(options)
  const found = readSounds(options.data, options)
  refuseSkipped(found.skipped, options)
  const multiLabel = isMultiLabel(options, found.items)
  const labels = labelsOf(found.items, options.data)
  const parts = divide(found.items, options, drawing(options.seed, options, multiLabel))
  const store = await prepareStore(found.items, options, hooks)
  try {
    const skipped = [...found.skipped, ...store.skipped]
    const usable = keepUsable(parts, store.items)
    return await trainOn({ labels, multiLabel, parts: usable, store, skipped }, options, hooks)
  } finally {
    await store.close()
  }
}

/** The rounds of a cross-validation, each a run in its own folder below `out`. */
export interface CrossValidation {
  readonly out: string
  readonly runtime: RuntimeReport
  readonly result: CrossValidationResult
  readonly folds: readonly { readonly name: string; readonly run: TrainResult }[]
  readonly seconds: number
}

/**
 * Trains once for each fold on all others and judges by it. Nothing is chosen by the fold that tests: there is no validation part,
 * and the last weights are kept.
 */
export async function crossValidateSounds(given: GivenTrainOptions, hooks: TrainHooks = {}): Promise<CrossValidation> {
  const started = performance.now()
  const base = await withInitOptions(resolveOptions(trainOptions, given, presets), hooks)
  const options: TrainOptions = { ...base, keep: 'last', patience: 0 }
  const found = readSounds(options.data, options)
  refuseSkipped(found.skipped, options)
  const multiLabel = isMultiLabel(options, found.items)
  const labels = labelsOf(found.items, options.data)
  const { folds: count, seed, group } = options
  const folds = foldsOf(found.items, { folds: count, seed, byGroup: group !== undefined })
  const store = await prepareStore(found.items, options, hooks)
  try {
    const runs: { name: string; run: TrainResult }[] = []
    const result = await crossValidate(folds, async (fold) => {
      const take = (places: readonly number[]) => places.flatMap((at) => found.items[at] ?? [])
      const parts = keepUsable({ train: take(fold.train), validation: [], test: take(fold.test) }, store.items)
      hooks.note?.(`Fold ${fold.name}: ${parts.train.length} sounds train, ${parts.test.length} test.`)
      const skipped = [...found.skipped, ...store.skipped]
      const out = join(options.out, `fold-${fold.name}`)
      const run = await trainOn({ labels, multiLabel, parts, store, skipped }, { ...options, out }, hooks)
      if (run.stopped) throw new DOMException('stopped', 'AbortError')
      runs.push({ name: fold.name, run })
      const accuracy = run.test ? accuracyOf(run.test.figures) : Number.NaN
      hooks.note?.(`Fold ${fold.name}: accuracy ${accuracy.toFixed(4)}.`)
      return { accuracy, macroF1: run.test?.figures.macro.f1 ?? Number.NaN }
    })
    writeJsonAtomic(join(options.out, 'cross-validation.json'), { names: folds.map((fold) => fold.name), ...result })
    const [first] = runs
    if (first === undefined) throw new Error('cross-validating: no fold was run')
    return {
      out: options.out,
      runtime: first.run.runtime,
      result,
      folds: runs,
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    await store.close()
  }
}

async function trainOn(sounds: Sounds, options: TrainOptions, hooks: TrainHooks): Promise<TrainResult> {
  const started = performance.now()
  const { labels, multiLabel, parts, store, skipped } = sounds
  requireEveryLabel(labels, parts, options.data)
  const runtime = await setupRuntime({ device: options.device, threads: options.threads })
  const model = SoundModel.create(await prepareHearing(sounds, options))
  await takeOver(model.network, options, async (path) => ({ network: (await SoundModel.load(path)).network }), hooks)
  const noise = options.noise === undefined ? undefined : await prepareStore(noiseItems(options.noise), options, hooks)
  try {
    const trained = await fitRun(
      {
        network: model.network,
        runtime,
        trainer: {
          ...optimisation(options),
          ...classWeights(labels, parts.train, options),
          loss: multiLabel ? 'binaryCrossentropy' : 'categoricalCrossentropy',
          labelSmoothing: options.labelSmoothing,
          metrics: classifierMetrics(labels, multiLabel),
        },
        training: trainingSource(model, parts.train, store, options, noise),
        validation: parts.validation.length > 0 ? plainSource(model, parts.validation, store, options) : undefined,
      },
      options,
      hooks,
    )
    const data = { parts, skipped, warnings: store.warnings, started }
    const run = await finishRun(trained, data, model, (items) => judgeSounds(model, items, store, options))
    const result = { ...run, labels: labels.names }
    if (result.report !== undefined) {
      const source = { epochs: trained.epochs, options, command: hooks.command }
      await writeRunReport(result.report, result, soundReport(model, store), source)
    }
    return result
  } finally {
    model.network.dispose()
    await noise?.close()
  }
}

function prepareStore(items: readonly LabelledFile[], options: TrainOptions, hooks: TrainHooks): Promise<FeatureStore> {
  return prepareFeatures(items, {
    settings: { spectrogram: spectrogramOptions(options), trimDb: options.trimDb },
    cache: options.cache,
    workers: options.workers,
    strict: options.strict,
    signal: hooks.signal,
    onProgress: hooks.onFiles,
  })
}

/** With `init`, sounds are heard and the network is built as that model does. */
async function withInitOptions(options: TrainOptions, hooks: TrainHooks): Promise<TrainOptions> {
  if (options.init === undefined) return options
  await setupRuntime({ device: options.device, threads: options.threads })
  const source = await SoundModel.load(options.init)
  source.network.dispose()
  hooks.note?.(`Sounds are heard, and the network is built, as ${options.init} does.`)
  return { ...options, ...source.shared, durationSeconds: source.windowSeconds }
}
