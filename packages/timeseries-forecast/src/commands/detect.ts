/** `weft-forecast detect`: calls the library and prints the alarms of each table. */
import { withProgress } from '@weft/core/app'
import type { CommandContext, CommandOutput, GivenOptions } from '@weft/core/cli'
import { detect, detectJson } from '../detect.js'
import type { detectOptions } from '../options.js'

export async function run(given: GivenOptions<typeof detectOptions>, context: CommandContext): Promise<CommandOutput> {
  const { signal } = context
  const result = await withProgress(context, 'table', (hooks) => detect(given, { ...hooks, signal }))
  return { data: detectJson(result), text: result.lines.join('\n') }
}
