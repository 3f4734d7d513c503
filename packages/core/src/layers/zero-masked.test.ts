import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectTensors, normal } from '../testing/tensors.js'
import { BatchNormalization } from './batch-normalization.js'
import { TimeDistributed } from './time-distributed.js'
import { ZeroMasked } from './zero-masked.js'

/** The same sums in another order. */
const TOLERANCE = 1e-6

beforeAll(async () => {
  await tf.setBackend('cpu')
})
const mask = (rows: number[][]) => tf.tensor2d(rows, undefined, 'bool')
const values = (x: unknown) => (x as tf.Tensor).arraySync()
const ragged = () => mask([[1, 1, 1], [1, 0, 0]]) // prettier-ignore
/** The real steps of [2, 3, ...] under the mask above, by hand. */
const real = (x: tf.Tensor) => {
  const steps = tf.reshape(x, [6, ...x.shape.slice(2)])
  return tf.gather(steps, tf.tensor1d([0, 1, 2, 3], 'int32'))
}
const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

describe('ZeroMasked', () => {
  const x = () => tf.tensor3d([1, 2, 3, 4, 5, 6], [2, 3, 1])
  it('sets masked steps to 0, and their gradient', () => {
    const layer = new ZeroMasked()
    expect(values(layer.apply(x(), { mask: ragged() }))).toEqual([[[1], [2], [3]], [[4], [0], [0]]]) // prettier-ignore
    const gradient = tf.grad((given: tf.Tensor) => layer.apply(given, { mask: ragged() }) as tf.Tensor)(x())
    expect(values(gradient)).toEqual([[[1], [1], [1]], [[1], [0], [0]]]) // prettier-ignore
  })
  it('computes nothing where there is no padding', () => {
    const all = mask([[1, 1, 1], [1, 1, 1]]) // prettier-ignore
    const given = x()
    for (const options of [{}, { mask: all }])
      expect((new ZeroMasked().apply(given, options) as tf.Tensor).dataId).toBe(given.dataId)
  })
  it('adds steps up to a multiple, masked', () => {
    const layer = new ZeroMasked({ multipleOf: 2 })
    expect(values(layer.apply(x(), { mask: ragged() }))).toEqual([[[1], [2], [3], [0]], [[4], [0], [0], [0]]]) // prettier-ignore
    expect(values(layer.computeMask(x(), ragged()))).toEqual([[1, 1, 1, 0], [1, 0, 0, 0]]) // prettier-ignore
    expect(layer.computeOutputShape([null, 5, 4])).toEqual([null, 6, 4])
    expect(layer.computeOutputShape([null, null, 4])).toEqual([null, null, 4])
    expect(layer.getConfig()).toMatchObject({ multipleOf: 2 })
    expect(() => new ZeroMasked({ multipleOf: 0.5 })).toThrow('making ZeroMasked: expected a whole number')
  })
})

describe('layers that leave padding out', () => {
  it('BatchNormalization trains on the real steps alone', () => {
    const [masked, packed] = [new BatchNormalization(), new BatchNormalization()]
    const x = normal([2, 3, 4, 5])
    const weights = normal([2, 3, 4, 5])
    const output = masked.apply(x, { mask: ragged(), training: true }) as tf.Tensor
    const expected = packed.apply(real(x), { training: true }) as tf.Tensor
    expectClose(real(output), expected)
    masked.getWeights().forEach((weight, i) => expectClose(weight, packed.getWeights()[i] ?? tf.scalar(NaN)))

    const [ours, theirs] = [
      tf.grad((given: tf.Tensor) =>
        tf.sum(tf.mul(masked.apply(given, { mask: ragged(), training: true }) as tf.Tensor, weights)),
      )(x),
      tf.grad((given: tf.Tensor) =>
        tf.sum(tf.mul(packed.apply(given, { training: true }) as tf.Tensor, real(weights))),
      )(real(x)),
    ]
    expectClose(real(ours), theirs)
    expect(tf.max(tf.abs(tf.slice(ours, [1, 1], [1, 2]))).dataSync()[0]).toBe(0)
  })
  it('BatchNormalization passes over a mask of a sequence that has ended', () => {
    const layer = new BatchNormalization()
    const x = normal([2, 3])
    const plain = (layer.apply(x, { training: true }) as tf.Tensor).arraySync()
    expect(values(layer.apply(x, { mask: ragged(), training: true }))).toEqual(plain)
    expect(values(layer.apply(x, { mask: mask([[1], [0]]), training: true }))).toEqual(plain)
  })
  it('TimeDistributed gives zeros there, and its layer never sees them', () => {
    const layer = new TimeDistributed({ layer: tfl.layers.dense({ units: 2, biasInitializer: 'ones' }) })
    const x = normal([2, 3, 4])
    const plain = layer.apply(x) as tf.Tensor
    const output = layer.apply(x, { mask: ragged() }) as tf.Tensor
    expectClose(real(output), real(plain))
    expect(values(tf.slice(output, [1, 1], [1, 2]))).toEqual([[[0, 0], [0, 0]]]) // prettier-ignore
    const nothing = mask([[0, 0, 0], [0, 0, 0]]) // prettier-ignore
    expectClose(layer.apply(x, { mask: nothing }) as tf.Tensor, plain)
  })
})
