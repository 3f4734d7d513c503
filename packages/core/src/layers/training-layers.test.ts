import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { beginStep } from '../runtime/random.js'
import { expectTensors, normal } from '../testing/tensors.js'
import { batchNormTraining } from '@weft/kernels'
import { BatchNormalization } from './batch-normalization.js'
import { Dense } from './core.js'
import { Conv2D } from './convolution.js'
import { Dropout, SpatialDropout1D } from './dropout.js'
import { AlphaDropout, GaussianDropout, GaussianNoise } from './noise.js'
import { registerLayers } from './register.js'

// Sums of a few dozen float32 values.
const TOLERANCE = 1e-5

beforeAll(async () => {
  await tf.setBackend('cpu')
  registerLayers()
})

const list = (x: unknown) => Array.from((x as tf.Tensor).dataSync())
const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

describe('Dropout', () => {
  it('draws anew at every step and layer, and the same when a step is repeated', () => {
    const layers = [new Dropout({ rate: 0.5 }), new Dropout({ rate: 0.5 })]
    const x = tf.ones([4, 25])
    const at = (seed: number, step: number) => {
      beginStep(seed, step)
      return layers.map((layer) => list(layer.apply(x, { training: true })))
    }
    expect(at(1, 5)).toEqual(at(1, 5))
    expect(at(1, 5)[0]).not.toEqual(at(1, 5)[1])
    expect(at(1, 5)).not.toEqual(at(1, 6))
    expect(at(1, 5)).not.toEqual(at(2, 5))
  })
  it('does nothing when predicting or with rate 0', () => {
    const x = normal([3, 4], 1)
    expectClose(new Dropout({ rate: 0.5 }).apply(x), x)
    expectClose(new Dropout({ rate: 0 }).apply(x, { training: true }), x)
  })
  it('drops whole slices by noiseShape, whole features in SpatialDropout1D', () => {
    const x = tf.ones([2, 6, 5])
    for (const layer of [new Dropout({ rate: 0.5, noiseShape: [2, 1, 5] }), new SpatialDropout1D({ rate: 0.5 })]) {
      const y = layer.apply(x, { training: true }) as tf.Tensor
      const first = tf.slice(y, [0, 0, 0], [2, 1, 5])
      expectClose(y, tf.tile(first, [1, 6, 1]))
      expect(new Set(list(y))).toEqual(new Set([0, 2]))
    }
  })
})

describe('noise layers', () => {
  // Five standard errors of a mean of as many normal values.
  const SIZE = 40_000
  const NOISE_TOLERANCE = (5 * 1.5) / Math.sqrt(SIZE)
  it.each([
    ['GaussianNoise', new GaussianNoise({ stddev: 0.5 }), Math.sqrt(1 + 0.25)],
    ['GaussianDropout', new GaussianDropout({ rate: 0.2 }), Math.sqrt(1.25)],
    ['AlphaDropout', new AlphaDropout({ rate: 0.2 }), 1],
  ])('%s keeps the mean, has the deviation of its formula and repeats with its step', (_, layer, deviation) => {
    const x = normal([SIZE], 1)
    const at = (step: number) => {
      beginStep(3, step)
      return list(layer.apply(x, { training: true }))
    }
    const values = at(1)
    const mean = values.reduce((a, b) => a + b, 0) / SIZE
    expect(Math.abs(mean)).toBeLessThan(NOISE_TOLERANCE)
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / SIZE
    expect(Math.abs(Math.sqrt(variance) - deviation)).toBeLessThan(NOISE_TOLERANCE)
    expect(at(1)).toEqual(values)
    expect(at(2)).not.toEqual(values)
    expectClose(layer.apply(x), x)
  })
})

