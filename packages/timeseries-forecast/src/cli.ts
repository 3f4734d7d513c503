/**
 * The command line `weft-forecast`: what was typed becomes one call of the library, what comes back is printed. No numerics.
 */
import { evaluationJson, fileBar, noteLeftOut, runJson, stoppedText, trainHooks } from '@weft/core/app'
import {
  defineCommand,
  flagOf,
  formatDuration,
  formatNumber,
  formatPairs,
  formatPercent,
  formatTable,
  packageVersion,
  runCli,
  type CommandContext,
  type CommandOutput,
  type Program,
} from '@weft/core/cli'
import { UserError } from '@weft/core/errors'
import { backtest, backtestJson, backtestLines } from './backtest.js'
import { runDemo } from './demo.js'
import { detect, detectJson } from './detect.js'
import { evaluate } from './evaluate.js'
import { nameOfLine } from './forecasting/forecast-set.js'
import { shortTimes } from './series/future-times.js'
import type { Judgement, LineJudgement } from './judging/judgement.js'
import { judgementJson } from './judging/judgement-io.js'
import {
  backtestOptions,
  demoOptions,
  detectOptions,
  evaluateOptions,
  predictOptions,
  trainOptions,
  watchOptions,
} from './options.js'
import type { Prediction } from './forecasting/prediction.js'
import { predict } from './predict.js'
import { presets } from './presets/index.js'
import { overallVerdict } from './report/from-judgement.js'
import { train, type TrainResult } from './train.js'
import { watch } from './watch.js'

/** Targets whose verdicts are printed one by one. */
const PRINTED_LINES = 12

const trainCommand = defineCommand({
  help: 'train a model on a table with a time column',
  options: trainOptions,
  presets,
  examples: [
    'weft-forecast train --data demand.csv --target demand --out runs/demand',
    'weft-forecast train --data air.csv --preset weather --target pm2.5 --out runs/air',
    'weft-forecast train --data "prices/*.csv" --key filename --preset stock --out runs/prices',
  ],
  run: async (_, context, given) => {
    const { hooks, end } = trainHooks(context, 'window')
    const result = await train(given, hooks).finally(end)
    noteLeftOut(result, context)
    return { data: runJson(result, judgementJson), text: trainText(result, context) }
  },
})

function trainText(result: TrainResult, context: CommandContext): string {
  if (result.stopped) return stoppedText(result, context)
  const { validation, test } = result
  const judged = test ?? validation
  return [
    ...(judged ? [judgementText(judged), ''] : []),
    formatPairs({
      'judged by': test ? 'the test part' : 'the validation part',
      time: formatDuration(result.seconds),
      model: `${result.out}/model`,
      report: result.report,
    }),
  ].join('\n')
}

/** The model beside the baselines, and what that means in words. */
export function judgementText(judgement: Judgement): string {
  const { lines } = judgement
  const [only] = lines
  const verdicts = lines.slice(0, PRINTED_LINES).flatMap((line) => {
    if (line.verdict === undefined) return []
    return [`${nameOfLine(line.line)}: ${line.verdict.sentence}`]
  })
  const more = lines.length > PRINTED_LINES ? [`and ${lines.length - PRINTED_LINES} more, in the report`] : []
  const table = only !== undefined && lines.length === 1 ? lineTable(only) : standardisedTable(judgement)
  const named = lines.length > 1 ? ['', ...verdicts, ...more] : []
  return [table, '', ...notesOf(judgement), ...overallVerdict(judgement), ...named].join('\n')
}

function lineTable({ model, baselines }: LineJudgement): string {
  return formatTable(
    [
      { header: 'forecaster' },
      ...['MAE', 'RMSE', 'sMAPE', 'MASE', 'direction', 'p'].map((header) => ({ header, align: 'right' as const })),
    ],
    [{ ...model, verdict: undefined }, ...baselines].map((one) => {
      const { mae, rmse, smape, mase, direction } = one.figures
      return [
        one.name,
        figure(mae, 4),
        figure(rmse, 4),
        formatPercent(smape),
        figure(mase, 4),
        formatPercent(direction),
        probability(one.verdict?.test.pValue),
      ]
    }),
  )
}

function probability(p: number | undefined): string {
  if (p === undefined || Number.isNaN(p)) return ''
  return p < 0.001 ? '<0.001' : p.toFixed(3)
}

function figure(value: number, digits: number): string {
  return Number.isFinite(value) ? formatNumber(value, digits) : 'n/a'
}

/** What was odd about baselines, each thing once. */
function notesOf({ lines }: Judgement): string[] {
  const notes = lines.flatMap(({ baselines }) => baselines.flatMap(({ note }) => note ?? []))
  return [...new Set(notes)].slice(0, PRINTED_LINES)
}

