/** `weft-image train`: calls the library and prints what came of it. */
import { noteSkipped, runJson, stoppedText, withProgress } from '@weft/core/app'
import { formatDuration, formatPairs, type CommandContext, type CommandOutput } from '@weft/core/cli'
import type { GivenTrainOptions } from '../options.js'
import { train, type TrainResult } from '../train.js'
import { imageJudgementJson, judgementPairs } from './results.js'

export async function run(given: GivenTrainOptions, context: CommandContext): Promise<CommandOutput> {
  const { signal } = context
  const result = await withProgress(context, 'image', (hooks) => train(given, { ...hooks, signal }))
  noteSkipped(result, context)
  return { data: runJson(result, imageJudgementJson), text: trainText(result, context) }
}

function trainText(result: TrainResult, context: CommandContext): string {
  if (result.stopped) return stoppedText(result, context)
  const { validation, test } = result
  return formatPairs({
    ...(test && judgementPairs(test, 'test ')),
    ...(validation && judgementPairs(validation, 'validation ')),
    'best epoch': result.bestEpoch,
    time: formatDuration(result.seconds),
    model: `${result.out}/model`,
    report: result.report,
  })
}
