/** Options of the network. options.ts puts them together into commands. */
import { defineOptions } from '@weft/core/cli'
import { convolutionOptions, recurrenceOptions } from '@weft/core/options'

/** The network. */
export const modelOptions = defineOptions({
  ...convolutionOptions,
  poolTime: {
    type: 'list',
    items: 'integer',
    min: 1,
    default: [2, 2, 2],
    group: 'Network',
    help: 'pooling over time after each block',
  },
  poolFrequency: {
    type: 'list',
    items: 'integer',
    min: 1,
    default: [2, 2, 4],
    group: 'Network',
    help: 'pooling over frequency after each block',
  },
  convDropout: { type: 'number', default: 0.1, min: 0, below: 1, group: 'Network', help: 'dropout after each block' },
  lstmUnits: { type: 'integer', default: 64, min: 1, group: 'Network', help: 'units of each LSTM, each way' },
  lstmLayers: { type: 'integer', default: 1, min: 1, group: 'Network', help: 'LSTM layers' },
  ...recurrenceOptions,
  pooling: {
    type: 'choice',
    choices: ['last', 'mean', 'max', 'attention'],
    default: 'mean',
    group: 'Network',
    help: 'how all steps become one vector; plain TensorFlow.js has no layer for attention',
  },
  headDropout: {
    type: 'number',
    default: 0.3,
    min: 0,
    below: 1,
    group: 'Network',
    help: 'dropout before the last layer',
  },
})
