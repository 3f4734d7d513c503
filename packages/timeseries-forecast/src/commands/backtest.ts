/** `weft-forecast backtest`: calls the library and prints what all folds come to, and what trading on paper earned. */
import { withProgress } from '@weft/core/app'
import type { CommandContext, CommandOutput, GivenOptions } from '@weft/core/cli'
import { backtest, backtestJson, backtestLines } from '../backtest.js'
import type { backtestOptions } from '../options.js'
import { judgementText } from './judgement-text.js'

export async function run(
  given: GivenOptions<typeof backtestOptions>,
  context: CommandContext,
): Promise<CommandOutput> {
  const { signal } = context
  const result = await withProgress(context, 'window', (hooks) => backtest(given, { ...hooks, signal }))
  return {
    data: backtestJson(result),
    text: [judgementText(result.judgement), '', ...backtestLines(result)].join('\n'),
  }
}
