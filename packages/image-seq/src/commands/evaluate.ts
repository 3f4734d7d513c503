/** `weft-image evaluate`: calls the library and prints how well texts are read or labels recognised. */
import { evaluationJson, labelTable, noteSkipped, withProgress } from '@weft/core/app'
import { formatDuration, formatPairs, type CommandContext, type CommandOutput, type GivenOptions } from '@weft/core/cli'
import { evaluate } from '../evaluate.js'
import type { evaluateOptions } from '../options.js'
import { imageJudgementJson, judgementPairs } from './results.js'

export async function run(
  given: GivenOptions<typeof evaluateOptions>,
  context: CommandContext,
): Promise<CommandOutput> {
  const result = await withProgress(context, 'image', (hooks) => evaluate(given, hooks))
  noteSkipped(result, context)
  const { judgement, seconds, report } = result
  const pairs = formatPairs({ ...judgementPairs(judgement, ''), time: formatDuration(seconds), report })
  return {
    data: evaluationJson(result, given, imageJudgementJson),
    text: judgement.task === 'classify' ? `${labelTable(judgement.figures, 'image')}\n${pairs}` : pairs,
  }
}
