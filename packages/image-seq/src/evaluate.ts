/**
 * How good a saved model is on labelled images: all images of `data`, or one part of the split that the model was trained with.
 * `evaluateModel` of @weft/core does the work; this file lists and prepares the images.
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
} from '@weft/core/app'
import { resolveOptions, type GivenOptions } from '@weft/core/cli'
import { drawing, readImages } from './data.js'
import { datasets } from './datasets/index.js'
import { prepareImages } from './features/image-store.js'
import { judgeImages, readingsCsv, unwritable, type Judgement } from './judge.js'
import { ImageModel } from './model.js'
import { evaluateOptions, type EvaluateOptions } from './options.js'
import { readerOf } from './reading/reader.js'

/**
 * Evaluates a saved model.
 *
 * @throws UserError when the model lacks a label, or no image can be used.
 */
export async function evaluate(
  given: GivenOptions<typeof evaluateOptions>,
  hooks: Hooks = {},
): Promise<Evaluation<Judgement, ImageModel>> {
  const load = (path: string) => ImageModel.load(path)
  return evaluateModel({ load, open }, resolveOptions(evaluateOptions, given), hooks)
}

async function open(model: ImageModel, options: EvaluateOptions, hooks: Hooks): Promise<EvaluationData<Judgement>> {
  const { meaning, options: trained } = model.spec
  const reader = readerOf(model, options)
  const hasTrainingLayout = trained.dataset !== undefined && datasets[trained.dataset].fits(options.data)
  const list = readImages(options.data, {
    ...readingAsTrained(options, trained),
    dataset: options.dataset ?? (hasTrainingLayout ? trained.dataset : undefined),
    frames: trained.frames,
    task: meaning.task,
  })
  refuseSkipped(list.skipped, options)
  const items = itemsToJudge(list.items, options, trained, drawing(trained.seed, trained, meaning.task))
  const { workers, strict, batchSize } = options
  const store = await prepareImages(items, model.imageOptions, { workers, strict, onProgress: hooks.onFiles })
  return {
    skipped: [...list.skipped, ...store.skipped],
    warnings: [...store.warnings, ...unwritable(store.items, model)],
    judge: () => judgeImages(model, store, store.items, { reader, batchSize, onProgress: hooks.onItems }),
    predictions: (judgement) =>
      judgement.task === 'read' ? readingsCsv(judgement) : predictionsCsv(judgement, model.labels, false),
    report: async () => (await import('./report.js')).imageReport(model, store),
    close: () => store.close(),
  }
}
