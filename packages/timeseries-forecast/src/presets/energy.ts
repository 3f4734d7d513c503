/** Loads, demand, traffic: strong seasons of day and week, several like series, forecasts days ahead. */
import type { GivenTrainOptions } from '../options.js'

export const energy = {
  help: 'loads and demand, hourly or so: a GRU over segments, days ahead from a month',
  options: {
    network: 'segment',
    // Like series share a network; each is forecast from its own past.
    channels: 'independent',
    // SegRNN's look-back and segments; so many rows say enough of the level without a linear map beside the GRU.
    lookBack: 720,
    segmentLength: 48,
    linear: false,
    horizon: 96,
    units: 256,
    dropout: 0.5,
    centre: 'last',
    batchSize: 896,
    epochs: 8,
    learningRate: 0.001,
    warmupEpochs: 0.5,
    weightDecay: 0,
    // Years differ: averaged weights follow neither the last weeks nor the last batch.
    emaDecay: 0.98,
    keep: 'last',
  } satisfies GivenTrainOptions,
}
