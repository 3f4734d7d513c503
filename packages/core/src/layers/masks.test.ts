import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { normal } from '../testing/tensors.js'
import { AttentionPooling1D } from './attention-pooling.js'
import { AveragePooling1D, AveragePooling2D, Conv1D, Conv2D, MaxPooling1D, MaxPooling2D } from './convolution.js'
import { Permute, Reshape } from './core.js'
import { GlobalAveragePooling1D, GlobalMaxPooling1D } from './global-pooling.js'
import { LSTM } from './lstm.js'
import { strideMask } from './masks.js'
import { registerLayers } from './register.js'
import { TimeDistributed } from './time-distributed.js'

const TOLERANCE = 1e-6

beforeAll(async () => {
  await tf.setBackend('cpu')
  registerLayers()
})

/** A mask whose row i is real in its first `lengths[i]` steps. */
const prefix = (lengths: number[], steps: number) =>
  tf.tensor2d(
    lengths.flatMap((length) => Array.from({ length: steps }, (_, t) => (t < length ? 1 : 0))),
    [lengths.length, steps],
    'bool',
  )
const rows = (mask: unknown) => {
  if (!(mask instanceof tf.Tensor)) return mask
  const values = Array.from(mask.dataSync()).join('')
  const steps = mask.shape[1] ?? 0
  return Array.from({ length: mask.shape[0] ?? 0 }, (_, i) => values.slice(i * steps, (i + 1) * steps))
}

describe('strideMask', () => {
  it('keeps a step whose first input step is real', () => {
    const mask = tf.tensor2d([1, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0], [2, 6], 'bool')
    expect(rows(strideMask(mask, 2, 3))).toEqual(['111', '001'])
    expect(rows(strideMask(mask, 1, 6))).toEqual(['111110', '010110'])
    expect(rows(strideMask(mask, 1, 4))).toEqual(['1111', '0101'])
    expect(rows(strideMask(mask, 6, 1))).toEqual(['1', '0'])
  })
  it('makes ceil(n / stride) steps of n', () => {
    for (let stride = 1; stride <= 4; stride++) {
      for (let length = 0; length <= 13; length++) {
        const [row = ''] = rows(strideMask(prefix([length], 13), stride, Math.ceil(13 / stride))) as string[]
        expect(row).toBe('1'.repeat(Math.ceil(length / stride)).padEnd(Math.ceil(13 / stride), '0'))
      }
    }
  })
})

describe('masks of layers that change the time axis', () => {
  const image = () => tf.zeros([2, 7, 4, 3])
  const series = () => tf.zeros([2, 7, 3])
  it.each([
    ['Conv2D same', new Conv2D({ filters: 2, kernelSize: 3, padding: 'same' }), image, ['1110000', '1111111']],
    ['Conv2D valid', new Conv2D({ filters: 2, kernelSize: 3 }), image, ['11100', '11111']],
    [
      'Conv2D stride 2',
      new Conv2D({ filters: 2, kernelSize: 3, strides: [2, 1], padding: 'same' }),
      image,
      ['1100', '1111'],
    ],
    ['MaxPooling2D', new MaxPooling2D({ poolSize: [2, 2] }), image, ['110', '111']],
    ['MaxPooling2D in frequency', new MaxPooling2D({ poolSize: [1, 2] }), image, ['1110000', '1111111']],
    ['AveragePooling2D same', new AveragePooling2D({ poolSize: [2, 2], padding: 'same' }), image, ['1100', '1111']],
    ['Conv1D', new Conv1D({ filters: 2, kernelSize: 2, strides: 2, padding: 'same' }), series, ['1100', '1111']],
    ['MaxPooling1D', new MaxPooling1D({ poolSize: 3 }), series, ['10', '11']],
    ['AveragePooling1D', new AveragePooling1D({ poolSize: 2 }), series, ['110', '111']],
    ['Reshape', new Reshape({ targetShape: [7, 12] }), image, ['1110000', '1111111']],
    ['Reshape, any length', new Reshape({ targetShape: [-1, 12] }), image, ['1110000', '1111111']],
    ['Permute', new Permute({ dims: [1, 3, 2] }), image, ['1110000', '1111111']],
    ['TimeDistributed', new TimeDistributed({ layer: tfl.layers.flatten() }), image, ['1110000', '1111111']],
  ] as const)('%s', (_, layer, input, expected) => {
    const x = input()
    const y = layer.apply(x) as tf.Tensor
    const mask = layer.computeMask(x, [prefix([3, 7], 7)])
    expect(rows(mask)).toEqual(expected)
    expect((mask as tf.Tensor).shape).toEqual(y.shape.slice(0, 2))
    expect(layer.computeMask(x, [])).toBeNull()
  })
  it.each([
    ['Reshape', new Reshape({ targetShape: [4, 21], name: 'odd' })],
    ['Permute', new Permute({ dims: [2, 1, 3], name: 'odd' })],
  ])('%s refuses a mask when it moves time', (_, layer) => {
    expect(() => layer.computeMask(image(), prefix([3, 7], 7))).toThrow(
      'running layer odd: expected axis 1, time, to stay where it is',
    )
  })
})

