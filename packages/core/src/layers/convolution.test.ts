import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { ConvLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/convolutional.js'
import { beforeAll, describe, it } from 'vitest'
import { expectTensors, normal } from '../testing/tensors.js'
import { Conv1D, Conv2D } from './convolution.js'
import { registerLayers } from './register.js'

// Sums of a few dozen float32 values, in another order than TensorFlow.js's.
const TOLERANCE = 1e-5

beforeAll(async () => {
  await tf.setBackend('cpu')
  registerLayers()
})

const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

const output = (layer: tfl.layers.Layer, x: tf.Tensor) => layer.apply(x) as tf.Tensor

/** Ours and TensorFlow.js's with the same weights give the same outputs and the same gradient of the input. */
function expectSame(ours: tfl.layers.Layer, stock: tfl.layers.Layer, x: tf.Tensor, gradient = true): void {
  for (const layer of [ours, stock]) {
    layer.apply(x)
    layer.setWeights(layer.getWeights().map((weight, i) => normal(weight.shape, i + 1)))
  }
  expectClose(output(ours, x), output(stock, x))
  if (!gradient) return
  const gradientOf = (layer: tfl.layers.Layer) => tf.grad((input) => tf.sum(tf.square(output(layer, input))))(x)
  const [actual, expected] = [gradientOf(ours), gradientOf(stock)]
  // Relative to the largest: squares make gradients of many sizes.
  const scale = tf.max(tf.abs(expected))
  expectClose(tf.div(actual, scale), tf.div(expected, scale))
}

describe('Conv2D', () => {
  it.each<ConvLayerArgs>([
    { filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' },
    { filters: 4, kernelSize: [2, 3], padding: 'valid', activation: 'tanh' },
    { filters: 4, kernelSize: 3, padding: 'same', strides: [2, 1], activation: 'sigmoid', useBias: false },
    { filters: 4, kernelSize: 3, padding: 'same', activation: 'elu' },
  ])('computes what the layer of TensorFlow.js does: %j', (args) => {
    expectSame(new Conv2D(args), tfl.layers.conv2d(args), normal([2, 7, 6, 3], 9))
  })
  it('leaves channels first to TensorFlow.js', () => {
    const args = { filters: 2, kernelSize: 1, dataFormat: 'channelsFirst' as const }
    expectSame(new Conv2D(args), tfl.layers.conv2d(args), normal([1, 3, 4, 4], 9), false)
  })
})

describe('Conv1D', () => {
  it.each([
    { kernelSize: 3, padding: 'same', activation: 'relu' },
    { kernelSize: 2, padding: 'valid', strides: 2, activation: 'linear' },
  ] as const)('computes what the layer of TensorFlow.js does: %j', (args) => {
    expectSame(new Conv1D({ ...args, filters: 4 }), tfl.layers.conv1d({ ...args, filters: 4 }), normal([2, 9, 3], 9))
  })
  it('computes a dilated convolution', () => {
    const args = { filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same' as const }
    // TensorFlow.js has no gradient of this one.
    expectSame(new Conv1D(args), tfl.layers.conv1d(args), normal([2, 9, 3], 9), false)
  })
  it('looks only at the past with causal padding, which TensorFlow.js lacks', () => {
    const args = { filters: 4, kernelSize: 3, dilationRate: 2 }
    const [causal, valid] = [new Conv1D({ ...args, padding: 'causal' }), new Conv1D(args)]
    const x = normal([2, 9, 3], 9)
    for (const layer of [causal, valid]) {
      layer.apply(x)
      layer.setWeights([normal([3, 3, 4], 1), normal([4], 2)])
    }
    const padded = tf.pad(x, [[0, 0], [4, 0], [0, 0]]) // prettier-ignore
    expectClose(output(causal, x), output(valid, padded))
  })
})
