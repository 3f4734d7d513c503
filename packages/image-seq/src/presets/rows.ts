/** The rows of an image as the steps of a sequence, without convolution. */
import type { GivenTrainOptions } from '../options.js'
import { digits } from './digits.js'

export const rows = {
  help: 'images of one symbol each, such as MNIST: an LSTM with rows as time',
  options: {
    ...digits.options,
    network: 'lstm',
    walk: 'rows',
    bidirectional: false,
    lstmUnits: [128],
    // Without convolutions the network needs more epochs, in larger batches at a higher rate.
    batchSize: 128,
    epochs: 12,
    learningRate: 0.004,
  } satisfies GivenTrainOptions,
}
