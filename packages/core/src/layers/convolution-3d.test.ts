import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { ConvLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/convolutional.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectTensors, normal } from '../testing/tensors.js'
import { AveragePooling3D, Conv3D, GlobalAveragePooling3D, GlobalMaxPooling3D, MaxPooling3D } from './convolution-3d.js'
import { DepthwiseConv2D, SeparableConv2D } from './depthwise.js'
import { layerOrigin, registerLayers } from './register.js'

// Sums of a few hundred float32 values, in another order than TensorFlow.js's.
const TOLERANCE = 1e-4

beforeAll(async () => {
  await tf.setBackend('cpu')
  registerLayers()
})

const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

const output = (layer: tfl.layers.Layer, x: tf.Tensor) => layer.apply(x) as tf.Tensor

/** Ours and TensorFlow.js's with the same weights give the same outputs. */
function expectSame(ours: tfl.layers.Layer, stock: tfl.layers.Layer, x: tf.Tensor): void {
  for (const layer of [ours, stock]) {
    layer.apply(x)
    layer.setWeights(layer.getWeights().map((weight, i) => normal(weight.shape, i + 1)))
  }
  expectClose(output(ours, x), output(stock, x))
  expect(ours.computeOutputShape(x.shape)).toEqual(output(ours, x).shape)
}

/** A model of one layer, saved and loaded, is the same layer and computes the same. */
function expectSurvivesSaving(layer: tfl.layers.Layer, shape: number[]): void {
  const model = tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: shape }), layer] })
  const x = normal([2, ...shape], 5)
  const weights = model.getWeights().map((weight, i) => normal(weight.shape, i + 1))
  model.setWeights(weights)
  const config: unknown = JSON.parse(JSON.stringify(layer.getConfig()))
  const classMap = tf.serialization.SerializationMap.getMap().classNameMap
  const [constructor, fromConfig] = classMap[layer.getClassName()] ?? []
  if (!constructor || !fromConfig) throw new Error(`expected ${layer.getClassName()} to be registered`)
  const copy = fromConfig(constructor, config as tf.serialization.ConfigDict) as tfl.layers.Layer
  expect(copy.getConfig()).toEqual(layer.getConfig())
  copy.apply(x)
  copy.setWeights(weights)
  expectClose(output(copy, x), output(layer, x))
}

const mask = () => tf.tensor2d([1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1], [2, 7], 'bool')
const rows = (given: unknown) => (given instanceof tf.Tensor ? given.arraySync() : given)

