/** `weft-audio features`: draws what the network sees of each file. */
import { withProgress } from '@weft/core/app'
import { formatNumber, type CommandContext, type CommandOutput, type GivenOptions } from '@weft/core/cli'
import type { featuresOptions } from '../options.js'
import { drawFeatures } from '../report/spectrogram-image.js'

export async function run(
  given: GivenOptions<typeof featuresOptions>,
  context: CommandContext,
): Promise<CommandOutput> {
  const images = await withProgress(context, 'sound', (hooks) => drawFeatures(context.args, given, hooks))
  const lines = images.map(({ file, image, seconds, frames, columns, channels }) => {
    const shape = channels === 1 ? `${frames} x ${columns}` : `${frames} x ${columns} x ${channels}`
    return `${file}  ${formatNumber(seconds, 3)} s  ${shape}  ${image}`
  })
  return { data: { images }, text: lines.join('\n') }
}
