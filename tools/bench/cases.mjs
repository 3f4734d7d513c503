// @ts-check
// The benchmark cases: model, input and targets, built with the public layers and builders. The names, shapes and parameter counts are
// those that the PyTorch side uses, so that the two can be compared case by case.
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { Bidirectional, buildCrnn, Conv2D, Dense, LSTM, MaxPooling2D, Random } from '@weft/core'

/**
 * @typedef {{ model: tfl.LayersModel, x: tf.Tensor, y: tf.Tensor, loss: 'meanSquaredError' | 'softmaxCrossentropy' }} Case
 */

const random = new Random(1, 'benchmark')

/** Normally distributed numbers. @param {number[]} shape */
function noise(shape) {
  return tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
    shape,
  )
}

/** @param {number} rows @param {number} classes */
function labels(rows, classes) {
  return tf.tidy(() =>
    tf.cast(
      tf.oneHot(
        tf.tensor1d(
          Array.from({ length: rows }, () => random.int(classes)),
          'int32',
        ),
        classes,
      ),
      'float32',
    ),
  )
}

/** @param {number[]} shape @param {tfl.layers.Layer[]} layers */
function sequential(shape, layers) {
  const input = tfl.input({ shape })
  const output = layers.reduce((x, layer) => /** @type {tfl.SymbolicTensor} */ (layer.apply(x)), input)
  return tfl.model({ inputs: input, outputs: output })
}

/**
 * @param {number} batch @param {number} steps @param {number} features @param {number} units
 * @returns {() => Case}
 */
function lstmClassifier(batch, steps, features, units) {
  return () => ({
    model: sequential([steps, features], [new LSTM({ units }), new Dense({ units: 10 })]),
    x: noise([batch, steps, features]),
    y: labels(batch, 10),
    loss: 'softmaxCrossentropy',
  })
}

/** @type {Readonly<Record<string, () => Case>>} */
export const cases = {
  'lstm-seed': () => ({
    model: sequential(
      [20, 10],
      [new LSTM({ units: 50, returnSequences: true }), new LSTM({ units: 50 }), new Dense({ units: 1 })],
    ),
    x: noise([100, 20, 10]),
    y: noise([100, 1]),
    loss: 'meanSquaredError',
  }),
  'lstm-medium': lstmClassifier(32, 50, 40, 128),
  'lstm-large': lstmClassifier(64, 100, 64, 256),
  'lstm-long': lstmClassifier(25, 1000, 123, 320),
  'bilstm-masked': () => {
    const lengths = Array.from({ length: 32 }, (_, item) => (item === 0 ? 50 : 10 + ((13 * item) % 41)))
    const kept = tf.tensor(
      lengths.map((length) => Array.from({ length: 50 }, (_, step) => [step < length ? 1 : 0])),
      [32, 50, 1],
    )
    return {
      model: sequential(
        [50, 40],
        [
          tfl.layers.masking({ maskValue: 0 }),
          new Bidirectional({ layer: new LSTM({ units: 128 }), mergeMode: 'concat' }),
          new Dense({ units: 10 }),
        ],
      ),
      x: tf.mul(noise([32, 50, 40]), kept),
      y: labels(32, 10),
      loss: 'softmaxCrossentropy',
    }
  },
  cnn: () => ({
    model: sequential(
      [64, 64, 1],
      [
        new Conv2D({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
        new MaxPooling2D({ poolSize: 2 }),
        new Conv2D({ filters: 64, kernelSize: 3, padding: 'same', activation: 'relu' }),
        tfl.layers.globalAveragePooling2d({}),
        new Dense({ units: 10 }),
      ],
    ),
    x: noise([32, 64, 64, 1]),
    y: labels(32, 10),
    loss: 'softmaxCrossentropy',
  }),
  'audio-crnn': () => ({
    model: buildCrnn({
      inputShape: [100, 64, 1],
      convolutions: [
        { filters: 32, pool: [2, 2], useBias: true },
        { filters: 64, pool: [2, 2], useBias: true },
      ],
      recurrent: { units: 64 },
      head: { units: 10, activation: 'linear' },
    }),
    x: noise([32, 100, 64, 1]),
    y: labels(32, 10),
    loss: 'softmaxCrossentropy',
  }),
}
