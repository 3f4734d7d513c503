/**
 * From a table to a trained model and the folder of a run: read, divide, prepare, train, calibrate, judge, report. Options decide
 * everything; the loop is the Trainer of core, which also has the frame of a run. A run that was stopped or killed goes on with `resume` and
 * ends as if it had not been.
 */
import { setupRuntime } from '@weft/core/runtime'
import {
  checkRunFolder,
  finishRun,
  fitRun,
  optimisation,
  takeOver,
  writeRunReport,
  type RunResult,
  type TrainHooks,
} from '@weft/core/app'
import { plural, resolveOptions } from '@weft/core/cli'
import { calibrate } from './forecasting/calibrate.js'
import { withDataset } from './datasets/index.js'
import { judgeForecasts } from './judge.js'
import type { Judgement } from './judging/judgement.js'
import { ForecastModel } from './model.js'
import { lossOf } from './network.js'
import { trainOptions, type GivenTrainOptions } from './options.js'
import { presets } from './presets/index.js'
import { forecastReport } from './report/from-judgement.js'
import { inferOptions } from './presets/infer-options.js'
import { readTrainingSet, type TrainingSet } from './training-set.js'
import { WindowSource, type WindowInput } from './windows/source.js'

export interface TrainResult extends RunResult<Judgement> {
  readonly targets: readonly string[]
  /** Rows of a season. */
  readonly season: number
}

/**
 * Trains a model into the folder `out`.
 *
 * @throws UserError for options, data or files that a user can mend.
 */
export async function train(given: GivenTrainOptions, hooks: TrainHooks = {}): Promise<TrainResult> {
  const chosen = withDataset(given)
  const options = resolveOptions(trainOptions, { ...(await inferOptions(chosen, hooks.note)), ...chosen }, presets)
  checkRunFolder(options)
  return trainOn(await readTrainingSet(options, hooks), hooks)
}

/** Trains on what was read. */
export async function trainOn(data: TrainingSet, hooks: TrainHooks): Promise<TrainResult> {
  const started = performance.now()
  const { options, set, training, validating, parts, spec } = data
  const runtime = await setupRuntime({ device: options.device, threads: options.threads })
  const untrained = ForecastModel.create(spec, {
    inputs: training.inputs,
    targets: training.targets,
    futureInputs: training.futureInputs,
    series: training.seriesCount,
  })
  const { network } = untrained
  hooks.note?.(
    `${plural(training.length, 'window')} train, ${parts.validation.length} validate, ${parts.test.length} test; ${plural(network.countParams(), 'weight')}.`,
  )
  try {
    await takeOver(network, options, async (path) => ({ network: (await ForecastModel.load(path)).network }), hooks)
    const inputs = inputsOf(untrained)
    const { batchSize, seed, windowsPerEpoch, judgedWindows } = options
    const trained = await fitRun(
      {
        network,
        runtime,
        trainer: { ...optimisation(options), loss: lossOf(options) },
        training: new WindowSource(training, {
          batchSize: Math.min(batchSize, training.length),
          seed,
          inputs,
          windowsPerEpoch,
          dropRemainder: true,
        }),
        validation:
          validating.length > 0
            ? new WindowSource(validating, { batchSize, seed, inputs, shuffle: false, windowsPerEpoch: judgedWindows })
            : undefined,
      },
      options,
      hooks,
    )
    const model = trained.stopped ? untrained : calibrate(untrained, set, parts.validation.origins ?? [])
    const judge = ({ origins = [] }: TrainingSet['parts']['test']) =>
      judgeForecasts(model, set, origins, { ...options, season: spec.season })
    const run = await finishRun(trained, { parts, skipped: [], warnings: data.warnings, started }, model, judge)
    const result = { ...run, targets: untrained.targetNames, season: spec.season }
    if (result.report !== undefined) {
      const source = { epochs: trained.epochs, options, command: hooks.command }
      await writeRunReport(result.report, result, forecastReport(model), source)
    }
    return result
  } finally {
    network.dispose()
  }
}

/** The inputs of a model's network in its order. */
function inputsOf({ network }: ForecastModel): WindowInput[] {
  return network.inputNames.flatMap((name) =>
    (['past', 'future', 'series'] as const).filter((input) => name.startsWith(input)),
  )
}
