import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { Conv2D, MaxPooling2D } from '../layers/convolution.js'
import { Dense, Permute, Reshape } from '../layers/core.js'
import { registerLayers } from '../layers/register.js'
import { TimeDistributed } from '../layers/time-distributed.js'
import { buildCrnn, type CrnnOptions } from '../models/crnn.js'
import { normal } from '../testing/tensors.js'
import { type ExplanationMap, resizeMap } from './explanation-map.js'
import { gradCam, lastConvolutionLayer } from './grad-cam.js'
import { layerActivation, layerGradient, runWithOffset } from './layer-gradient.js'
import { classScore, spansScore, textScore } from './scores.js'

/** Of float32 sums over a few hundred terms. */
const TOLERANCE = 1e-5

beforeAll(async () => {
  await tf.setBackend('cpu')
  registerLayers()
})

const outputOf = (model: tfl.LayersModel, x: tf.Tensor) => model.predict(x) as tf.Tensor
const chain = (x: tfl.SymbolicTensor, ...layers: tfl.layers.Layer[]) =>
  layers.reduce((before, layer) => layer.apply(before) as tfl.SymbolicTensor, x)
const network = (shape: (number | null)[], ...layers: tfl.layers.Layer[]) => {
  const inputs = tfl.input({ shape })
  return tfl.model({ inputs, outputs: chain(inputs, ...layers) })
}
const differsMost = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, at) => Math.abs(value - (b[at] ?? NaN))))
/** Row and column of the largest value. */
const brightest = ({ values, width }: ExplanationMap) => {
  const at = values.indexOf(Math.max(...values))
  return [Math.floor(at / width), at % width]
}

