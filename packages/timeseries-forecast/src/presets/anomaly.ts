/** A row ahead, to be told when a row is not what was to be expected. */
import type { GivenTrainOptions } from '../options.js'

export const anomaly = {
  help: 'one row ahead by a small LSTM, for watching a table that grows',
  options: {
    network: 'lstm',
    lookBack: 48,
    horizon: 1,
    units: 32,
    batchSize: 128,
    epochs: 15,
    patience: 4,
  } satisfies GivenTrainOptions,
}
