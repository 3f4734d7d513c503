/** Options of the network, of its loss and of its intervals. options.ts puts them together into commands. */
import { defineOptions } from '@weft/core/cli'
import type { OptionsOf } from '@weft/core/cli'

/** The network. */
export const modelOptions = defineOptions({
  network: {
    type: 'choice',
    choices: ['segment', 'lstm', 'gru', 'cnn-lstm', 'parallel', 'encoder-decoder', 'grid', 'dlinear', 'nlinear'],
    default: 'segment',
    group: 'Network',
    help: 'segment-wise GRU (SegRNN), LSTM, GRU, CNN then LSTM, CNN beside LSTM, encoder-decoder with attention, ConvLSTM over a grid, or linear',
  },
  units: { type: 'integer', default: 64, min: 1, group: 'Network', help: 'units of each recurrent layer' },
  layers: { type: 'integer', default: 1, min: 1, group: 'Network', help: 'recurrent layers' },
  bidirectional: { type: 'boolean', default: false, group: 'Network', help: 'read the look-back both ways' },
  filters: {
    type: 'list',
    items: 'integer',
    min: 1,
    default: [32],
    group: 'Network',
    help: 'filters of each convolution over time, for the networks that have some',
  },
  kernelSize: { type: 'integer', default: 5, min: 1, unit: 'rows', group: 'Network', help: 'size of the convolutions' },
  fusion: {
    type: 'choice',
    choices: ['concat', 'gated', 'attention'],
    default: 'concat',
    group: 'Network',
    help: 'how parallel branches are joined',
  },
  segmentLength: {
    type: 'integer',
    default: 24,
    min: 1,
    unit: 'rows',
    group: 'Network',
    help: 'rows that a step of the segment-wise GRU reads and writes',
  },
  linear: {
    type: 'boolean',
    default: true,
    group: 'Network',
    help: 'beside the segment-wise GRU a linear map of the look-back, so that the GRU forecasts what is left',
  },
  dropout: { type: 'number', default: 0.2, min: 0, below: 1, group: 'Network', help: 'dropout before the output' },
  gridRow: { type: 'string', group: 'Network', help: 'column with the row of a station on the grid' },
  gridColumn: { type: 'string', group: 'Network', help: 'column with the column of a station on the grid' },
  multiStep: {
    type: 'choice',
    choices: ['direct', 'recursive'],
    default: 'direct',
    group: 'Network',
    help: 'all rows of the horizon at once, or one after the other from what was forecast',
  },
})

/** The loss, and the intervals around a forecast. */
export const headOptions = defineOptions({
  loss: {
    type: 'choice',
    choices: ['meanAbsoluteError', 'meanSquaredError', 'huber'],
    default: 'meanAbsoluteError',
    group: 'Intervals',
    help: 'loss of forecasts that are one value',
  },
  intervals: {
    type: 'choice',
    choices: ['conformal', 'quantiles', 'gaussian', 'none'],
    default: 'conformal',
    group: 'Intervals',
    help: 'from the errors on the validation part, or learnt as quantiles or as a normal distribution',
  },
  coverage: {
    type: 'number',
    default: 0.9,
    above: 0,
    below: 1,
    group: 'Intervals',
    help: 'share of the truth that intervals should hold',
  },
})

/** Baselines and how many windows are judged. */
export const comparisonOptions = defineOptions({
  baselines: {
    type: 'list',
    default: ['last', 'seasonal', 'drift', 'mean'],
    group: 'Judging',
    help: 'last, seasonal, drift, mean, ar(2), arima(2,1,2), sarima(1,0,1)(1,1,1), auto-arima',
  },
  judgedWindows: {
    type: 'integer',
    default: 20_000,
    min: 1,
    group: 'Judging',
    help: 'most windows to judge, evenly spread over the part',
  },
  season: { type: 'integer', min: 2, unit: 'rows', group: 'Judging', help: 'length of the season (default: inferred)' },
})

export type NetworkOptions = OptionsOf<typeof modelOptions>
export type HeadOptions = OptionsOf<typeof headOptions>
