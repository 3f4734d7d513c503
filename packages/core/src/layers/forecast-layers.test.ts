import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectTensors, normal } from '../testing/tensors.js'
import { ChannelDense } from './channel-dense.js'
import { Cropping1D, ZeroPadding1D } from './crop-pad.js'
import { Dense } from './core.js'
import { GRU } from './gru.js'
import { LSTM } from './lstm.js'
import { MovingAverage1D } from './moving-average.js'
import { ParallelDecoding } from './parallel-decoding.js'
import { registerLayers } from './register.js'
import { RepeatVector } from './repeat-vector.js'

/** The same float32 products in another order. */
const TOLERANCE = 1e-5

beforeAll(async () => {
  registerLayers()
  await tf.setBackend('cpu')
})

const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)
const apply = (layer: tfl.layers.Layer, x: tf.Tensor | tf.Tensor[]) => layer.apply(x) as tf.Tensor
const sequence = (...steps: number[]) => tf.tensor3d(steps, [1, steps.length, 1])
const values = (x: tf.Tensor) => Array.from(x.dataSync())

describe('Cropping1D and ZeroPadding1D', () => {
  it('take steps off both ends, and put zeros there', () => {
    expect(values(apply(new Cropping1D({ cropping: [1, 2] }), sequence(1, 2, 3, 4, 5)))).toEqual([2, 3])
    expect(values(apply(new ZeroPadding1D({ padding: [1, 2] }), sequence(1, 2)))).toEqual([0, 1, 2, 0, 0])
    expect(values(apply(new Cropping1D(), sequence(1, 2, 3)))).toEqual([2])
    expect(values(apply(new ZeroPadding1D(), sequence(1)))).toEqual([0, 1, 0])
  })
  it('say what is wrong', () => {
    expect(() => new Cropping1D({ cropping: [-1, 0] })).toThrow(
      'making a cropping layer: expected two whole numbers of steps, at least 0, for cropping, received -1,0',
    )
    expect(() => new ZeroPadding1D({ padding: [0.5, 0] })).toThrow('for padding, received 0.5,0')
    expect(() => apply(new Cropping1D({ name: 'short' }), sequence(1, 2))).toThrow(
      'running layer short: expected more than 2 steps for its input, received 2',
    )
  })
})

describe('RepeatVector', () => {
  it("computes what TensorFlow.js's computes, and its gradient", () => {
    const [x, weights] = [normal([3, 4]), normal([3, 5, 4], 2)]
    const ours = new RepeatVector({ n: 5 })
    expectClose(apply(ours, x), apply(tfl.layers.repeatVector({ n: 5 }), x))
    const gradient = tf.grad((at) => tf.sum(tf.mul(ours.call(at) as tf.Tensor, weights)))(x)
    expectClose(gradient, tf.sum(weights, 1))
  })
})

describe('MovingAverage1D', () => {
  it('repeats the ends: a case worked by hand', () => {
    // (1 + 1 + 2) / 3, (1 + 2 + 6) / 3, (2 + 6 + 0) / 3, (6 + 0 + 0) / 3.
    const average = apply(new MovingAverage1D({ kernelSize: 3 }), sequence(1, 2, 6, 0))
    expectClose(average, sequence(4 / 3, 3, 8 / 3, 2))
  })
  it('leaves a constant and, away from the ends, a straight line as they are', () => {
    const layer = new MovingAverage1D({ kernelSize: 25 })
    expectClose(apply(layer, tf.fill([2, 40, 3], 7)), tf.fill([2, 40, 3], 7))
    const line = tf.reshape(tf.range(0, 40), [1, 40, 1]) as tf.Tensor3D
    expectClose(tf.slice(apply(layer, line) as tf.Tensor3D, [0, 12, 0], [1, 16, 1]), tf.slice(line, [0, 12, 0], [1, 16, 1])) // prettier-ignore
  })
  it('takes an odd number of steps', () => {
    expect(() => new MovingAverage1D({ kernelSize: 4 })).toThrow(
      'making a moving average: expected an odd whole number for kernelSize, received 4',
    )
  })
})

