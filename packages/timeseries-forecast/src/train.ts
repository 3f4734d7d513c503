/**
 * From a table to a trained model and the folder of a run: read, divide, prepare, train, calibrate, judge, report. Options decide
 * everything; the run is core's, the loop its Trainer. A run that was stopped or killed goes on with `resume` and ends as if it had not
 * been.
 */
import { checkRunFolder, onRuntime, optimisation, runTraining, type Hooks, type RunResult } from '@weft/core/app'
import { plural, resolveOptions } from '@weft/core/cli'
import type { RuntimeReport } from '@weft/core/runtime'
import { readData } from './data.js'
import { withDataset } from './datasets/index.js'
import { calibrate } from './forecasting/calibrate.js'
import { judgeForecasts } from './judge.js'
import type { Judgement } from './judging/judgement.js'
import { ForecastModel } from './model.js'
import { lossOf } from './network.js'
import { trainOptions, type GivenTrainOptions, type TrainOptions } from './options.js'
import { inferOptions } from './presets/infer-options.js'
import { presets } from './presets/index.js'
import type { Table } from './series/series.js'
import { prepareTrainingSet, type TrainingSet } from './training-set.js'
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
export async function train(given: GivenTrainOptions, hooks: Hooks = {}): Promise<TrainResult> {
  const resolve = (values: GivenTrainOptions) => resolveOptions(trainOptions, values, presets)
  return withTable(resolve, given, hooks, async ({ options, table, ...begin }, inner) => {
    checkRunFolder(options)
    return trainOn(await prepareTrainingSet(table, options, inner), begin, inner)
  })
}

/** How a training begins: on what, and with whose weights. */
export interface Beginning {
  readonly runtime: RuntimeReport
  /** The model of `--init`. */
  readonly source: ForecastModel | undefined
}

/**
 * Runs `work` on a device with the table of `given`, which is read once, with options that suit it, and with the model of `--init`.
 *
 * @param resolve The command's options in full, of those that are given.
 */
export function withTable<Options extends TrainOptions, Result>(
  resolve: (given: GivenTrainOptions) => Options,
  given: GivenTrainOptions,
  hooks: Hooks,
  work: (begin: Beginning & { options: Options; table: Table }, hooks: Hooks) => Promise<Result>,
): Promise<Result> {
  const chosen = withDataset(given)
  const asked = resolve(chosen)
  return onRuntime(asked, hooks, async (runtime, inner) => {
    const table = await readData(asked.data, asked)
    const options = resolve(inferOptions(table, asked, chosen, inner.note))
    const source = asked.init === undefined ? undefined : await ForecastModel.load(asked.init)
    try {
      return await work({ options, table, runtime, source }, inner)
    } finally {
      source?.network.dispose()
    }
  })
}

/** Trains on a training set. */
export async function trainOn(
  { options, set, training, validating, parts, baselines, spec, warnings }: TrainingSet,
  { runtime, source }: Beginning,
  hooks: Hooks,
): Promise<TrainResult> {
  const started = performance.now()
  const model = ForecastModel.create(spec, {
    inputs: training.inputs,
    targets: training.targets,
    futureInputs: training.futureInputs,
    series: training.seriesCount,
  })
  hooks.note?.(
    `${plural(training.length, 'window')} train, ${parts.validation.length} validate, ${parts.test.length} test; ${plural(model.network.countParams(), 'weight')}.`,
  )
  const inputs = inputsOf(model)
  const { batchSize, seed, windowsPerEpoch, judgedWindows } = options
  const run = await runTraining(
    {
      model,
      parts,
      skipped: [],
      warnings,
      started,
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
      init: source && { network: source.network },
      finish: (trained) => calibrate(trained, set, parts.validation.origins ?? []),
      judge: (trained, { origins = [] }) =>
        judgeForecasts(trained, set, origins, { ...options, baselines, season: spec.season }),
      report: async (trained) => (await import('./report/from-judgement.js')).forecastReport(trained.spec),
    },
    options,
    runtime,
    hooks,
  )
  return { ...run, targets: model.targetNames, season: spec.season }
}

/** The inputs of a model's network in its order. */
function inputsOf({ network }: ForecastModel): WindowInput[] {
  return network.inputNames.flatMap((name) =>
    (['past', 'future', 'series'] as const).filter((input) => name.startsWith(input)),
  )
}
