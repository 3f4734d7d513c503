/**
 * The command line `weft-forecast`: what each command is called, takes and is for. What a command runs is in commands/ and loaded when it
 * runs, so that help, the version and a typo answer at once.
 */
import { defineCommand, packageVersion, runCli, type Program } from '@weft/core/cli'
import {
  backtestOptions,
  demoOptions,
  detectOptions,
  evaluateOptions,
  predictOptions,
  trainOptions,
  watchOptions,
} from './options.js'
import { presets } from './presets/index.js'

const commands = {
  train: defineCommand({
    help: 'train a model on a table with a time column',
    options: trainOptions,
    presets,
    examples: [
      'weft-forecast train --data demand.csv --target demand --out runs/demand',
      'weft-forecast train --data air.csv --preset weather --target pm2.5 --out runs/air',
      'weft-forecast train --data "prices/*.csv" --key filename --preset stock --out runs/prices',
    ],
    run: async (given, context) => (await import('./commands/train.js')).run(given, context),
  }),
  evaluate: defineCommand({
    help: 'judge a model on a table, beside baselines',
    options: evaluateOptions,
    examples: [
      'weft-forecast evaluate --model runs/demand --data demand.csv --part test',
      'weft-forecast evaluate --model runs/demand --data demand.csv --part test --baselines "seasonal,sarima(1,0,1)(1,1,1)" --json',
    ],
    run: async (given, context) => (await import('./commands/evaluate.js')).run(given, context),
  }),
  predict: defineCommand({
    help: 'forecast what comes after the end of a table',
    options: predictOptions,
    arguments: [{ name: 'table', help: 'CSV, TSV or Parquet file' }],
    examples: [
      'weft-forecast predict --model runs/demand demand.csv',
      'weft-forecast predict --model runs/demand demand.csv --out runs/tomorrow --json',
    ],
    run: async (given, context) => (await import('./commands/predict.js')).run(given, context),
  }),
  backtest: defineCommand({
    help: 'train again and again on a growing past, and judge each by what then came',
    options: backtestOptions,
    presets,
    examples: [
      'weft-forecast backtest --data AAPL.csv --preset stock --paper-trade --out runs/aapl',
      'weft-forecast backtest --data demand.csv --target demand --folds 6 --out runs/demand-backtest',
    ],
    run: async (given, context) => (await import('./commands/backtest.js')).run(given, context),
  }),
  detect: defineCommand({
    help: 'find what is unusual in a table, or in each table of a folder',
    options: detectOptions,
    examples: [
      'weft-forecast detect --data load.csv --out runs/load-alarms',
      'weft-forecast detect --data "stations/*.csv" --labels labels.json --out runs/alarms',
    ],
    run: async (given, context) => (await import('./commands/detect.js')).run(given, context),
  }),
  watch: defineCommand({
    help: 'forecast, or give alarms, as rows come in',
    options: watchOptions,
    examples: [
      'weft-forecast watch --model runs/load-alarms --data load.csv',
      'tail -F load.csv | weft-forecast watch --model runs/load-alarms',
    ],
    run: async (given, context) => (await import('./commands/watch.js')).run(given, context),
  }),
  demo: defineCommand({
    help: 'make series, forecast them, find what is unusual in them, and show how well that went',
    options: demoOptions,
    examples: ['weft-forecast demo', 'weft-forecast demo --out runs/demo-2 --seed 2'],
    run: async (given, context) => (await import('./commands/demo.js')).run(given, context),
  }),
}

/** Runs the command line; the exit code is for `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<number> {
  const program: Program = {
    name: 'weft-forecast',
    description: 'From a table with a time column to forecasts with intervals, beside baselines, and to alarms.',
    version: packageVersion(new URL('../package.json', import.meta.url)),
    commands,
  }
  return runCli(program, argv)
}
