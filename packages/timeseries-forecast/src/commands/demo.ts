/** `weft-forecast demo`: makes series, forecasts them, and prints how well that went. */
import { withProgress } from '@weft/core/app'
import type { CommandContext, CommandOutput, GivenOptions } from '@weft/core/cli'
import { runDemo } from '../demo.js'
import type { demoOptions } from '../options.js'

export async function run(given: GivenOptions<typeof demoOptions>, context: CommandContext): Promise<CommandOutput> {
  const { signal } = context
  const demo = await withProgress(context, 'window', (hooks) => runDemo(given, { ...hooks, signal }))
  return { data: demo, text: demo.lines.join('\n') }
}