describe('gradCam', () => {
  it('is the class activation map where a global average and one dense layer follow (section 3.1 of the paper)', async () => {
    const model = network(
      [2, 3, 1],
      new Conv2D({ filters: 2, kernelSize: 1, useBias: false, name: 'conv' }),
      tfl.layers.globalAveragePooling2d({}),
      new Dense({ units: 2, useBias: false, name: 'head' }),
    )
    // Channels x and -2x; class 1 weighs them 3 and 1: (3 - 2) x, divided by the 6 places, is left where it is above 0.
    model.getLayer('conv').setWeights([tf.tensor4d([1, -2], [1, 1, 1, 2])])
    model.getLayer('head').setWeights([
      tf.tensor2d([
        [5, 3],
        [7, 1],
      ]),
    ])
    const map = await gradCam(model, tf.tensor4d([1, 2, -3, 4, -5, 6], [1, 2, 3, 1]), classScore(model, 1))
    expect([map.frames, map.height, map.width]).toEqual([1, 2, 3])
    const wanted = [1, 2, 0, 4, 0, 6].map((x) => x / 6)
    expect(differsMost(map.values, wanted)).toBeLessThan(TOLERANCE)
    // Class 0: 5 x - 14 x = -9 x.
    const other = await gradCam(model, tf.tensor4d([1, 2, -3, 4, -5, 6], [1, 2, 3, 1]), classScore(model, 0))
    expect(differsMost(other.values, [0, 0, 27 / 6, 0, 45 / 6, 0])).toBeLessThan(TOLERANCE)
  })

  it('leaves no tensor and no trace in the model', async () => {
    const model = crnn({})
    const x = normal([1, 8, 10, 1], 1)
    const before = outputOf(model, x)
    const tensors = tf.memory().numTensors
    await gradCam(model, x, classScore(model, 0))
    expect(tf.memory().numTensors).toBe(tensors)
    expect(Object.hasOwn(lastConvolutionLayer(model), 'call')).toBe(false)
    expect(outputOf(model, x).dataSync()).toEqual(before.dataSync())
    await expect(gradCam(model, x, classScore(model, 99))).rejects.toThrow('an integer from 0 to 2 for the class')
    expect(Object.hasOwn(lastConvolutionLayer(model), 'call')).toBe(false)
  })

  it('is another map for another network', async () => {
    const x = normal([1, 8, 10, 1], 1)
    const maps = await Promise.all([1, 2].map((seed) => crnn({ seed })).map((m) => gradCam(m, x, classScore(m, 0))))
    const [first, second] = maps.map(({ values }) => values)
    expect(differsMost(first ?? [], second ?? [])).toBeGreaterThan(1e-3)
  })

  it.each(['rows', 'columns'] as const)('lies as the image does when time is its %s', async (timeAxis) => {
    const model = crnn({
      timeAxis,
      convolutions: [{ filters: 1, kernelSize: 1, batchNorm: false }],
      padding: undefined,
    })
    model.getLayer('conv_1').setWeights([tf.ones([1, 1, 1, 1]), tf.zeros([1])])
    const image = tf.buffer([1, 8, 10, 1])
    for (const y of [1, 2]) for (const x of [7, 8]) image.set(1, 0, y, x, 0)
    // One of the classes is spoken for by what is bright.
    const maps = await Promise.all([0, 1, 2].map((label) => gradCam(model, image.toTensor(), classScore(model, label))))
    const lit = maps.filter(({ values }) => Math.max(...values) > 0)
    expect(lit.length).toBeGreaterThan(0)
    for (const map of lit) {
      expect([map.height, map.width]).toEqual([8, 10])
      expect(Array.from(map.values.keys()).filter((at) => (map.values[at] ?? 0) > 0)).toEqual([17, 18, 27, 28])
    }
  })

  it('sees what a shrunken, turned map stands for', async () => {
    const model = network(
      [4, 8, 1],
      new Permute({ dims: [2, 1, 3] }),
      new Conv2D({ filters: 1, kernelSize: 1, name: 'a' }),
      new MaxPooling2D({ poolSize: [2, 1] }),
      new Conv2D({ filters: 1, kernelSize: 1, name: 'b' }),
      tfl.layers.flatten(),
      new Dense({ units: 1 }),
    )
    for (const name of ['a', 'b']) model.getLayer(name).setWeights([tf.ones([1, 1, 1, 1]), tf.zeros([1])])
    model.layers.at(-1)?.setWeights([tf.ones([16, 1]), tf.zeros([1])])
    const image = tf.buffer([1, 4, 8, 1])
    image.set(1, 0, 1, 6, 0)
    const map = await gradCam(model, image.toTensor(), classScore(model, 0))
    expect([map.height, map.width]).toEqual([4, 4])
    expect(brightest(map)).toEqual([1, 3])
    const large = resizeMap(map, 4, 8)
    expect([large.values[8 + 6], large.values[8 + 7]]).toEqual([0.75, 1].map((share) => share * (map.values[7] ?? 0)))
  })

  it.each(['convolutions', 'a model'])('gives a map a frame when TimeDistributed holds %s', async (kind) => {
    const conv = () => new Conv2D({ filters: 1, kernelSize: 1, name: 'conv' })
    const flat = () => tfl.layers.flatten()
    const inner = network([3, 4, 1], new Permute({ dims: [2, 1, 3] }), conv(), flat())
    const steps =
      kind === 'a model'
        ? [new TimeDistributed({ layer: inner })]
        : [
            new Permute({ dims: [1, 3, 2, 4] }),
            new TimeDistributed({ layer: conv(), name: 'each' }),
            new TimeDistributed({ layer: flat() }),
          ]
    const model = network([2, 3, 4, 1], ...steps, new Reshape({ targetShape: [24] }), new Dense({ units: 1 }))
    const layer = kind === 'a model' ? inner.getLayer('conv') : model.getLayer('each')
    layer.setWeights([tf.ones([1, 1, 1, 1]), tf.zeros([1])])
    model.layers.at(-1)?.setWeights([tf.ones([24, 1]), tf.zeros([1])])
    const x = tf.buffer([1, 2, 3, 4, 1])
    x.set(1, 0, 1, 2, 0, 0)
    const map = await gradCam(model, x.toTensor(), classScore(model, 0))
    expect([map.frames, map.height, map.width]).toEqual([2, 3, 4])
    expect(Array.from(map.values, (value) => (value > 0 ? 1 : 0)).indexOf(1)).toBe(12 + 8)
    expect(map.values.filter((value) => value > 0).length).toBe(1)
  })

  it('says what to do about a network without convolutions, or one that is used again', async () => {
    const plain = network([4, 3], new Dense({ units: 2 }))
    await expect(gradCam(plain, tf.zeros([1, 4, 3]), (y) => y)).rejects.toMatchObject({
      message: expect.stringContaining('expected a network with a convolution'),
      hint: expect.stringContaining('occlusion'),
    })
    const shared = new Conv2D({ filters: 1, kernelSize: 1 })
    const twice = network([4, 3, 1], shared, shared, tfl.layers.flatten(), new Dense({ units: 2 }))
    await expect(gradCam(twice, tf.zeros([1, 4, 3, 1]), classScore(twice, 0))).rejects.toThrow(
      'a single run for the layer, received "a model that uses it more than once"',
    )
    await expect(gradCam(plain, tf.zeros([2, 4, 3]), (y) => y)).rejects.toThrow('one item')
    expect(() => layerActivation(plain, tf.zeros([1, 4, 3]), shared)).toThrow(
      'a single run for the layer, received "a model that does not run it"',
    )
  })
})

