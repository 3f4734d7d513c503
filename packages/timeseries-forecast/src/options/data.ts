/** Options of reading a table and of what a network sees of it. options.ts puts them together into commands. */
import { defineOptions } from '@weft/core/cli'
import type { OptionsOf } from '@weft/core/cli'

/** A public data set. */
export const datasetOption = defineOptions({
  dataset: {
    type: 'choice',
    choices: ['etth1', 'etth2', 'ettm1', 'beijing'],
    group: 'Table',
    help: 'a public data set, read and split as its authors do',
  },
})

/** How a table is read. */
export const readingOptions = defineOptions({
  time: {
    type: 'string',
    group: 'Table',
    help: 'column of the time, or several that make it, such as year+month+day (default: inferred)',
  },
  step: {
    type: 'string',
    group: 'Table',
    help: 'time between rows, such as 15min, 1h, 1d, 1month, or rows for trading days (default: inferred)',
  },
  timeZone: {
    type: 'string',
    default: 'UTC',
    group: 'Table',
    help: 'zone of times that name none, such as Europe/Berlin',
  },
  dateOrder: {
    type: 'choice',
    choices: ['day-first', 'month-first'],
    group: 'Table',
    help: 'order of dates such as 01/02/2003, which some tables leave open',
  },
  missingText: { type: 'list', default: [], group: 'Table', help: 'more texts that stand for a missing value' },
  key: { type: 'list', default: [], group: 'Table', help: 'columns whose values tell several series apart' },
  duplicates: {
    type: 'choice',
    choices: ['error', 'first', 'last', 'mean'],
    default: 'error',
    group: 'Table',
    help: 'which of several rows with the same time to use',
  },
  unsorted: {
    type: 'choice',
    choices: ['error', 'sort'],
    default: 'error',
    group: 'Table',
    help: 'what to do with a table that is not in order of time',
  },
  rows: { type: 'integer', min: 1, group: 'Table', help: 'rows to read (default: all)' },
})

/** Which columns are forecast, and from what. */
export const columnOptions = defineOptions({
  target: { type: 'list', default: [], group: 'Columns', help: 'columns to forecast (default: the only column)' },
  past: {
    type: 'list',
    default: [],
    group: 'Columns',
    help: 'covariates known up to now; all stands for every other column',
  },
  known: { type: 'list', default: [], group: 'Columns', help: 'covariates known ahead, such as a price list' },
  statics: { type: 'list', default: [], group: 'Columns', help: 'columns that stay the same within a series' },
  features: {
    type: 'list',
    default: [],
    group: 'Columns',
    help: 'columns to compute from others, such as logReturn(Close), difference(load,24), rsi(14)',
  },
  calendar: {
    type: 'list',
    choices: [
      'minuteOfHour',
      'hourOfDay',
      'dayOfWeek',
      'dayOfMonth',
      'dayOfYear',
      'weekOfYear',
      'monthOfYear',
      'weekend',
      'holiday',
    ],
    default: [],
    group: 'Columns',
    help: 'features of the calendar, known ahead',
  },
  holidays: { type: 'path', group: 'Columns', help: 'CSV file with the dates of holidays' },
  missing: {
    type: 'choice',
    choices: ['interpolate', 'carry', 'mask'],
    default: 'interpolate',
    group: 'Columns',
    help: 'how missing values are filled in a look-back; mask also tells the network which were missing',
  },
  transform: {
    type: 'choice',
    choices: ['none', 'log'],
    default: 'none',
    group: 'Columns',
    help: 'what is forecast: the targets, or their logarithms',
  },
  scaling: {
    type: 'choice',
    choices: ['standard', 'robust', 'none'],
    default: 'standard',
    group: 'Columns',
    help: 'scaling of every column, by the training part alone: mean and deviation, or median and quartiles',
  },
})

/** Windows: how far back a forecast looks and how far it reaches. */
export const windowOptions = defineOptions({
  lookBack: { type: 'integer', default: 96, min: 1, unit: 'rows', group: 'Windows', help: 'rows that a forecast sees' },
  horizon: { type: 'integer', default: 24, min: 1, unit: 'rows', group: 'Windows', help: 'rows that are forecast' },
  centre: {
    type: 'choice',
    choices: ['none', 'last', 'mean'],
    default: 'last',
    group: 'Windows',
    help: 'level subtracted from the targets of each window: the last value, the mean, or none',
  },
  channels: {
    type: 'choice',
    choices: ['independent', 'joint'],
    default: 'joint',
    group: 'Windows',
    help: 'forecast several targets one by one with a shared network, or together',
  },
  stride: {
    type: 'integer',
    default: 1,
    min: 1,
    unit: 'rows',
    group: 'Windows',
    help: 'rows between training windows',
  },
  windowsPerEpoch: { type: 'integer', min: 1, group: 'Windows', help: 'windows to draw in an epoch (default: all)' },
})

/** How time is divided: training, then validation, then test. */
export const chronologyOptions = defineOptions({
  validationShare: {
    type: 'number',
    default: 0.15,
    min: 0,
    below: 1,
    group: 'Parts',
    help: 'share of the time that validates, where --validation-from is not given',
  },
  testShare: {
    type: 'number',
    default: 0.15,
    min: 0,
    below: 1,
    group: 'Parts',
    help: 'share of the time, at the end, that tests, where --test-from is not given',
  },
  validationFrom: { type: 'string', group: 'Parts', help: 'time or row at which validation begins' },
  testFrom: { type: 'string', group: 'Parts', help: 'time or row at which the test begins' },
  until: { type: 'string', group: 'Parts', help: 'time or row before which everything ends' },
})

export type ReadingOptions = OptionsOf<typeof readingOptions>
export type ColumnOptions = OptionsOf<typeof columnOptions>
export type WindowOptions = OptionsOf<typeof windowOptions>
export type ChronologyOptions = OptionsOf<typeof chronologyOptions>