describe('layers over volumes', () => {
  it.each<Omit<ConvLayerArgs, 'filters'>>([
    { kernelSize: 3, padding: 'same', activation: 'relu' },
    { kernelSize: [2, 3, 2], padding: 'valid', strides: [2, 1, 1], activation: 'tanh', useBias: false },
    { kernelSize: 2, dilationRate: 2, activation: 'elu' },
  ])('Conv3D computes what the layer of TensorFlow.js does: %j', (args) => {
    const all = { ...args, filters: 4 }
    expectSame(new Conv3D(all), tfl.layers.conv3d(all), normal([2, 5, 6, 4, 3], 9))
  })

  it('pooling computes what the layers of TensorFlow.js do', () => {
    const args = { poolSize: 2, padding: 'same', strides: 2 } as const
    const x = normal([2, 5, 6, 4, 3], 9)
    expectSame(new MaxPooling3D({ ...args }), tfl.layers.maxPooling3d({ ...args }), x)
    expectSame(new AveragePooling3D({ ...args }), tfl.layers.averagePooling3d({ ...args }), x)
  })

  it('shorten the mask as they shorten time', () => {
    const x = tf.zeros([2, 7, 4, 4, 3])
    const short = [
      [1, 1, 0, 0],
      [1, 1, 1, 1],
    ]
    for (const layer of [
      new Conv3D({ filters: 2, kernelSize: 3, strides: [2, 1, 1], padding: 'same' }),
      new MaxPooling3D({ poolSize: 2, padding: 'same' }),
      new AveragePooling3D({ poolSize: 2, padding: 'same' }),
    ]) {
      layer.apply(x)
      expect(rows(layer.computeMask(x, mask()))).toEqual(short)
    }
  })

  it('global pooling leaves masked steps out', () => {
    const x = normal([2, 7, 2, 3, 4], 3)
    const real = tf.slice(x, [0, 0, 0, 0, 0], [1, 3, 2, 3, 4])
    const mean = new GlobalAveragePooling3D()
    const largest = new GlobalMaxPooling3D()
    expectClose(output(mean, x), tf.mean(x, [1, 2, 3]))
    expectClose(output(largest, x), tf.max(x, [1, 2, 3]))
    const masked = (layer: tfl.layers.Layer) => tf.slice(layer.apply(x, { mask: mask() }) as tf.Tensor, [0, 0], [1, 4])
    expectClose(masked(mean), tf.mean(real, [1, 2, 3]))
    expectClose(masked(largest), tf.max(real, [1, 2, 3]))
    const kept = new GlobalMaxPooling3D({ keepDims: true })
    expect(output(kept, x).shape).toEqual([2, 1, 1, 1, 4])
    expect(kept.computeOutputShape(x.shape)).toEqual([2, 1, 1, 1, 4])
    expect(mean.computeOutputShape(x.shape)).toEqual([2, 4])
    expect(rows(mean.computeMask())).toBeNull()
  })

  it('survive saving and loading', () => {
    expectSurvivesSaving(new Conv3D({ filters: 2, kernelSize: 2, activation: 'relu' }), [4, 4, 4, 2])
    expectSurvivesSaving(new MaxPooling3D({ poolSize: 2 }), [4, 4, 4, 2])
    expectSurvivesSaving(new AveragePooling3D({ poolSize: 2 }), [4, 4, 4, 2])
    expectSurvivesSaving(new GlobalAveragePooling3D({ keepDims: true }), [4, 4, 4, 2])
    expectSurvivesSaving(new GlobalMaxPooling3D(), [4, 4, 4, 2])
    expect(layerOrigin('Conv3D')).toBe('tensorflow.js')
    expect(layerOrigin('GlobalMaxPooling3D')).toBe('weft')
  })
})

describe('DepthwiseConv2D and SeparableConv2D', () => {
  it.each([
    { kernelSize: 3, padding: 'same', activation: 'relu' },
    { kernelSize: [2, 3], depthMultiplier: 2, activation: 'tanh', useBias: false },
    { kernelSize: 2, strides: 2, activation: 'elu' },
  ] as const)('compute what the layers of TensorFlow.js do: %j', (given) => {
    const args = { ...given, kernelSize: given.kernelSize as number }
    const x = normal([2, 7, 6, 3], 9)
    expectSame(new DepthwiseConv2D(args), tfl.layers.depthwiseConv2d(args), x)
    const separable = { ...args, filters: 5 }
    expectSame(new SeparableConv2D(separable), tfl.layers.separableConv2d(separable), x)
  })

  it('dilate, which the depthwise layer of TensorFlow.js does not', () => {
    const layer = new DepthwiseConv2D({ kernelSize: 3, dilationRate: 2, activation: 'relu' })
    const x = normal([2, 7, 6, 3], 9)
    layer.apply(x)
    const [kernel, bias] = [normal([3, 3, 3, 1], 1), normal([3], 2)]
    layer.setWeights([kernel, bias])
    const expected = tf.depthwiseConv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'valid', 'NHWC', 2)
    expectClose(output(layer, x), tf.relu(tf.add(expected, bias)))
    expect(layer.computeOutputShape(x.shape)).toEqual([2, 3, 2, 3])
    const gradient = tf.grad((at: tf.Tensor) => tf.sum(output(layer, at)))(x)
    expect(gradient.shape).toEqual(x.shape)
  })

  it('keep masks, and survive saving and loading with their constraints', () => {
    const x = tf.zeros([2, 7, 4, 3])
    const layer = new DepthwiseConv2D({ kernelSize: 3, padding: 'same', depthwiseConstraint: 'nonNeg' })
    layer.apply(x)
    expect(rows(layer.computeMask(x, mask()))).toEqual(rows(mask()))
    expectSurvivesSaving(
      new DepthwiseConv2D({ kernelSize: 2, depthMultiplier: 2, depthwiseConstraint: 'nonNeg' }),
      [4, 4, 2],
    )
    expectSurvivesSaving(new SeparableConv2D({ kernelSize: 2, filters: 3 }), [4, 4, 2])
  })
})
