/**
 * How good a saved model is on labelled sounds: all that `data` holds, or one part of the split that the model was trained with. The
 * recipe is core's; here the sounds are listed and prepared.
 */
import {
  evaluateModel,
  itemsToJudge,
  predictionsCsv,
  readingAsTrained,
  refuseSkipped,
  type Evaluation,
  type EvaluationData,
  type Hooks,
  type Judgement,
} from '@weft/core/app'
import { resolveOptions, type GivenOptions } from '@weft/core/cli'
import { drawing, readSounds } from './data.js'
import { prepareFeatures } from './features/feature-store.js'
import { judgeSounds } from './judge.js'
import { SoundModel } from './model.js'
import { evaluateOptions, type EvaluateOptions } from './options.js'

/**
 * Judges a saved model.
 *
 * @throws UserError when a label is none of the model's, or no sound can be used.
 */
export async function evaluate(
  given: GivenOptions<typeof evaluateOptions>,
  hooks: Hooks = {},
): Promise<Evaluation<Judgement, SoundModel>> {
  const load = (path: string) => SoundModel.load(path)
  return evaluateModel({ load, open }, resolveOptions(evaluateOptions, given), hooks)
}

async function open(model: SoundModel, options: EvaluateOptions, hooks: Hooks): Promise<EvaluationData<Judgement>> {
  const { multiLabel, options: trained } = model.spec
  const list = readSounds(options.data, {
    ...readingAsTrained(options, trained),
    dataset: options.dataset ?? trained.dataset,
    labelSeparator: options.labelSeparator ?? trained.labelSeparator,
    fold: options.fold ?? trained.fold,
  })
  refuseSkipped(list.skipped, options)
  const items = itemsToJudge(list.items, options, trained, drawing(trained.seed, trained, multiLabel))
  const { cache, workers, strict } = options
  const store = await prepareFeatures(items, { ...trained, cache, workers, strict }, hooks)
  return {
    skipped: [...list.skipped, ...store.skipped],
    warnings: store.warnings,
    judge: () => judgeSounds(model, store.items, store, { batchSize: options.batchSize, onProgress: hooks.onItems }),
    predictions: (judgement) => predictionsCsv(judgement, model.labels, multiLabel),
    report: async () => (await import('./report.js')).soundReport(model, store),
    close: () => store.close(),
  }
}
