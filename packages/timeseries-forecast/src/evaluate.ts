/**
 * How good a saved model is on a table: on all of it, or on one part of the time that the model was trained with. The recipe is core's,
 * judging is in judge.ts; here the table is read as the training table was.
 */
import { evaluateModel, type Evaluation, type EvaluationData, type Hooks } from '@weft/core/app'
import { resolveOptions, type GivenOptions } from '@weft/core/cli'
import { expected } from '@weft/core/errors'
import { TrainedBaselines } from './baselines/trained-baselines.js'
import { readTableForModel } from './forecasting/table-for-model.js'
import { judgeForecasts } from './judge.js'
import { forecastsCsv } from './judging/judgement-io.js'
import type { Judgement } from './judging/judgement.js'
import { ForecastModel } from './model.js'
import { evaluateOptions, type EvaluateOptions } from './options.js'
import { windowsToJudge } from './training-set.js'

/**
 * Judges a saved model.
 *
 * @throws UserError when the table lacks a column of the model's, or holds a series that the model does not know.
 */
export async function evaluate(
  given: GivenOptions<typeof evaluateOptions>,
  hooks: Hooks = {},
): Promise<Evaluation<Judgement, ForecastModel>> {
  const load = (path: string) => ForecastModel.load(path)
  return evaluateModel({ load, open }, resolveOptions(evaluateOptions, given), hooks)
}

async function open(model: ForecastModel, options: EvaluateOptions, hooks: Hooks): Promise<EvaluationData<Judgement>> {
  const { season, options: trained } = model.spec
  // Before the table is read, so that a mistake in them shows at once.
  const baselines = new TrainedBaselines(options.baselines ?? trained.baselines, { season })
  const { set } = await readTableForModel(model, options.data)
  const windows = windowsToJudge(set, options.part, { ...trained, judgedWindows: options.judgedWindows })
  if (windows.length === 0)
    throw expected({
      doing: 'judging the model',
      want: 'at least 1 window',
      of: `the ${options.part ?? 'whole'} part of ${options.data}`,
      got: 0,
    })
  return {
    skipped: [],
    warnings: [],
    judge: () =>
      judgeForecasts(model, set, windows.origins, {
        horizon: trained.horizon,
        coverage: trained.coverage,
        baselines,
        batchSize: options.batchSize,
        season,
        onProgress: hooks.onItems,
      }),
    predictions: forecastsCsv,
    report: async () => (await import('./report/from-judgement.js')).forecastReport(model.spec),
  }
}
