// @ts-check
// The benchmark cases, built with the public layers and builders. What each one is and how many parameters it has stands in
// cases.json; `buildCase` holds them to it. torch_cases.py and tensorflowjs-cases.mjs build the same for PyTorch and TensorFlow.js.
import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { buildCrnn, ctcCrossentropy, statefulStep } from '@weft/core'
import {
  Bidirectional,
  Conv2D,
  Conv3D,
  ConvLSTM2D,
  Dense,
  Embedding,
  GRU,
  LSTM,
  MaxPooling2D,
  MaxPooling3D,
  Permute,
  Reshape,
  TimeDistributed,
} from '@weft/core/layers'
import { coins, integers, labels, noise, raggedNoise } from './inputs.mjs'

/**
 * @typedef {{ model: string, input: string, params: number }} CaseFacts
 * @typedef {{ model: tfl.LayersModel, x: tf.Tensor, y: tf.Tensor, loss: import('@weft/core').TrainerOptions['loss'] }} TrainingCase
 * @typedef {{ model: tfl.LayersModel, step: () => void }} StreamingCase
 */

/** @type {Readonly<Record<string, CaseFacts>>} */
export const caseFacts = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8'))
export const caseNames = Object.keys(caseFacts)

/** @param {(number | null)[]} shape @param {tfl.layers.Layer[]} layers @param {'float32' | 'int32'} [dtype] */
function sequential(shape, layers, dtype = 'float32') {
  const input = tfl.input({ shape, dtype })
  const output = layers.reduce((x, layer) => /** @type {tfl.SymbolicTensor} */ (layer.apply(x)), input)
  return tfl.model({ inputs: input, outputs: output })
}

/** @param {number} filters */
const convolution = (filters) => new Conv2D({ filters, kernelSize: 3, padding: 'same', activation: 'relu' })

/** @param {number} units @param {boolean} [returnSequences] */
const bidirectional = (units, returnSequences = false) =>
  new Bidirectional({ layer: new LSTM({ units, returnSequences }), mergeMode: 'concat' })

/**
 * A classifier of ten classes by the layers' last output.
 * @param {number[]} shape [B, ...] @param {() => tfl.layers.Layer[]} layers @returns {() => TrainingCase}
 */
const classifier = (shape, layers) => () => ({
  model: sequential(shape.slice(1), [...layers(), new Dense({ units: 10 })]),
  x: noise(shape),
  y: labels(shape.slice(0, 1), 10),
  loss: 'softmaxCrossentropy',
})

/** Cases that are trained. @type {Readonly<Record<string, () => TrainingCase>>} */
const trainingCases = {
  'lstm-seed': () => ({
    model: sequential(
      [20, 10],
      [new LSTM({ units: 50, returnSequences: true }), new LSTM({ units: 50 }), new Dense({ units: 1 })],
    ),
    x: noise([100, 20, 10]),
    y: noise([100, 1]),
    loss: 'meanSquaredError',
  }),
  'lstm-medium': classifier([32, 50, 40], () => [new LSTM({ units: 128 })]),
  'lstm-large': classifier([64, 100, 64], () => [new LSTM({ units: 256 })]),
  'lstm-long': classifier([25, 1000, 123], () => [new LSTM({ units: 320 })]),
  'gru-medium': classifier([32, 50, 40], () => [new GRU({ units: 128, resetAfter: true })]),
  'bilstm-masked': () => ({
    model: sequential([50, 40], [tfl.layers.masking({ maskValue: 0 }), bidirectional(128), new Dense({ units: 10 })]),
    x: raggedNoise(),
    y: labels([32], 10),
    loss: 'softmaxCrossentropy',
  }),
  cnn: classifier([32, 64, 64, 1], () => [
    convolution(32),
    new MaxPooling2D({ poolSize: 2 }),
    convolution(64),
    tfl.layers.globalAveragePooling2d({}),
  ]),
  'crnn-ctc': () => ({
    // As buildCrnn has it for columns as time: the image is turned while it has one channel, so that its columns need no turning later.
    model: sequential(
      [50, 200, 1],
      [
        new Permute({ dims: [2, 1, 3] }),
        convolution(32),
        new MaxPooling2D({ poolSize: 2 }),
        convolution(64),
        new MaxPooling2D({ poolSize: 2 }),
        new Reshape({ targetShape: [50, 768] }),
        new Dense({ units: 64, activation: 'relu' }),
        bidirectional(128, true),
        bidirectional(64, true),
        new Dense({ units: 21 }),
      ],
    ),
    x: noise([16, 50, 200, 1]),
    y: integers([16, 5], 1, 21),
    loss: ctcCrossentropy({ blank: 0 }),
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
    y: labels([32], 10),
    loss: 'softmaxCrossentropy',
  }),
  convlstm: () => ({
    model: sequential(
      [10, 64, 64, 1],
      [
        new ConvLSTM2D({ filters: 32, kernelSize: 3, padding: 'same', returnSequences: true }),
        new TimeDistributed({ layer: new Conv2D({ filters: 1, kernelSize: 3, padding: 'same' }) }),
      ],
    ),
    x: noise([4, 10, 64, 64, 1]),
    y: coins([4, 10, 64, 64, 1]),
    loss: 'sigmoidCrossentropy',
  }),
  'conv3d-lstm': classifier([8, 16, 28, 28, 3], () => [
    new Conv3D({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
    new MaxPooling3D({ poolSize: 2 }),
    new Conv3D({ filters: 64, kernelSize: 3, padding: 'same', activation: 'relu' }),
    new MaxPooling3D({ poolSize: 2 }),
    new Reshape({ targetShape: [4, 3136] }),
    new LSTM({ units: 128, returnSequences: true }),
    new LSTM({ units: 128 }),
  ]),
  'char-lm': () => ({
    model: sequential(
      [100],
      [
        new Embedding({ inputDim: 65, outputDim: 128 }),
        new LSTM({ units: 256, returnSequences: true }),
        new LSTM({ units: 256, returnSequences: true }),
        new Dense({ units: 65 }),
      ],
      'int32',
    ),
    x: integers([50, 100], 0, 65),
    y: labels([50, 100], 65),
    loss: 'softmaxCrossentropy',
  }),
}

/** One step of a stream after the other, the state carried. @returns {StreamingCase} */
export function streamingCase() {
  const model = sequential([null, 40], [new LSTM({ units: 128, returnSequences: true })])
  const stream = statefulStep(model)
  const x = Float32Array.from(noise([40]).dataSync())
  return { model, step: () => void stream.step(x) }
}

/** Trainable parameters. @param {tfl.LayersModel} model */
export const countParams = (model) =>
  model.trainableWeights.reduce((sum, weight) => sum + tf.util.sizeFromShape(weight.shape.map(Number)), 0)

/**
 * Builds a case that is trained, or undefined for one that only predicts.
 * @param {string} name
 */
export function trainingCase(name) {
  const built = trainingCases[name]?.()
  if (built) checkParams(name, built.model)
  return built
}

/** @param {string} name @param {tfl.LayersModel} model */
export function checkParams(name, model) {
  const [params, expected] = [countParams(model), caseFacts[name]?.params]
  if (params !== expected)
    throw new Error(`building ${name}: expected ${expected} trainable parameters, received ${params}`)
}
