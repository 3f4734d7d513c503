/** Options of finding what is unusual. options.ts puts them together into commands. */
import { defineOptions } from '@weft/core/cli'
import { detectorKinds } from './anomaly/detector.js'

export const detectionOptions = defineOptions({
  columns: {
    type: 'list',
    default: [],
    group: 'Detection',
    help: 'columns that are watched; all of numbers unless told',
  },
  detector: {
    type: 'choice',
    choices: detectorKinds,
    default: 'combined',
    group: 'Detection',
    help: 'by the error of an LSTM’s forecast, by that of an LSTM autoencoder, or by the first together with level and spread',
  },
  probation: {
    type: 'integer',
    min: 60,
    unit: 'rows',
    group: 'Detection',
    help: 'rows at the beginning from which is learnt what is usual; 15 %, at most 750, unless told',
  },
  risk: {
    type: 'number',
    default: 0.005,
    above: 0,
    below: 1,
    group: 'Detection',
    help: 'probability of evidence from which on a row raises an alarm; smaller gives fewer alarms',
  },
  labels: {
    type: 'path',
    group: 'Detection',
    help: 'JSON file of anomalies that are known, file → windows [start, end], by which alarms are scored',
  },
})