function standardisedTable({ standardised }: Judgement): string {
  return formatTable(
    [{ header: 'forecaster' }, ...['MSE', 'MAE'].map((header) => ({ header, align: 'right' as const }))],
    standardised.map(({ name, mse, mae }) => [name, mse.toFixed(4), mae.toFixed(4)]),
  )
}

const evaluateCommand = defineCommand({
  help: 'judge a model on a table, beside baselines',
  options: evaluateOptions,
  examples: [
    'weft-forecast evaluate --model runs/demand --data demand.csv --part test',
    'weft-forecast evaluate --model runs/demand --data demand.csv --part test --baselines "seasonal,sarima(1,0,1)(1,1,1)" --json',
  ],
  run: async (options, context) => {
    const bar = fileBar(context, 'window')
    const result = await evaluate(options, { onProgress: bar, command: context.commandLine })
    const { judgement, seconds, report } = result
    return {
      data: evaluationJson(result, options, judgementJson),
      text: `${judgementText(judgement)}\n\n${formatPairs({ windows: judgement.items.length, time: formatDuration(seconds), report })}`,
    }
  },
})

const predictCommand = defineCommand({
  help: 'forecast what comes after the end of a table',
  options: predictOptions,
  arguments: [{ name: 'table', help: 'CSV, TSV or Parquet file' }],
  examples: [
    'weft-forecast predict --model runs/demand demand.csv',
    'weft-forecast predict --model runs/demand demand.csv --out runs/tomorrow --json',
  ],
  run: async (options, context) => {
    const data = options.data ?? context.args[0]
    if (data === undefined)
      throw new UserError(`predicting: expected a table for ${flagOf('data')} or an argument, received neither`)
    const { predictions, notes, runtime, seconds, files } = await predict(data, options, context.commandLine)
    for (const note of notes) context.note(note)
    const written = files.length === 0 ? '' : `\n${files.join('\n')}`
    return {
      data: { predictions, notes, device: runtime.device, seconds, files },
      text: predictions.map(predictionText).join('\n\n') + written,
    }
  },
})

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

const backtestCommand = defineCommand({
  help: 'train again and again on a growing past, and judge each by what then came',
  options: backtestOptions,
  presets,
  examples: [
    'weft-forecast backtest --data AAPL.csv --preset stock --paper-trade --out runs/aapl',
    'weft-forecast backtest --data demand.csv --target demand --folds 6 --out runs/demand-backtest',
  ],
  run: async (_, context, given) => {
    const { hooks, end } = trainHooks(context, 'window')
    const result = await backtest(given, hooks).finally(end)
    return {
      data: backtestJson(result),
      text: [judgementText(result.judgement), '', ...backtestLines(result)].join('\n'),
    }
  },
})

const detectCommand = defineCommand({
  help: 'find what is unusual in a table, or in each table of a folder',
  options: detectOptions,
  examples: [
    'weft-forecast detect --data load.csv --out runs/load-alarms',
    'weft-forecast detect --data "stations/*.csv" --labels labels.json --out runs/alarms',
  ],
  run: async (options, context) => {
    const { signal, commandLine: command } = context
    const note = (line: string) => context.note(line)
    const result = await detect(options, { signal, command, note, onFiles: fileBar(context, 'table') })
    return { data: detectJson(result), text: result.lines.join('\n') }
  },
})

const watchCommand = defineCommand({
  help: 'forecast, or give alarms, as rows come in',
  options: watchOptions,
  examples: [
    'weft-forecast watch --model runs/load-alarms --data load.csv',
    'tail -F load.csv | weft-forecast watch --model runs/load-alarms',
  ],
  run: async (options, context): Promise<CommandOutput> => {
    const result = await watch(options, context)
    return { data: result }
  },
})

const demoCommand = defineCommand({
  help: 'make series, forecast them, find what is unusual in them, and show how well that went',
  options: demoOptions,
  examples: ['weft-forecast demo', 'weft-forecast demo --out runs/demo-2 --seed 2'],
  run: async (options, context): Promise<CommandOutput> => {
    const { hooks, end } = trainHooks(context, 'window')
    const demo = await runDemo(options, hooks).finally(end)
    return { data: demo, text: demo.lines.join('\n') }
  },
})

/** Runs the command line; the exit code is for `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<number> {
  const program: Program = {
    name: 'weft-forecast',
    description: 'From a table with a time column to forecasts with intervals, beside baselines, and to alarms.',
    version: packageVersion(new URL('../package.json', import.meta.url)),
    commands: {
      train: trainCommand,
      evaluate: evaluateCommand,
      predict: predictCommand,
      backtest: backtestCommand,
      detect: detectCommand,
      watch: watchCommand,
      demo: demoCommand,
    },
  }
  return runCli(program, argv)
}