describe('ChannelDense', () => {
  it('is a dense layer for each channel', () => {
    const [x, kernel, bias] = [normal([4, 3, 5]), normal([3, 5, 2], 2), normal([3, 2], 3)]
    const layer = new ChannelDense({ units: 2 })
    expect(values(apply(layer, x))).toEqual(Array(24).fill(0))
    layer.setWeights([kernel, bias])
    for (const channel of [0, 1, 2]) {
      const dense = new Dense({ units: 2 })
      const of = (tensor: tf.Tensor, axis: number) => tf.squeeze(tf.gather(tensor, [channel], axis), [axis])
      dense.build([null, 5])
      dense.setWeights([of(kernel, 0), of(bias, 0)])
      expectClose(of(apply(layer, x), 1), apply(dense, of(x, 1)))
    }
  })
})

describe.each(['gru', 'gru without bias', 'lstm'])('ParallelDecoding of %s', (kind) => {
  const [batch, steps, units, width] = [3, 4, 5, 6]
  const useBias = kind !== 'gru without bias'
  const make = () => (kind === 'lstm' ? new LSTM({ units, returnState: true }) : new GRU({ units, useBias, returnState: true })) // prettier-ignore
  const inputs = [normal([batch, 7, width]), normal([batch, 2], 2), normal([batch, steps, 3], 3)]

  it.each([1, 2, 3])('with %i inputs is one step of the layer from its last state for each position', (count) => {
    const layer = make()
    const decoding = new ParallelDecoding({ layer, steps, name: `decoding_${count}` })
    const given = inputs.slice(0, count)
    const output = apply(decoding, given)
    const stirred = decoding.getWeights().map((weight, i) => tf.add(weight, tf.mul(0.3, normal(weight.shape, 10 + i))))
    decoding.setWeights(stirred)
    expect(output.shape).toEqual([batch, steps, units])

    const [sequenceInput, item, each] = given
    if (!sequenceInput) throw new Error('no input')
    const [, ...states] = layer.call(sequenceInput) as tf.Tensor[]
    const [positions, features] = stirred.slice(layer.weights.length)
    if (!positions) throw new Error('no positions')
    for (let step = 0; step < steps; step++) {
      const position = tf.tile(tf.gather(positions, [step]), [batch, 1])
      const vector = item ? tf.concat([position, item], 1) : position
      const known = each && features && tf.matMul(tf.squeeze(tf.gather(each, [step], 1), [1]), features)
      const own = known ? tf.add(vector, known) : vector
      const [expected] = layer.call(tf.expandDims(own, 1), { initialState: states }) as tf.Tensor[]
      if (!expected) throw new Error('no output')
      expectClose(tf.squeeze(tf.gather(apply(decoding, given), [step], 1), [1]), expected)
    }
  })
})

describe('ParallelDecoding', () => {
  it('freezes and thaws with its positions', () => {
    const decoding = new ParallelDecoding({ layer: new GRU({ units: 2 }), steps: 3 })
    apply(decoding, normal([1, 2, 2]))
    expect(decoding.trainableWeights).toHaveLength(4)
    decoding.trainable = false
    expect([decoding.trainableWeights.length, decoding.nonTrainableWeights.length]).toEqual([0, 4])
  })
  it('says what is wrong', () => {
    const make = (layer: tfl.layers.Layer, steps = 2) => new ParallelDecoding({ layer, steps, name: 'decoding' })
    const doing = 'making a layer for parallel decoding: expected'
    expect(() => make(new Dense({ units: 2 }))).toThrow(
      `${doing} an LSTM, or a GRU with resetAfter, forward in time for layer, received "Dense"`,
    )
    expect(() => make(new GRU({ units: 2, resetAfter: false }))).toThrow('for layer, received "GRU"')
    expect(() => make(new GRU({ units: 2 }), 0)).toThrow(`${doing} a whole number of at least 1 for steps, received 0`)
    expect(() => apply(make(new GRU({ units: 2 })), [normal([1, 2, 3]), normal([1, 3])])).toThrow(
      'building layer decoding: expected fewer values than a step of the sequence has for an item, received 1,3',
    )
  })
})
