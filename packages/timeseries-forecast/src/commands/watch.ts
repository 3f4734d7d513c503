/** `weft-forecast watch`: a line for each row that comes in. */
import type { CommandContext, CommandOutput, GivenOptions } from '@weft/core/cli'
import type { watchOptions } from '../options.js'
import { watch } from '../watch.js'

export async function run(given: GivenOptions<typeof watchOptions>, context: CommandContext): Promise<CommandOutput> {
  const { signal, print, note, warn } = context
  return { data: await watch(given, { signal, print, note, warn }) }
}
