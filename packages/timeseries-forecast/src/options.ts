/**
 * Every option of this application, once: default, unit, range, one line of help. Types, flags, help and checks derive from these
 * tables; a command takes the tables it needs. Values that differ for a kind of table are in presets/, what all applications share is
 * core's, long tables are in
 * options/. Nothing that runs is imported, so that help stays quick.
 */
import {
  judgingOptions,
  modelOption,
  runFolderOptions,
  runtimeOptions,
  seedOption,
  trainingOptions,
} from '@weft/core/options'
import { defineOptions } from '@weft/core/cli'
import type { GivenOptions, OptionsOf } from '@weft/core/cli'
import { detectionOptions } from './options/anomaly.js'
import { chronologyOptions, columnOptions, datasetOption, readingOptions, windowOptions } from './options/data.js'
import { comparisonOptions, headOptions, modelOptions } from './options/network.js'

const dataOption = defineOptions({
  data: {
    type: 'path',
    required: true,
    group: 'Table',
    help: 'CSV, TSV or Parquet file with a time column, or a pattern that names several, such as "2024-*.parquet"',
  },
})

/** Trading on paper, for prices. */
const paperOptions = defineOptions({
  paperTrade: { type: 'boolean', default: false, group: 'Judging', help: 'trade on paper by the forecasts of prices' },
  costBasisPoints: {
    type: 'number',
    default: 10,
    min: 0,
    unit: 'basis points',
    group: 'Judging',
    help: 'cost of a change of position',
  },
})

export const trainOptions = defineOptions({
  ...dataOption,
  preset: { type: 'string', group: 'Table', help: 'named set of options (default: sizes that suit the table)' },
  ...datasetOption,
  ...readingOptions,
  ...columnOptions,
  ...windowOptions,
  ...chronologyOptions,
  ...modelOptions,
  ...headOptions,
  ...comparisonOptions,
  ...trainingOptions,
  ...seedOption,
  ...runFolderOptions,
  ...runtimeOptions,
})

export const evaluateOptions = defineOptions({
  ...modelOption,
  ...dataOption,
  baselines: { type: 'list', group: 'Judging', help: 'baselines to compare with (default: those of training)' },
  judgedWindows: comparisonOptions.judgedWindows,
  ...judgingOptions,
  ...runtimeOptions,
})

export const predictOptions = defineOptions({
  ...modelOption,
  data: { type: 'path', help: 'table to continue, instead of the one given as an argument' },
  out: { type: 'path', group: 'Run', help: 'folder for forecast.csv and report.html' },
  ...runtimeOptions,
})

export const backtestOptions = defineOptions({
  ...trainOptions,
  folds: {
    type: 'integer',
    default: 4,
    min: 1,
    group: 'Judging',
    help: 'stretches of time to forecast, one after the other',
  },
  ...paperOptions,
})

export const detectOptions = defineOptions({
  ...dataOption,
  ...readingOptions,
  step: {
    ...readingOptions.step,
    default: 'rows',
    help: 'time between rows, such as 5min, to find gaps; rows takes them as they come, as watch does',
  },
  ...detectionOptions,
  ...seedOption,
  out: {
    type: 'path',
    group: 'Run',
    help: 'folder for report.html, scores and the detector, which watch can go on with',
  },
  ...runtimeOptions,
})

export const watchOptions = defineOptions({
  ...modelOption,
  data: { type: 'path', help: 'file to which rows are appended (default: standard input)' },
  ...runtimeOptions,
})

export const demoOptions = defineOptions({
  out: {
    type: 'path',
    group: 'Run',
    help: 'folder of the demonstration (default: the next free of runs/demo-forecast, runs/demo-forecast-2, …)',
  },
  days: { type: 'integer', min: 30, group: 'Run', help: 'days to make (default: fewer on a slow device)' },
  epochs: {
    type: 'integer',
    min: 1,
    group: 'Run',
    help: 'passes over the windows (default: fewer on a slow device)',
  },
  ...seedOption,
  ...runtimeOptions,
})

export type TrainOptions = OptionsOf<typeof trainOptions>
export type GivenTrainOptions = GivenOptions<typeof trainOptions>
export type EvaluateOptions = OptionsOf<typeof evaluateOptions>
export type BacktestOptions = OptionsOf<typeof backtestOptions>
export type DetectOptions = OptionsOf<typeof detectOptions>
export type DemoOptions = OptionsOf<typeof demoOptions>
