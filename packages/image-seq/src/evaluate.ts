/**
 * How good a saved model is on labelled images: all that `data` holds, or one part of the split that the model was trained with. The
 * figures are core's, running the model judge.ts's; here the images are found.
 */
import { join } from 'node:path'
import { setupRuntime } from '@weft/core/runtime'
import { writeFileAtomic } from '@weft/core/files'
import {
  itemsToJudge,
  predictionsCsv,
  readingAsTrained,
  refuseSkipped,
  writeEvaluationReport,
  type EvaluateHooks,
  type Evaluation,
} from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { drawing, readImages } from './data.js'
import { datasets } from './datasets/index.js'
import { prepareImages } from './image-store.js'
import { judgeImages, readingsCsv, unwritable, type Judgement } from './judge.js'
import { ImageModel } from './model.js'
import { evaluateOptions } from './options.js'
import { readerOf } from './reader.js'
import { imageReport } from './report.js'

/**
 * Judges a saved model.
 *
 * @throws UserError when a label is none of the model's, or no image can be used.
 */
export async function evaluate(
  given: GivenOptions<typeof evaluateOptions>,
  hooks: EvaluateHooks = {},
): Promise<Evaluation<Judgement, ImageModel>> {
  const started = performance.now()
  const options = resolveOptions(evaluateOptions, given)
  const runtime = await setupRuntime({ device: options.device, threads: options.threads, purpose: 'predict' })
  const model = await ImageModel.load(options.model)
  const { meaning, options: trained } = model.seeing
  const reader = readerOf(model, options)
  const isTrainedSet = trained.dataset !== undefined && datasets[trained.dataset].fits(options.data)
  const found = readImages(options.data, {
    ...readingAsTrained(options, trained),
    dataset: options.dataset ?? (isTrainedSet ? trained.dataset : undefined),
    frames: trained.frames,
    task: meaning.task,
  })
  refuseSkipped(found.skipped, options)
  const items = itemsToJudge(found.items, options, trained, drawing(trained.seed, trained, meaning.task))
  const { workers, strict, batchSize, out } = options
  const store = await prepareImages(items, model.imageOptions, { workers, strict, onProgress: hooks.onFiles })
  try {
    const judgement = await judgeImages(model, store, store.items, { reader, batchSize, onProgress: hooks.onProgress })
    const evaluation = {
      judgement,
      model,
      skipped: [...found.skipped, ...store.skipped],
      warnings: [...store.warnings, ...unwritable(store.items, model)],
      runtime,
      seconds: (performance.now() - started) / 1000,
    }
    if (out === undefined) return { ...evaluation, report: undefined }
    const report = join(out, 'report.html')
    const table = judgement.task === 'read' ? readingsCsv(judgement) : predictionsCsv(judgement, model.labels, false)
    writeFileAtomic(join(out, 'predictions.csv'), table)
    await writeEvaluationReport(report, evaluation, imageReport(model, store), { options, command: hooks.command })
    return { ...evaluation, report }
  } finally {
    await store.close()
  }
}
