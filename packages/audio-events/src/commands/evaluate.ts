/** `weft-audio evaluate`: calls the library and prints how well each label is recognised. */
import { accuracyOf, evaluationJson, judgementJson, labelTable, noteSkipped, withProgress } from '@weft/core/app'
import {
  formatDuration,
  formatNumber,
  formatPairs,
  formatPercent,
  plural,
  type CommandContext,
  type CommandOutput,
  type GivenOptions,
} from '@weft/core/cli'
import { evaluate } from '../evaluate.js'
import type { evaluateOptions } from '../options.js'

export async function run(
  given: GivenOptions<typeof evaluateOptions>,
  context: CommandContext,
): Promise<CommandOutput> {
  const result = await withProgress(context, 'sound', (hooks) => evaluate(given, hooks))
  noteSkipped(result, context)
  const { figures, items } = result.judgement
  const pairs = formatPairs({
    accuracy: `${formatPercent(accuracyOf(figures))} of ${plural(items.length, 'sound')}`,
    'macro F1': formatNumber(figures.macro.f1, 3),
    time: formatDuration(result.seconds),
    report: result.report,
  })
  return {
    data: evaluationJson(result, given, judgementJson),
    text: `${labelTable(figures, 'sound')}\n${pairs}`,
  }
}
