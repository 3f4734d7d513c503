/**
 * How good a saved model is on a table: on all of it, or on one part of the time that the model was trained with. Judging is in
 * judge.ts; here the table is read as the training table was.
 */
import { join } from 'node:path'
import { expected } from '@weft/core/errors'
import { setupRuntime } from '@weft/core/runtime'
import { writeFileAtomic } from '@weft/core/files'
import { writeEvaluationReport, type EvaluateHooks, type Evaluation } from '@weft/core/app'
import { resolveOptions } from '@weft/core/cli'
import type { GivenOptions } from '@weft/core/cli'
import { makeBaselines } from './baselines/index.js'
import { judgeForecasts } from './judge.js'
import type { Judgement } from './judging/judgement.js'
import { forecastsCsv } from './judging/judgement-io.js'
import { ForecastModel } from './model.js'
import { evaluateOptions } from './options.js'
import { readTableForModel } from './forecasting/table-for-model.js'
import { forecastReport } from './report/from-judgement.js'
import { windowsToJudge } from './training-set.js'

/**
 * Judges a saved model.
 *
 * @throws UserError when the table lacks a column of the model's, or holds a series that the model does not know.
 */
export async function evaluate(
  given: GivenOptions<typeof evaluateOptions>,
  hooks: EvaluateHooks = {},
): Promise<Evaluation<Judgement, ForecastModel>> {
  const started = performance.now()
  const options = resolveOptions(evaluateOptions, given)
  const runtime = await setupRuntime({ device: options.device, threads: options.threads, purpose: 'predict' })
  const model = await ForecastModel.load(options.model)
  const { season, options: trained } = model.spec
  const baselines = options.baselines ?? trained.baselines
  makeBaselines(baselines, { season })
  const { set } = await readTableForModel(model, options.data)
  const windows = windowsToJudge(set, options.part, { ...trained, judgedWindows: options.judgedWindows })
  if (windows.length === 0)
    throw expected({
      doing: 'judging the model',
      want: 'at least 1 window',
      of: `the ${options.part ?? 'whole'} part of ${options.data}`,
      got: 0,
    })
  const judgement = await judgeForecasts(model, set, windows.origins, {
    horizon: trained.horizon,
    coverage: trained.coverage,
    baselines,
    batchSize: options.batchSize,
    season,
    onProgress: hooks.onProgress,
  })
  const evaluation = {
    judgement,
    model,
    skipped: [],
    warnings: [],
    runtime,
    seconds: (performance.now() - started) / 1000,
  }
  if (options.out === undefined) return { ...evaluation, report: undefined }
  const report = join(options.out, 'report.html')
  writeFileAtomic(join(options.out, 'predictions.csv'), forecastsCsv(judgement))
  await writeEvaluationReport(report, evaluation, forecastReport(model), { options, command: hooks.command })
  return { ...evaluation, report }
}
