/** Options of finding what is unusual. options.ts puts them together into commands. */
import { defineOptions } from '@weft/core/cli'

export const detectionOptions = defineOptions({
  columns: {
    type: 'list',
    default: [],
    group: 'Detection',
    help: 'columns to watch (default: all numeric)',
  },
  detector: {
    type: 'choice',
    choices: ['combined', 'forecast', 'autoencoder'],
    default: 'combined',
    group: 'Detection',
    help: 'evidence: the error of an LSTM’s forecast, that of an LSTM autoencoder, or the first combined with level and spread',
  },
  probation: {
    type: 'integer',
    min: 60,
    unit: 'rows',
    group: 'Detection',
    help: 'rows at the beginning from which to learn what is usual (default: 15 %, at most 750)',
  },
  risk: {
    type: 'number',
    default: 0.005,
    above: 0,
    below: 1,
    group: 'Detection',
    help: 'an alarm is raised when evidence as strong has at most this probability; smaller gives fewer alarms',
  },
  labels: {
    type: 'path',
    group: 'Detection',
    help: 'JSON file of known anomalies, file → windows [start, end], to score alarms by',
  },
})
