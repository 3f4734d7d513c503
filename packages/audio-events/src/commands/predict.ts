/** `weft-audio predict`: calls the library and prints each file's labels, or its events, as they come. */
import { namedInputs, noteSkipped, warningsOf, withProgress } from '@weft/core/app'
import {
  formatPercent,
  formatProbabilities,
  formatTable,
  formatTimestamp,
  plural,
  type CommandContext,
  type CommandOutput,
  type GivenOptions,
} from '@weft/core/cli'
import { predictOptions } from '../options.js'
import { predict, type Prediction } from '../predict.js'

export async function run(given: GivenOptions<typeof predictOptions>, context: CommandContext): Promise<CommandOutput> {
  const files = namedInputs(given, context, 'sound')
  const { top = predictOptions.top.default } = given
  const { predictions, skipped, runtime } = await withProgress(context, 'sound', (hooks) =>
    predict(files, given, {
      ...hooks,
      onPrediction: (prediction) => {
        for (const line of predictionLines(prediction, top)) context.print(line)
      },
    }),
  )
  noteSkipped({ skipped, warnings: warningsOf(predictions) }, context)
  return { data: { predictions, skipped, items: predictions.length, device: runtime.device } }
}

function predictionLines({ file, labels, probabilities, events }: Prediction, top: number): string[] {
  if (events === undefined) {
    const ranked = formatProbabilities(Object.keys(probabilities), Object.values(probabilities), top)
    return [`${file}  ${labels.join(', ') || 'nothing'}`, ...ranked.split('\n').map((line) => `  ${line}`)]
  }
  if (events.length === 0) return [`${file}  no events`]
  const rows = events.map(({ label, startSeconds, endSeconds, probability }) => [
    formatTimestamp(startSeconds),
    formatTimestamp(endSeconds),
    label,
    formatPercent(probability, 0),
  ])
  const columns = [
    { header: 'from', align: 'right' as const },
    { header: 'to', align: 'right' as const },
    { header: 'event' },
    { header: 'confidence', align: 'right' as const },
  ]
  return [
    `${file}  ${plural(events.length, 'event')}`,
    ...formatTable(columns, rows)
      .split('\n')
      .map((line) => `  ${line}`),
  ]
}