function crnn(options: Partial<CrnnOptions>): tfl.LayersModel {
  return buildCrnn({
    inputShape: [8, 10, 1],
    convolutions: [{ filters: 3, pool: [1, 2] }, { filters: 4 }],
    recurrent: { units: 3 },
    head: { units: 3 },
    padding: 0,
    seed: 1,
    ...options,
  })
}

describe('layerGradient', () => {
  it.each([
    ['rows, masks', { padding: 0 }],
    ['columns', { timeAxis: 'columns', padding: undefined }],
    ['attention, mean of frequency', { pooling: 'attention', frequency: 'mean' }],
    ['steps', { pooling: 'none' }],
  ] as const)('has the gradient of finite differences: %s', (_, options) => {
    const model = crnn(options)
    // Two steps of padding.
    const x = tf.concat([normal([1, 6, 10, 1], 3), tf.zeros([1, 2, 10, 1])], 1)
    const layer = lastConvolutionLayer(model)
    const score =
      model.outputs[0]?.shape.length === 3
        ? spansScore(model, [
            { label: 1, firstStep: 0, lastStep: 2 },
            { label: 2, firstStep: 4, lastStep: 4 },
          ])
        : classScore(model, 2)
    const { activation, gradient } = layerGradient(model, x, layer, score)
    const direction = normal(activation.shape, 4)
    const at = (step: number) => {
      const output = runWithOffset(model, x, layer, tf.mul(direction, step))
      return tf.sum(score(output)).dataSync()[0] ?? NaN
    }
    const slope = tf.sum(tf.mul(gradient, direction)).dataSync()[0] ?? NaN
    expect((at(1e-2) - at(-1e-2)) / 2e-2).toBeCloseTo(slope, 2)
    expect(Math.abs(slope)).toBeGreaterThan(1e-3)
  })

  it('runs the model with its masks', () => {
    const model = crnn({ padding: 0, pooling: 'mean', convolutions: [{ filters: 2, kernelSize: 1 }] })
    const x = tf.concat([normal([1, 5, 10, 1], 3), tf.zeros([1, 3, 10, 1])], 1)
    const layer = lastConvolutionLayer(model)
    expect(layer.name).toBe('activation_1')
    const output = runWithOffset(model, x, layer, tf.zerosLike(layerActivation(model, x, layer)))
    expect(output.dataSync()).toEqual(outputOf(model, x).dataSync())
    const { gradient } = layerGradient(model, x, layer, classScore(model, 0))
    const bySteps = Array.from(tf.sum(tf.abs(gradient), [0, 2, 3]).dataSync())
    expect(bySteps.map((size) => size > 0)).toEqual([true, true, true, true, true, false, false, false])
  })

  it('goes through branches', () => {
    const inputs = tfl.input({ shape: [4, 4, 1] })
    const shared = chain(inputs, new Conv2D({ filters: 2, kernelSize: 1, name: 'conv' }))
    const left = chain(shared, new Conv2D({ filters: 2, kernelSize: 3, padding: 'same' }), tfl.layers.flatten())
    const right = chain(shared, tfl.layers.flatten())
    const joined = tfl.layers.concatenate({}).apply([left, right]) as tfl.SymbolicTensor
    const model = tfl.model({ inputs, outputs: chain(joined, new Dense({ units: 2 })) })
    const x = normal([1, 4, 4, 1], 5)
    const layer = model.getLayer('conv')
    const score = classScore(model, 1)
    const { gradient } = layerGradient(model, x, layer, score)
    const at = (step: number) => score(runWithOffset(model, x, layer, tf.fill([1, 4, 4, 2], step))).dataSync()[0] ?? NaN
    expect((at(0.5) - at(-0.5)) / 1).toBeCloseTo(tf.sum(gradient).dataSync()[0] ?? NaN, 3)
  })
})

