/** `weft-audio stream`: raw samples on standard input, a line for each event as it begins and ends. */
import { withProgress } from '@weft/core/app'
import {
  formatDuration,
  formatNumber,
  formatPercent,
  formatTimestamp,
  type CommandContext,
  type CommandOutput,
  type GivenOptions,
} from '@weft/core/cli'
import type { Detection } from '../events/event-detector.js'
import { listen } from '../events/listen.js'
import type { streamOptions } from '../options.js'

export async function run(given: GivenOptions<typeof streamOptions>, context: CommandContext): Promise<CommandOutput> {
  const events: Detection[] = []
  const onDetection = (detection: Detection) => {
    if (detection.kind === 'event') events.push(detection)
    context.print(detectionLine(detection))
  }
  const { signal } = context
  const result = await withProgress(context, 'sound', (hooks) =>
    listen(process.stdin, given, { ...hooks, signal, onDetection }),
  )
  const speed = result.seconds / Math.max(1e-9, result.computeSeconds)
  context.note(`${formatDuration(result.seconds)} of sound, ${formatNumber(speed, 3)} times as fast as it was heard.`)
  return {
    data: {
      events: context.json ? events : [],
      count: result.events,
      seconds: result.seconds,
      realTimeFactor: speed,
    },
  }
}

function detectionLine(detection: Detection): string {
  const confidence = formatPercent(detection.probability, 0)
  if (detection.kind === 'onset')
    return `${formatTimestamp(detection.startSeconds)}  ${detection.label} begins (${confidence})`
  return `${formatTimestamp(detection.startSeconds)} - ${formatTimestamp(detection.endSeconds)}  ${detection.label} (${confidence})`
}