describe('pooling over time', () => {
  it('leaves masked steps out', () => {
    const x = normal([2, 5, 3], 1)
    const mask = prefix([2, 5], 5)
    const short = tf.slice(x, [0, 0, 0], [1, 2, 3])
    for (const layer of [
      new GlobalAveragePooling1D(),
      new GlobalMaxPooling1D(),
      new AttentionPooling1D({ units: 4, seed: 1 }),
    ]) {
      const all = Array.from((layer.apply(x, { mask }) as tf.Tensor).dataSync())
      const alone = Array.from((layer.apply(short) as tf.Tensor).dataSync())
      alone.forEach((value, i) => expect(Math.abs(value - (all[i] ?? NaN))).toBeLessThan(TOLERANCE))
      const unmasked = Array.from((layer.apply(x) as tf.Tensor).dataSync())
      unmasked.slice(3).forEach((value, i) => expect(Math.abs(value - (all[i + 3] ?? NaN))).toBeLessThan(TOLERANCE))
    }
  })
  it('gives finite values for a row without real steps', () => {
    const mask = prefix([0], 3)
    for (const layer of [
      new GlobalAveragePooling1D(),
      new GlobalMaxPooling1D(),
      new AttentionPooling1D({ units: 2 }),
    ]) {
      const y = layer.apply(normal([1, 3, 2], 2), { mask }) as tf.Tensor
      for (const value of y.dataSync()) expect(Number.isFinite(value)).toBe(true)
    }
  })
  it('weights steps by attention: by hand', () => {
    const layer = new AttentionPooling1D({ units: 1 })
    const x = tf.tensor3d([1, 3], [1, 2, 1])
    layer.apply(x)
    layer.setWeights([tf.tensor2d([[0.5]]), tf.tensor1d([0.1]), tf.tensor2d([[2]])])
    const [first, second] = [1, 3].map((value) => Math.exp(2 * Math.tanh(0.5 * value + 0.1))) as [number, number]
    const y = (layer.apply(x) as tf.Tensor).dataSync()[0] ?? NaN
    expect(Math.abs(y - (first + 3 * second) / (first + second))).toBeLessThan(TOLERANCE)
  })
})

describe('a CNN with variable lengths', () => {
  it('gives a padded batch the outputs that each row has alone', () => {
    const input = tfl.input({ shape: [null, 6] })
    const layers: tfl.layers.Layer[] = [
      tfl.layers.masking({ maskValue: 0 }),
      new Reshape({ targetShape: [-1, 6, 1] }),
      new Conv2D({ filters: 2, kernelSize: [1, 3], padding: 'same', useBias: false }),
      new MaxPooling2D({ poolSize: [2, 2] }),
      new Reshape({ targetShape: [-1, 6] }),
      new LSTM({ units: 3 }),
    ]
    const output = layers.reduce((x, layer) => layer.apply(x) as tfl.SymbolicTensor, input)
    const model = tfl.model({ inputs: input, outputs: output })
    const long = normal([1, 8, 6], 3)
    const short = normal([1, 4, 6], 4)
    const batch = tf.concat(
      [
        long,
        tf.pad(short, [
          [0, 0],
          [0, 4],
          [0, 0],
        ]),
      ],
      0,
    )
    const together = Array.from((model.predict(batch) as tf.Tensor).dataSync())
    const apart = [long, short].flatMap((x) => Array.from((model.predict(x) as tf.Tensor).dataSync()))
    apart.forEach((value, i) => expect(Math.abs(value - (together[i] ?? NaN))).toBeLessThan(TOLERANCE))
  })
})

describe('TimeDistributed', () => {
  it('gives what the layer of TensorFlow.js gives, without its loop', () => {
    const inner = () => tfl.layers.dense({ units: 2, activation: 'tanh' })
    const x = normal([2, 3, 4], 5)
    const ours = new TimeDistributed({ layer: inner() })
    const stock = tfl.layers.timeDistributed({ layer: inner() })
    stock.apply(x)
    ours.apply(x)
    ours.setWeights(stock.getWeights())
    const [a, b] = [ours, stock].map((layer) => Array.from((layer.apply(x) as tf.Tensor).dataSync()))
    a?.forEach((value, i) => expect(Math.abs(value - (b?.[i] ?? NaN))).toBeLessThan(TOLERANCE))
  })
  it('runs a recurrent layer over the inner sequences, a stack layer by layer', () => {
    const x = normal([2, 3, 5, 4], 6)
    const lstm = new LSTM({ units: 2 })
    const rows = new TimeDistributed({ layer: lstm })
    const y = rows.apply(x, { mask: prefix([1, 3], 3) }) as tf.Tensor
    const byHand = tf.stack(tf.unstack(x, 1).map((row) => lstm.call(row) as tf.Tensor), 1) // prettier-ignore
    const difference = tf.abs(tf.sub(y, byHand))
    expect(tf.max(tf.slice(difference, [1])).dataSync()[0]).toBeLessThan(TOLERANCE)
    expect(tf.max(tf.slice(difference, 0, [1, 1])).dataSync()[0]).toBeLessThan(TOLERANCE)
    expect(tf.max(tf.abs(tf.slice(y, [0, 1], [1, 2]))).dataSync()[0]).toBe(0)

    const dense = tfl.layers.dense({ units: 3 })
    const stack = tfl.sequential({ layers: [tfl.layers.flatten({ inputShape: [5, 4] }), dense] })
    const stacked = new TimeDistributed({ layer: stack }).apply(x) as tf.Tensor
    const flat = dense.apply(tf.reshape(x, [6, 20])) as tf.Tensor
    expect(tf.max(tf.abs(tf.sub(tf.reshape(stacked, [6, 3]), flat))).dataSync()[0]).toBeLessThan(TOLERANCE)
  })
})
