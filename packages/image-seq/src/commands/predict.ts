/** `weft-image predict`: calls the library and prints each image's text or labels as they come. */
import { namedInputs, noteSkipped, warningsOf, withProgress } from '@weft/core/app'
import {
  formatDuration,
  formatNumber,
  formatPercent,
  formatProbabilities,
  plural,
  type CommandContext,
  type CommandOutput,
  type GivenOptions,
} from '@weft/core/cli'
import { predictOptions } from '../options.js'
import { predict, type Prediction } from '../predict.js'

export async function run(given: GivenOptions<typeof predictOptions>, context: CommandContext): Promise<CommandOutput> {
  const files = namedInputs(given, context, 'image')
  const { top = predictOptions.top.default } = given
  const { predictions, skipped, runtime, seconds } = await withProgress(context, 'image', (hooks) =>
    predict(files, given, {
      ...hooks,
      onPrediction: (prediction) => {
        for (const line of predictionLines(prediction, top)) context.print(line)
      },
    }),
  )
  noteSkipped({ skipped, warnings: warningsOf(predictions) }, context)
  if (predictions.length > 1) {
    const rate = formatNumber(predictions.length / seconds, 3)
    context.note(`${plural(predictions.length, 'image')} in ${formatDuration(seconds)}, ${rate} a second.`)
  }
  return { data: { predictions, skipped, items: predictions.length, seconds, device: runtime.device } }
}

function predictionLines(prediction: Prediction, top: number): string[] {
  const { file, pictures = [] } = prediction
  const explained = pictures.map((picture) => `  ${picture}`)
  if ('text' in prediction)
    return [`${file}  ${prediction.text || '(nothing)'}  ${formatPercent(prediction.confidence)}`, ...explained]
  const { label, probabilities } = prediction
  const ranked = formatProbabilities(Object.keys(probabilities), Object.values(probabilities), top)
  return [`${file}  ${label}`, ...ranked.split('\n').map((line) => `  ${line}`), ...explained]
}