describe('scores', () => {
  const head = (activation: 'softmax' | 'sigmoid' | 'linear') => {
    const model = network([3], new Dense({ units: 3, activation, useBias: false }))
    model.layers.at(-1)?.setWeights([tf.eye(3)])
    return model
  }
  const logits = tf.tensor2d([
    [1, 2, 60],
    [-4, 0, 1],
  ])
  it.each([
    ['linear', [60, 1]],
    ['sigmoid', [NaN, 1]],
    ['softmax', [60 - 21, 1 + 1]],
  ] as const)('%s: what went into it', (activation, wanted) => {
    const model = head(activation)
    const scores = classScore(model, 2)(outputOf(model, logits)).dataSync()
    // 1 - sigmoid(60) is 0 in float32.
    wanted.forEach((value, at) => Number.isNaN(value) || expect(scores[at]).toBeCloseTo(value, 3))
  })

  it('have a gradient where the probability has reached 1', () => {
    const model = head('softmax')
    const slope = tf.grad((x: tf.Tensor) => classScore(model, 2)(model.apply(x) as tf.Tensor))(logits)
    expect(differsMost(slope.dataSync().slice(0, 3), [-1 / 3, -1 / 3, 2 / 3])).toBeLessThan(TOLERANCE)
  })

  it('of a text are its log probability', () => {
    // Two steps of two classes, all alike: "1" is spelt by 1-, -1 and 11 of the four paths.
    const scores = textScore([1])(tf.zeros([2, 2, 2])).dataSync()
    expect(differsMost(scores, [Math.log(3 / 4), Math.log(3 / 4)])).toBeLessThan(TOLERANCE)
  })

  it('of spans add up what stands there', () => {
    const model = network([2, 3], new Dense({ units: 3, useBias: false }))
    model.layers.at(-1)?.setWeights([tf.eye(3)])
    const x = tf.tensor3d([1, 2, 3, 4, 5, 6], [1, 2, 3])
    const score = (spans: [number, number, number][]) =>
      spansScore(
        model,
        spans.map(([label, firstStep, lastStep]) => ({ label, firstStep, lastStep })),
      )(outputOf(model, x)).dataSync()[0]
    expect(score([[1, 0, 1]])).toBe(7)
    expect(
      score([
        [0, 1, 1],
        [2, 0, 0],
      ]),
    ).toBe(7)
    expect(() => score([[1, 0, 2]])).toThrow('steps from 0 to 1 for a span')
    expect(() => score([])).toThrow('at least 1 for spans')
    expect(() => classScore(model, 0)(outputOf(model, x))).toThrow('[B, V]')
  })
})
