/** `weft-audio train`, and with `--cross-validate` a training for each fold: calls the library and prints what came of it. */
import { accuracyOf, judgementJson, noteSkipped, runJson, stoppedText, withProgress } from '@weft/core/app'
import {
  formatDuration,
  formatPairs,
  formatPercent,
  formatTable,
  plural,
  type CommandContext,
  type CommandOutput,
} from '@weft/core/cli'
import { crossValidateSounds } from '../cross-validate.js'
import type { GivenTrainOptions } from '../options.js'
import { train, type TrainResult } from '../train.js'

export function run(given: GivenTrainOptions, context: CommandContext): Promise<CommandOutput> {
  return given.crossValidate ? crossValidation(given, context) : training(given, context)
}

async function training(given: GivenTrainOptions, context: CommandContext): Promise<CommandOutput> {
  const { signal } = context
  const result = await withProgress(context, 'sound', (hooks) => train(given, { ...hooks, signal }))
  noteSkipped(result, context)
  return { data: runJson(result, judgementJson), text: trainText(result, context) }
}

function trainText(result: TrainResult, context: CommandContext): string {
  if (result.stopped) return stoppedText(result, context)
  const { validation, test } = result
  return formatPairs({
    'test accuracy': test && `${formatPercent(accuracyOf(test.figures))} of ${plural(test.items.length, 'sound')}`,
    'validation accuracy':
      validation && `${formatPercent(accuracyOf(validation.figures))} of ${plural(validation.items.length, 'sound')}`,
    'best epoch': result.bestEpoch,
    time: formatDuration(result.seconds),
    model: `${result.out}/model`,
    report: result.report,
  })
}

async function crossValidation(given: GivenTrainOptions, context: CommandContext): Promise<CommandOutput> {
  const { signal } = context
  const { folds, result, out, runtime, seconds } = await withProgress(context, 'sound', (hooks) =>
    crossValidateSounds(given, { ...hooks, signal }),
  )
  const [first] = folds
  if (first) noteSkipped(first.run, context)
  const rows = folds.map(({ name, run }, at) => [
    name,
    run.items.test,
    formatPercent(result.folds[at]?.['accuracy'] ?? Number.NaN),
  ])
  const table = formatTable(
    [{ header: 'fold' }, { header: 'sounds', align: 'right' }, { header: 'accuracy', align: 'right' }],
    rows,
  )
  const mean = result.mean['accuracy'] ?? Number.NaN
  return {
    data: {
      accuracy: mean,
      accuracyDeviation: result.std['accuracy'],
      macroF1: result.mean['macroF1'],
      items: folds.reduce((items, { run }) => items + run.items.test, 0),
      folds: folds.map(({ name, run }) => ({ name, ...(run.test && judgementJson(run.test)), seconds: run.seconds })),
      device: runtime.device,
      seconds,
      out,
    },
    text: `${table}\nmean accuracy ${formatPercent(mean)} (deviation ${formatPercent(result.std['accuracy'] ?? 0)}), ${formatDuration(seconds)}, ${out}`,
  }
}
