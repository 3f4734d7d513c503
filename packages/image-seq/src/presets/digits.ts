/** Small images of one symbol each, such as the digits of MNIST, for a convolutional recurrent network. */
import type { GivenTrainOptions } from '../options.js'

export const digits = {
  help: 'images of one symbol each, such as MNIST: a CNN, then an LSTM over columns',
  options: {
    height: 28,
    width: 28,
    // The files are the split; a tenth of the training images validates.
    validationShare: 0.1,
    filters: [16, 32],
    poolWidth: [2, 2],
    poolHeight: [2, 2],
    lstmUnits: [64],
    batchSize: 64,
    epochs: 8,
    learningRate: 0.003,
    warmupEpochs: 0.5,
    labelSmoothing: 0,
    // Digits vary in slant and position; their strokes are clean.
    rotationDegrees: 10,
    stretch: 0.1,
    shift: 0.05,
    perspective: 0,
    blurPx: 0,
    contrastChange: 0,
    brightnessChange: 0,
    noise: 0,
  } satisfies GivenTrainOptions,
}
