// @ts-check
// The benchmark cases as users of plain TensorFlow.js have them: its own layers, its own losses, its own Adam, nothing of Weft. What it
// lacks is left out: CTC (crnn-ctc only predicts) and GRU with reset_after (its GRU has the older form, with one bias less). Recurrent
// kernels start from a Glorot distribution, because its orthogonal one takes minutes; no figure depends on that.
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { coins, integers, labels, noise, raggedNoise } from './inputs.mjs'

/**
 * @typedef {(truth: tf.Tensor, output: tf.Tensor) => tf.Scalar} Loss
 * @typedef {{ model: tfl.LayersModel, x: tf.Tensor, y?: tf.Tensor, loss?: Loss, stateful?: boolean }} StockCase
 */

/** @type {Loss} */
const softmax = (y, output) => tf.losses.softmaxCrossEntropy(y, output)

const { layers } = tfl
const recurrentInitializer = /** @type {const} */ ('glorotUniform')
const conv = /** @type {const} */ ({ kernelSize: 3, padding: 'same' })

/** @param {number} units @param {boolean} [returnSequences] */
const lstm = (units, returnSequences = false) => layers.lstm({ units, returnSequences, recurrentInitializer })

/** @param {number} units @param {boolean} [returnSequences] */
const bidirectional = (units, returnSequences = false) =>
  layers.bidirectional({
    layer: /** @type {tfl.RNN} */ (lstm(units, returnSequences)),
    mergeMode: 'concat',
  })

/** @param {number[]} shape [B, ...] @param {tfl.layers.Layer[]} stack @param {'float32' | 'int32'} [dtype] */
function sequential(shape, stack, dtype = 'float32') {
  const input = tfl.input({ batchShape: shape, dtype })
  const output = stack.reduce((x, layer) => /** @type {tfl.SymbolicTensor} */ (layer.apply(x)), input)
  return tfl.model({ inputs: input, outputs: output })
}

/** @param {number[]} shape @param {() => tfl.layers.Layer[]} stack @returns {() => StockCase} */
const classifier = (shape, stack) => () => ({
  model: sequential(shape, [...stack(), layers.dense({ units: 10 })]),
  x: noise(shape),
  y: labels(shape.slice(0, 1), 10),
  loss: softmax,
})

/** Convolution, batch norm where asked for, relu, max pooling. @param {number} filters @param {boolean} norm */
const block = (filters, norm) => [
  layers.conv2d({ filters, ...conv, activation: norm ? 'linear' : 'relu' }),
  ...(norm ? [layers.batchNormalization({}), layers.activation({ activation: 'relu' })] : []),
  layers.maxPooling2d({ poolSize: 2 }),
]

/** @type {Readonly<Record<string, () => StockCase>>} */
const cases = {
  'lstm-seed': () => ({
    model: sequential([100, 20, 10], [lstm(50, true), lstm(50), layers.dense({ units: 1 })]),
    x: noise([100, 20, 10]),
    y: noise([100, 1]),
    loss: (y, output) => tf.losses.meanSquaredError(y, output),
  }),
  'lstm-medium': classifier([32, 50, 40], () => [lstm(128)]),
  'lstm-large': classifier([64, 100, 64], () => [lstm(256)]),
  'lstm-long': classifier([25, 1000, 123], () => [lstm(320)]),
  'gru-medium': classifier([32, 50, 40], () => [layers.gru({ units: 128, recurrentInitializer })]),
  'bilstm-masked': () => ({
    ...classifier([32, 50, 40], () => [layers.masking({ maskValue: 0 }), bidirectional(128)])(),
    x: raggedNoise(),
  }),
  cnn: classifier([32, 64, 64, 1], () => [
    ...block(32, false),
    layers.conv2d({ filters: 64, ...conv, activation: 'relu' }),
    layers.globalAveragePooling2d({}),
  ]),
  'crnn-ctc': () => ({
    model: sequential(
      [16, 50, 200, 1],
      [
        layers.permute({ dims: [2, 1, 3] }),
        ...block(32, false),
        ...block(64, false),
        layers.reshape({ targetShape: [50, 768] }),
        layers.dense({ units: 64, activation: 'relu' }),
        bidirectional(128, true),
        bidirectional(64, true),
        layers.dense({ units: 21 }),
      ],
    ),
    x: noise([16, 50, 200, 1]),
  }),
  'audio-crnn': classifier([32, 100, 64, 1], () => [
    ...block(32, true),
    ...block(64, true),
    layers.reshape({ targetShape: [25, 1024] }),
    bidirectional(64),
  ]),
  convlstm: () => ({
    model: sequential(
      [4, 10, 64, 64, 1],
      [
        layers.convLstm2d({ filters: 32, ...conv, returnSequences: true, recurrentInitializer }),
        layers.timeDistributed({ layer: layers.conv2d({ filters: 1, ...conv }) }),
      ],
    ),
    x: noise([4, 10, 64, 64, 1]),
    y: coins([4, 10, 64, 64, 1]),
    loss: (y, output) => tf.losses.sigmoidCrossEntropy(y, output),
  }),
  'conv3d-lstm': classifier([8, 16, 28, 28, 3], () => [
    layers.conv3d({ filters: 32, ...conv, activation: 'relu' }),
    layers.maxPooling3d({ poolSize: [2, 2, 2] }),
    layers.conv3d({ filters: 64, ...conv, activation: 'relu' }),
    layers.maxPooling3d({ poolSize: [2, 2, 2] }),
    layers.reshape({ targetShape: [4, 3136] }),
    lstm(128, true),
    lstm(128),
  ]),
  'char-lm': () => ({
    model: sequential(
      [50, 100],
      [
        layers.embedding({ inputDim: 65, outputDim: 128 }),
        lstm(256, true),
        lstm(256, true),
        layers.dense({ units: 65 }),
      ],
      'int32',
    ),
    x: integers([50, 100], 0, 65),
    y: labels([50, 100], 65),
    loss: softmax,
  }),
  'lstm-stream': () => ({
    model: sequential([1, 1, 40], [layers.lstm({ units: 128, stateful: true, recurrentInitializer })]),
    x: noise([1, 1, 40]),
  }),
}

/** A case with one training step (undefined where TensorFlow.js has no loss for it) and one prediction. @param {string} name */
export function stockCase(name) {
  const build = cases[name]
  if (build === undefined) throw new Error(`building ${name}: TensorFlow.js has no such case`)
  const { model, x, y, loss } = build()
  const optimizer = tf.train.adam(1e-3)
  const outputOf = (/** @type {boolean} */ training) => /** @type {tf.Tensor} */ (model.apply(x, { training }))
  return {
    model,
    train:
      y && loss
        ? () => tf.tidy(() => optimizer.minimize(() => loss(y, outputOf(true)), true)?.dataSync()[0] ?? Number.NaN)
        : undefined,
    predict: () => tf.tidy(() => outputOf(false).dataSync()),
  }
}
