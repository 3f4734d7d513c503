import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { nativeStatus } from '@weft/kernels'
import { layerOrigin } from '../layers/register.js'
import { setupRuntime } from '../runtime/device.js'
import { normal } from '../testing/tensors.js'
import { buildCrnn, type CrnnOptions } from './crnn.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

const small: CrnnOptions = {
  inputShape: [12, 8, 1],
  convolutions: [{ filters: 3, pool: [2, 2] }],
  recurrent: { units: 4 },
  head: { units: 5 },
}
const weights = (model: tfl.LayersModel) => model.getWeights().map((weight) => Array.from(weight.dataSync()))
const trainable = (model: tfl.LayersModel) =>
  model.trainableWeights.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0)

describe('buildCrnn', () => {
  it('expresses the audio benchmark: 577,866 trainable parameters', () => {
    const block = { kernelSize: 3, useBias: true, pool: [2, 2] as [number, number] }
    const model = buildCrnn({
      inputShape: [100, 64, 1],
      convolutions: [
        { filters: 32, ...block },
        { filters: 64, ...block },
      ],
      recurrent: { units: 64 },
      head: { units: 10 },
    })
    expect(trainable(model)).toBe(577_866)
    expect(model.layers.map((layer) => layer.getClassName())).toEqual([
      'InputLayer',
      ...['Conv2D', 'BatchNormalization', 'Activation', 'MaxPooling2D'],
      ...['Conv2D', 'BatchNormalization', 'Activation', 'MaxPooling2D'],
      'Reshape',
      'Bidirectional',
      'Dense',
    ])
    expect(model.getLayer('to_sequence').outputShape).toEqual([null, 25, 1024])
  })
  it.each<NonNullable<CrnnOptions['pooling']>>(['last', 'attention'])(
    'leaves no tensor over when it is disposed, pooling %s',
    (pooling) => {
      const before = tf.memory().numTensors
      const model = buildCrnn({ ...small, pooling })
      tf.dispose(tf.tidy(() => model.predict(tf.zeros([2, ...small.inputShape.map(Number)]))))
      model.dispose()
      expect(tf.memory().numTensors).toBe(before)
    },
  )

  it.each<[string, Partial<CrnnOptions>, number[]]>([
    ['defaults', {}, [2, 5]],
    ['every step', { pooling: 'none' }, [2, 6, 5]],
    ['mean over time', { pooling: 'mean' }, [2, 5]],
    ['max over time', { pooling: 'max' }, [2, 5]],
    ['attention', { pooling: 'attention' }, [2, 5]],
    ['frequency averaged', { frequency: 'mean' }, [2, 5]],
    ['largest over frequency', { frequency: 'max' }, [2, 5]],
    ['dense between', { denseUnits: 7 }, [2, 5]],
    [
      'two layers, one way',
      { recurrent: { units: 4, layers: 2, bidirectional: false, dropout: 0.2, recurrentDropout: 0.2 } },
      [2, 5],
    ],
    [
      'dilated, dropped, no batch norm',
      { convolutions: [{ filters: 2, kernelSize: [3, 5], dilation: [2, 1], batchNorm: false, dropout: 0.1 }] },
      [2, 5],
    ],
    ['padding', { padding: 0, pooling: 'mean' }, [2, 5]],
    ['no convolution', { convolutions: [] }, [2, 5]],
    ['several labels', { head: { units: 5, activation: 'sigmoid', dropout: 0.5 } }, [2, 5]],
  ])('%s', (_, options, shape) => {
    const model = buildCrnn({ ...small, ...options })
    const y = model.predict(normal([2, 12, 8, 1])) as tf.Tensor
    expect(y.shape).toEqual(shape)
    for (const value of y.dataSync()) expect(Number.isFinite(value)).toBe(true)
  })
  it('takes any length when T is null', () => {
    const model = buildCrnn({ ...small, inputShape: [null, 8, 1], pooling: 'none' })
    for (const steps of [6, 12])
      expect((model.predict(normal([1, steps, 8, 1])) as tf.Tensor).shape).toEqual([1, steps / 2, 5])
  })
  it('reads columns as time', () => {
    const x = normal([2, 12, 8, 1])
    const [rows, columns] = [buildCrnn(small), buildCrnn({ ...small, inputShape: [8, 12, 1], timeAxis: 'columns' })]
    const [a, b] = [rows.predict(x), columns.predict(tf.transpose(x, [0, 2, 1, 3]))] as [tf.Tensor, tf.Tensor]
    expect(Array.from(b.dataSync())).toEqual(Array.from(a.dataSync()))
  })
  it('gives padded rows the output they have alone', () => {
    const model = buildCrnn({
      ...small,
      inputShape: [null, 8, 1],
      padding: 0,
      pooling: 'attention',
    })
    const short = normal([1, 5, 8, 1])
    const padded = tf.pad(short, [
      [0, 0],
      [0, 7],
      [0, 0],
      [0, 0],
    ])
    const batch = tf.concat([normal([1, 12, 8, 1], 2), padded])
    const alone = Array.from((model.predict(short) as tf.Tensor).dataSync())
    const together = Array.from((model.predict(batch) as tf.Tensor).dataSync()).slice(5)
    alone.forEach((value, i) => expect(Math.abs(value - (together[i] ?? NaN))).toBeLessThan(1e-6))
  })
  it('starts from its seed, with other weights for each layer and direction', () => {
    const build = (seed?: number) => weights(buildCrnn({ ...small, seed, recurrent: { units: 4, layers: 2 } }))
    expect(build(3)).toEqual(build(3))
    expect(build(0)).toEqual(build())
    expect(build(3)).not.toEqual(build(4))
    const kernels = build(3).filter((values) => new Set(values).size > 2)
    expect(new Set(kernels.map((values) => values[0])).size).toBe(kernels.length)
  })
  it('is made of layers of TensorFlow.js by default', () => {
    for (const layer of buildCrnn(small).layers) expect(layerOrigin(layer.getClassName())).toBe('tensorflow.js')
  })
  it('reports its L2 penalties as losses', () => {
    const model = buildCrnn({ ...small, l2: 0.1, denseUnits: 3 })
    // Convolution, dense, both directions of the LSTM, head.
    const losses = model.calculateLosses().map((loss) => loss.dataSync()[0] ?? 0)
    expect(losses).toHaveLength(5)
    const kernel = model.getLayer('head').getWeights()[0] as tf.Tensor
    expect(losses.at(-1)).toBeCloseTo(0.1 * (tf.sum(tf.square(kernel)).dataSync()[0] ?? 0), 5)
  })
  it('has a gradient for every trainable weight', () => {
    const model = buildCrnn({ ...small, pooling: 'attention', denseUnits: 3, recurrent: { units: 4, layers: 2 } })
    const x = normal([2, 12, 8, 1])
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.square(model.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar,
    )
    expect(Object.keys(grads)).toHaveLength(model.trainableWeights.length)
    const largest = Object.values(grads).map((gradient) => tf.max(tf.abs(gradient)).dataSync()[0] ?? 0)
    expect(largest.filter((value) => value > 0).length).toBe(largest.length)
  })
  it('says when nothing is left after pooling', () => {
    expect(() => buildCrnn({ ...small, convolutions: [{ filters: 2, pool: [2, 16] }] })).toThrow(
      'building a CRNN: expected something left of every axis but time after pooling for inputShape',
    )
  })
  it.each(['wasm', 'native'] as const)('predicts on %s what it predicts on cpu', async (device) => {
    if (device === 'native' && !nativeStatus().available && process.env.WEFT_REQUIRE_NATIVE !== '1') return
    const predict = async (on: 'cpu' | 'wasm' | 'native') => {
      await setupRuntime({ device: on })
      const model = buildCrnn({ ...small, padding: 0, pooling: 'attention', denseUnits: 3 })
      const x = tf.mul(
        normal([3, 12, 8, 1]),
        tf.cast(tf.less(tf.reshape(tf.range(0, 12), [1, 12, 1, 1]), tf.tensor4d([4, 12, 9], [3, 1, 1, 1])), 'float32'),
      )
      return Array.from((model.predict(x) as tf.Tensor).dataSync())
    }
    const [here, there] = [await predict('cpu'), await predict(device)]
    await tf.setBackend('cpu')
    there.forEach((value, i) => expect(Math.abs(value - (here[i] ?? NaN))).toBeLessThan(1e-5))
  })
})
