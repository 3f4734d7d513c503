import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerInitializers, seededInitializer } from './initializers.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
  registerInitializers()
})

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const deviation = (list: number[]) => Math.sqrt(list.reduce((sum, v) => sum + v * v, 0) / list.length)
// Five standard errors of the deviation of 64 x 256 values.
const RELATIVE_TOLERANCE = 5 / Math.sqrt(2 * 64 * 256)

describe('variance scaling', () => {
  it.each([
    ['GlorotUniform', [64, 256], Math.sqrt(2 / 320)],
    ['GlorotNormal', [64, 256], Math.sqrt(2 / 320)],
    ['HeUniform', [64, 256], Math.sqrt(2 / 64)],
    ['HeNormal', [64, 256], Math.sqrt(2 / 64)],
    ['LeCunUniform', [64, 256], Math.sqrt(1 / 64)],
    ['LeCunNormal', [64, 256], Math.sqrt(1 / 64)],
    // A 3 x 3 kernel of 32 channels: 288 inputs.
    ['HeNormal', [3, 3, 32, 64], Math.sqrt(2 / 288)],
  ] as const)('%s %j has the deviation of its formula', (name, shape, expected) => {
    const list = values(seededInitializer(name, 0).apply([...shape]))
    expect(Math.abs(deviation(list) / expected - 1)).toBeLessThan(RELATIVE_TOLERANCE)
    expect(Math.abs(list.reduce((a, b) => a + b, 0) / list.length)).toBeLessThan(
      (5 * expected) / Math.sqrt(list.length),
    )
  })
  it('bounds the uniform and the truncated ones', () => {
    const limit = Math.sqrt(6 / 320)
    for (const value of values(seededInitializer('GlorotUniform', 3).apply([64, 256])))
      expect(Math.abs(value)).toBeLessThanOrEqual(limit)
    const cut = (2 * Math.sqrt(2 / 64)) / 0.8796
    for (const value of values(seededInitializer('HeNormal', 3).apply([64, 256])))
      expect(Math.abs(value)).toBeLessThanOrEqual(cut)
  })
})

describe('orthogonal', () => {
  it.each([
    [64, 256],
    [256, 64],
    [33, 33],
    [1, 5],
    [5, 1],
  ])('%i x %i: the fewer of rows and columns are orthonormal', (rows, columns) => {
    const w = tf.tensor2d(values(seededInitializer('Orthogonal', 1).apply([rows, columns])), [rows, columns])
    const gram = rows < columns ? tf.matMul(w, w, false, true) : tf.matMul(w, w, true, false)
    const error = tf.max(tf.abs(tf.sub(gram, tf.eye(Math.min(rows, columns)))))
    expect(error.dataSync()[0]).toBeLessThan(1e-6) // float32 storage
  })
  it('flattens the axes before the last', () => {
    const w = tf.reshape(seededInitializer('Orthogonal', 1).apply([3, 3, 2, 4]), [18, 4])
    const error = tf.max(tf.abs(tf.sub(tf.matMul(w, w, true, false), tf.eye(4))))
    expect(error.dataSync()[0]).toBeLessThan(1e-6)
  })
  it('points nowhere in particular', () => {
    const means = Array.from(
      { length: 200 },
      (_, seed) => values(seededInitializer('Orthogonal', seed).apply([4, 4]))[0] ?? 0,
    )
    expect(Math.abs(means.reduce((a, b) => a + b, 0) / 200)).toBeLessThan(5 * Math.sqrt(0.25 / 200))
  })
})

describe('seeds', () => {
  it('decide the weights, 0 like any other', () => {
    for (const name of ['GlorotUniform', 'HeNormal', 'Orthogonal'] as const) {
      const weights = (seed: number, path: string) => values(seededInitializer(name, seed, path).apply([4, 4]))
      expect(weights(0, 'a')).toEqual(weights(0, 'a'))
      expect(weights(0, 'a')).not.toEqual(weights(1, 'a'))
      expect(weights(0, 'a')).not.toEqual(weights(0, 'b'))
    }
  })
  it('reach layers of TensorFlow.js and survive its saved configuration', () => {
    const build = (layer: tfl.layers.Layer) => {
      layer.build([null, 8])
      return layer.getWeights().map(values)
    }
    const layer = tfl.layers.dense({ units: 4, kernelInitializer: seededInitializer('GlorotUniform', 0, 'dense') })
    const config = layer.getConfig()
    expect(config.kernelInitializer).toMatchObject({
      className: 'VarianceScaling',
      config: { mode: 'fanAvg', distribution: 'uniform' },
    })
    const again = tfl.layers.dense({ units: 4, kernelInitializer: config.kernelInitializer as never })
    expect(build(again)).toEqual(build(layer))
  })
  it('are used by name where TensorFlow.js looks names up', () => {
    const layer = tfl.layers.dense({ units: 200, kernelInitializer: 'orthogonal' })
    layer.build([null, 100])
    expect(layer.getWeights()[0]?.shape).toEqual([100, 200])
  })
})
