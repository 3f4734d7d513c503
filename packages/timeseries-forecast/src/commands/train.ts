/** `weft-forecast train`: calls the library and prints the model beside the baselines. */
import { noteSkipped, runJson, stoppedText, withProgress } from '@weft/core/app'
import { formatDuration, formatPairs, type CommandContext, type CommandOutput } from '@weft/core/cli'
import { judgementJson } from '../judging/judgement-io.js'
import type { GivenTrainOptions } from '../options.js'
import { train, type TrainResult } from '../train.js'
import { judgementText } from './judgement-text.js'

export async function run(given: GivenTrainOptions, context: CommandContext): Promise<CommandOutput> {
  const { signal } = context
  const result = await withProgress(context, 'window', (hooks) => train(given, { ...hooks, signal }))
  noteSkipped(result, context)
  return { data: runJson(result, judgementJson), text: trainText(result, context) }
}

function trainText(result: TrainResult, context: CommandContext): string {
  if (result.stopped) return stoppedText(result, context)
  const { validation, test } = result
  const judgement = test ?? validation
  return [
    ...(judgement ? [judgementText(judgement), ''] : []),
    formatPairs({
      'judged by': test ? 'the test part' : 'the validation part',
      time: formatDuration(result.seconds),
      model: `${result.out}/model`,
      report: result.report,
    }),
  ].join('\n')
}
