/** `weft-image synth`: makes images of lines of text. */
import { withProgress } from '@weft/core/app'
import { formatPairs, type CommandContext, type CommandOutput, type GivenOptions } from '@weft/core/cli'
import type { synthOptions } from '../options/synth.js'
import { synthesise } from '../synth/synth.js'

export async function run(given: GivenOptions<typeof synthOptions>, context: CommandContext): Promise<CommandOutput> {
  const { signal } = context
  const result = await withProgress(context, 'image', ({ onFiles }) =>
    synthesise(given, { signal, onProgress: onFiles }),
  )
  return {
    data: result,
    text: formatPairs({
      images: result.images,
      labels: result.labels,
      try: `weft-image train --data ${result.out} --preset lines --out runs/synthetic`,
    }),
  }
}