describe('BatchNormalization', () => {
  it('normalises by the moments of the batch: by hand', () => {
    const x = tf.tensor2d([1, 10, 3, 10, 5, 40], [3, 2])
    const { output, mean, variance } = batchNormTraining(x, tf.tensor1d([2, 1]), tf.tensor1d([0, 3]), 0)
    expectClose(mean, tf.tensor1d([3, 20]))
    expectClose(variance, tf.tensor1d([8 / 3, 200]))
    const [a, b] = [Math.sqrt(8 / 3), Math.sqrt(200)]
    expectClose(output, tf.tensor2d([-4 / a, 3 - 10 / b, 0, 3 - 10 / b, 4 / a, 3 + 20 / b], [3, 2]))
  })
  it.each([{}, { momentum: 0.5, epsilon: 0.1 }])('trains and predicts as the layer of TensorFlow.js, %j', (args) => {
    const x = normal([2, 3, 4, 5], 1, { mean: 1, deviation: 2 })
    const [ours, stock] = [new BatchNormalization(args), tfl.layers.batchNormalization(args)]
    for (const layer of [ours, stock]) {
      layer.apply(x)
      layer.setWeights([normal([5], 2), normal([5], 3), normal([5], 4), tf.abs(normal([5], 5))])
    }
    expectClose(ours.apply(x), stock.apply(x))
    expectClose(ours.apply(x, { training: true }), stock.apply(x, { training: true }))
    ours.getWeights().forEach((weight, i) => expectClose(weight, stock.getWeights()[i]))
  })
  it('has the gradients of finite differences', () => {
    const [gamma, beta, weights] = [normal([3], 1), normal([3], 2), normal([6, 3], 3)]
    const x = normal([6, 3], 4)
    const loss = (...inputs: tf.Tensor[]) => {
      const [x, gamma, beta] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor]
      return tf.sum(tf.mul(batchNormTraining(x, gamma, beta, 0.1).output, weights)) as tf.Scalar
    }
    const gradients = tf.grads(loss)([x, gamma, beta])
    const step = 1e-2
    ;[x, gamma, beta].forEach((input, which) => {
      const values = list(input)
      const numeric = values.map((_, i) => {
        const at = (delta: number) => {
          const moved = tf.tensor(
            values.map((v, j) => (i === j ? v + delta : v)),
            input.shape,
          )
          return list(loss(...[x, gamma, beta].map((other, k) => (k === which ? moved : other))))[0] ?? 0
        }
        return (at(step) - at(-step)) / (2 * step)
      })
      // Central differences in float32: rounding 1e-7 / step, curvature step squared.
      list(gradients[which]).forEach((value, i) => expect(Math.abs(value - (numeric[i] ?? NaN))).toBeLessThan(2e-3))
    })
  })
  it('works without scale and centre', () => {
    const y = new BatchNormalization({ scale: false, center: false, epsilon: 1e-6 }).apply(
      normal([50, 2], 1, { mean: 7, deviation: 3 }),
      {
        training: true,
      },
    )
    expectClose(tf.mean(y as tf.Tensor, 0), tf.zeros([2]))
  })
  it('uses and keeps its moving averages when frozen', () => {
    const layer = new BatchNormalization()
    const x = normal([8, 2], 1, { mean: 7, deviation: 3 })
    layer.apply(x, { training: true })
    layer.trainable = false
    const before = layer.getWeights().map(list)
    expectClose(layer.apply(x, { training: true }), layer.apply(x))
    expect(layer.getWeights().map(list)).toEqual(before)
  })
  it('leaves no tensor behind', () => {
    const layer = new BatchNormalization()
    const x = normal([8, 2], 1)
    tf.dispose(layer.apply(x, { training: true }) as tf.Tensor)
    const before = tf.memory().numTensors
    tf.dispose(layer.apply(x, { training: true }) as tf.Tensor)
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('Dense and Conv2D', () => {
  it('start with the weights of Keras', () => {
    for (const layer of [new Dense({ units: 2 }), new Conv2D({ filters: 2, kernelSize: 3 })]) {
      expect(layer.getConfig().kernelInitializer).toMatchObject({
        className: 'VarianceScaling',
        config: { mode: 'fanAvg', distribution: 'uniform' },
      })
    }
  })
})
