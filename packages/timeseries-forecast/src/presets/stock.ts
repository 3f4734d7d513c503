/** Prices, a row a trading day: growth rates rather than levels, and few expectations. */
import type { GivenTrainOptions } from '../options.js'

export const stock = {
  help: 'prices by trading days: LSTM on growth rates and indicators, a few days ahead',
  options: {
    network: 'lstm',
    target: ['Close'],
    step: 'rows',
    // With the last value subtracted, the logarithm's forecast is the growth since today.
    transform: 'log',
    centre: 'last',
    features: ['logReturn(Close)', 'rsi(14)', 'macd(12,26,9)', 'bollinger(20,2)', 'atr(14)'],
    calendar: ['dayOfWeek'],
    lookBack: 60,
    horizon: 5,
    units: 32,
    dropout: 0.3,
    testShare: 0.3,
    batchSize: 128,
    epochs: 12,
    // What can be learnt of prices is little: slow steps, averaged.
    learningRate: 0.0005,
    emaDecay: 0.99,
    patience: 4,
    baselines: ['last', 'drift', 'arima(1,1,1)'],
  } satisfies GivenTrainOptions,
}
