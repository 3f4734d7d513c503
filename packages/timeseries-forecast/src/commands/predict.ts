/** `weft-forecast predict`: calls the library and prints the forecasts as tables. */
import {
  flagOf,
  formatNumber,
  formatTable,
  type CommandContext,
  type CommandOutput,
  type GivenOptions,
} from '@weft/core/cli'
import { expected } from '@weft/core/errors'
import type { Prediction } from '../forecasting/prediction.js'
import type { predictOptions } from '../options.js'
import { predict } from '../predict.js'
import { shortTimes } from '../series/future-times.js'

export async function run(given: GivenOptions<typeof predictOptions>, context: CommandContext): Promise<CommandOutput> {
  const data = given.data ?? context.args[0]
  if (data === undefined)
    throw expected({ doing: 'predicting', want: 'a table', of: `${flagOf('data')} or an argument`, got: 'neither' })
  // Without the signal: Ctrl-C ends a prediction at once.
  const { commandLine: command, note, warn } = context
  const result = await predict(data, given, { command, note, warn })
  const { predictions, notes, runtime, seconds, files } = result
  for (const line of notes) note(line)
  const written = files.length === 0 ? '' : `\n${files.join('\n')}`
  return {
    data: { predictions, notes, device: runtime.device, seconds, files },
    text: predictions.map(predictionText).join('\n\n') + written,
  }
}

function predictionText({ series, target, rows }: Prediction): string {
  const right = (header: string) => ({ header, align: 'right' as const })
  const bounded = rows.some(({ lower }) => lower !== undefined)
  const times = shortTimes(rows.map(({ time }) => time))
  return formatTable(
    [{ header: series === '' ? 'time' : series }, right(target), ...(bounded ? [right('lower'), right('upper')] : [])],
    rows.map(({ forecast, lower, upper }, at) => [
      times[at] ?? '',
      formatNumber(forecast),
      ...(bounded ? [formatNumber(lower ?? Number.NaN), formatNumber(upper ?? Number.NaN)] : []),
    ]),
  )
}
