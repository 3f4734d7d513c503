/** A row ahead, to raise an alarm at a row that is not as expected. */
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
