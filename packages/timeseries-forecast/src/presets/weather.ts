/** A quantity that other measurements help to forecast: fine dust from the weather, a river from the rain. */
import type { GivenTrainOptions } from '../options.js'

export const weather = {
  help: 'measurements that depend on others, hourly or so: convolution, then LSTM, a day ahead',
  options: {
    network: 'cnn-lstm',
    past: ['all'],
    calendar: ['hourOfDay', 'dayOfYear'],
    lookBack: 72,
    horizon: 24,
    units: 64,
    filters: [32],
    kernelSize: 5,
    batchSize: 256,
    epochs: 8,
    learningRate: 0.002,
    patience: 3,
  } satisfies GivenTrainOptions,
}
