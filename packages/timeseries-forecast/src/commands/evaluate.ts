/** `weft-forecast evaluate`: calls the library and prints the model beside the baselines. */
import { evaluationJson, withProgress } from '@weft/core/app'
import { formatDuration, formatPairs, type CommandContext, type CommandOutput, type GivenOptions } from '@weft/core/cli'
import { evaluate } from '../evaluate.js'
import { judgementJson } from '../judging/judgement-io.js'
import type { evaluateOptions } from '../options.js'
import { judgementText } from './judgement-text.js'

export async function run(
  given: GivenOptions<typeof evaluateOptions>,
  context: CommandContext,
): Promise<CommandOutput> {
  const { commandLine: command, note, warn } = context
  // Without the signal: Ctrl-C ends an evaluation at once.
  const result = await withProgress(context, 'window', ({ onItems }) =>
    evaluate(given, { command, note, warn, ...(onItems && { onItems }) }),
  )
  const { judgement, seconds, report } = result
  return {
    data: evaluationJson(result, given, judgementJson),
    text: `${judgementText(judgement)}\n\n${formatPairs({ windows: judgement.items.length, time: formatDuration(seconds), report })}`,
  }
}
