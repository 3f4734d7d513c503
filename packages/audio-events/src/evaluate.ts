/**
 * How good a model is on labelled sounds: all that `data` holds, or one part of the split that the model was trained with. The
 * figures are core's; here the sounds are found, run through the model and matched with their labels.
 */
import { join } from 'node:path'
import { setupRuntime } from '@weft/core/runtime'
import { writeFileAtomic } from '@weft/core/files'
import type { LabelledFile } from '@weft/core/data'
import {
  itemsToJudge,
  judgeClassifier,
  predictionsCsv,
  readingAsTrained,
  refuseSkipped,
  writeEvaluationReport,
} from '@weft/core/app'
import type { EvaluateHooks, Evaluation, Judgement, JudgeOptions } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { drawing, readSounds } from './data.js'
import { prepareFeatures, type FeatureStore } from './feature-store.js'
import { SoundModel, spectrogramOptions } from './model.js'
import { evaluateOptions } from './options.js'
import { soundReport } from './report.js'

/** Runs the model over sounds whose frames the store has. */
export function judgeSounds(
  model: SoundModel,
  items: readonly LabelledFile[],
  store: FeatureStore,
  options: Pick<JudgeOptions<LabelledFile>, 'batchSize' | 'onProgress'>,
): Promise<Judgement> {
  const { labels, multiLabel } = model.hearing
  return judgeClassifier(items, {
    ...options,
    labels,
    multiLabel,
    predict: async (batch) => model.predict(await Promise.all(batch.map((item) => store.get(item)))),
  })
}

/**
 * Judges a saved model.
 *
 * @throws UserError when a label is none of the model's, or no sound can be used.
 */
export async function evaluate(
  given: GivenOptions<typeof evaluateOptions>,
  hooks: EvaluateHooks = {},
): Promise<Evaluation<Judgement, SoundModel>> {
  const started = performance.now()
  const options = resolveOptions(evaluateOptions, given)
  const runtime = await setupRuntime({ device: options.device, threads: options.threads, purpose: 'predict' })
  const model = await SoundModel.load(options.model)
  const { multiLabel, options: trained } = model.hearing
  // As told, and else as when the model was trained.
  const found = readSounds(options.data, {
    ...readingAsTrained(options, trained),
    dataset: options.dataset ?? trained.dataset,
    labelSeparator: options.labelSeparator ?? trained.labelSeparator,
    fold: options.fold ?? trained.fold,
  })
  refuseSkipped(found.skipped, options)
  const items = itemsToJudge(found.items, options, trained, drawing(trained.seed, trained, multiLabel))
  const store = await prepareFeatures(items, {
    settings: { spectrogram: spectrogramOptions(trained), trimDb: trained.trimDb },
    cache: options.cache,
    workers: options.workers,
    strict: options.strict,
    onProgress: hooks.onFiles,
  })
  try {
    const { batchSize, out } = options
    const judgement = await judgeSounds(model, store.items, store, { batchSize, onProgress: hooks.onProgress })
    const evaluation = {
      judgement,
      model,
      skipped: [...found.skipped, ...store.skipped],
      warnings: store.warnings,
      runtime,
      seconds: (performance.now() - started) / 1000,
    }
    if (out === undefined) return { ...evaluation, report: undefined }
    const report = join(out, 'report.html')
    writeFileAtomic(join(out, 'predictions.csv'), predictionsCsv(judgement, model.labels, multiLabel))
    await writeEvaluationReport(report, evaluation, soundReport(model, store), { options, command: hooks.command })
    return { ...evaluation, report }
  } finally {
    await store.close()
  }
}
