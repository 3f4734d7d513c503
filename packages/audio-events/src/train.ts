/**
 * From a folder of sounds to a trained model and the folder of a run: list, divide, compute features, train, judge, report. Options
 * decide everything; the run is core's, the loop its Trainer. A run that was stopped or killed goes on with `resume` and ends as if it
 * had not been.
 */
import { UserError } from '@weft/core/errors'
import {
  checkRunFolder,
  classifierMetrics,
  classWeights,
  divide,
  keepUsable,
  onRuntime,
  optimisation,
  requireEveryLabel,
  runTraining,
} from '@weft/core/app'
import type { Hooks, Judgement, RunResult } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { RuntimeReport } from '@weft/core/runtime'
import { drawing } from './data.js'
import { noiseItems, plainSource, trainingSource } from './features/batches.js'
import { prepareFeatures } from './features/feature-store.js'
import { judgeSounds } from './judge.js'
import { SoundModel } from './model.js'
import { trainOptions, type GivenTrainOptions, type TrainOptions } from './options.js'
import { presets } from './presets/index.js'
import { listSounds, prepareSpec, type TrainingSet } from './training-set.js'

export interface TrainResult extends RunResult<Judgement> {
  readonly labels: readonly string[]
}

/**
 * Trains a model into the folder `out`.
 *
 * @throws UserError for options, data or files that a user can mend.
 */
export async function train(given: GivenTrainOptions, hooks: Hooks = {}): Promise<TrainResult> {
  return withInit(resolveOptions(trainOptions, given, presets), hooks, async (begin, inner) => {
    const { options } = begin
    if (options.crossValidate)
      throw new UserError('training: expected crossValidate to be off', 'Call crossValidateSounds.')
    checkRunFolder(options)
    const list = listSounds(options)
    const parts = divide(list.items, options, drawing(options.seed, options, list.multiLabel))
    const store = await prepareFeatures(list.items, options, inner)
    try {
      const skipped = [...list.skipped, ...store.skipped]
      return await trainOn({ ...list, parts: keepUsable(parts, store.items), store, skipped }, begin, inner)
    } finally {
      await store.close()
    }
  })
}

/** How a training begins: on what, with which options, and with whose weights. */
export interface Beginning {
  readonly options: TrainOptions
  readonly runtime: RuntimeReport
  /** The model of `--init`. */
  readonly source: SoundModel | undefined
}

/** Trains on the sounds of a set. */
export async function trainOn(
  set: TrainingSet,
  { options, runtime, source }: Beginning,
  hooks: Hooks,
): Promise<TrainResult> {
  const started = performance.now()
  const { labels, multiLabel, parts, store, skipped } = set
  requireEveryLabel(labels, parts, options.data)
  const model = SoundModel.create(await prepareSpec(set, options))
  const noise =
    options.noise === undefined ? undefined : await prepareFeatures(noiseItems(options.noise), options, hooks)
  try {
    const run = await runTraining(
      {
        model,
        parts,
        skipped,
        warnings: store.warnings,
        started,
        trainer: {
          ...optimisation(options),
          ...classWeights(labels, parts.train, options),
          loss: multiLabel ? 'binaryCrossentropy' : 'categoricalCrossentropy',
          labelSmoothing: options.labelSmoothing,
          metrics: classifierMetrics(labels, multiLabel),
        },
        training: trainingSource(model, parts.train, store, options, noise),
        validation: parts.validation.length > 0 ? plainSource(model, parts.validation, store, options) : undefined,
        init: source && { network: source.network },
        judge: (trained, items) => judgeSounds(trained, items, store, options),
        report: async (trained) => (await import('./report.js')).soundReport(trained, store),
      },
      options,
      runtime,
      hooks,
    )
    return { ...run, labels: labels.names }
  } finally {
    await noise?.close()
  }
}

/**
 * Runs `work` on a device, with the model of `--init`, if there is one: sounds are heard, and the network is built, as that model does.
 */
export function withInit<Result>(
  options: TrainOptions,
  hooks: Hooks,
  work: (begin: Beginning, hooks: Hooks) => Promise<Result>,
): Promise<Result> {
  return onRuntime(options, hooks, async (runtime, inner) => {
    const { init } = options
    if (init === undefined) return work({ options, runtime, source: undefined }, inner)
    const source = await SoundModel.load(init)
    try {
      hooks.note?.(`Sounds are heard, and the network is built, as ${init} does.`)
      const shared = { ...source.shared, durationSeconds: source.windowSeconds }
      return await work({ options: { ...options, ...shared }, runtime, source }, inner)
    } finally {
      source.network.dispose()
    }
  })
}
