import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildCrnn, type CrnnOptions } from './crnn.js'
import { freezeLayers, transferWeights } from './transfer.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

const options: CrnnOptions = {
  inputShape: [8, 6, 1],
  convolutions: [{ filters: 2, pool: [2, 2] }],
  recurrent: { units: 3 },
  head: { units: 4 },
}
const values = (model: tfl.LayersModel, name: string) =>
  model
    .getLayer(name)
    .getWeights()
    .map((weight) => Array.from(weight.dataSync()))

describe('freezeLayers', () => {
  it('freezes what comes before the recurrence, or all but the head', () => {
    const trainable = (part: 'none' | 'cnn' | 'all-but-head') => {
      const model = buildCrnn(options)
      const frozen = freezeLayers(model, part)
      return { frozen, trainable: new Set(model.trainableWeights.map((weight) => weight.originalName.split('/')[0])) }
    }
    expect(trainable('cnn')).toEqual({ frozen: ['conv_1', 'norm_1'], trainable: new Set(['bilstm_1', 'head']) })
    expect(trainable('all-but-head')).toEqual({
      frozen: ['conv_1', 'norm_1', 'bilstm_1'],
      trainable: new Set(['head']),
    })
    expect(trainable('none').frozen).toEqual([])
  })
  it('refuses to freeze a part that is not there', () => {
    expect(() => freezeLayers(buildCrnn({ ...options, convolutions: [] }), 'cnn')).toThrow(
      'freezing layers: expected a model with layers before a recurrent one',
    )
  })
})

describe('transferWeights', () => {
  it('copies layers of the same name and shapes and tells the others', () => {
    const from = buildCrnn({ ...options, seed: 1 })
    const to = buildCrnn({ ...options, seed: 2, head: { units: 9 }, recurrent: { units: 3, layers: 2 } })
    const head = values(to, 'head')
    expect(transferWeights(from, to)).toEqual({
      copied: ['conv_1', 'norm_1', 'bilstm_1'],
      skipped: [
        { layer: 'bilstm_2', reason: 'the other model has no layer of this name' },
        { layer: 'head', reason: "its weights are [6, 9] [9], the other model's [6, 4] [4]" },
      ],
    })
    expect(values(to, 'bilstm_1')).toEqual(values(from, 'bilstm_1'))
    expect(values(to, 'head')).toEqual(head)
  })
  it('copies into and out of frozen layers alike', () => {
    const [from, to] = [buildCrnn({ ...options, seed: 1 }), buildCrnn({ ...options, seed: 2 })]
    freezeLayers(from, 'all-but-head')
    expect(transferWeights(from, to).skipped).toEqual([])
    expect(values(to, 'conv_1')).toEqual(values(from, 'conv_1'))
  })
  it('matches the outputs of heads of other sizes and orders one by one', () => {
    const from = buildCrnn({ ...options, seed: 1 })
    const to = buildCrnn({ ...options, seed: 2, head: { units: 3 } })
    for (const model of [from, to]) {
      const head = model.getLayer('head')
      const [kernel, bias] = head.getWeights()
      if (!kernel || !bias) throw new Error('expected a kernel and a bias')
      head.setWeights([kernel, tf.add(bias, tf.range(1, 1 + bias.size))])
    }
    const [theirs, before] = [from, to].map(
      (model) => model.getLayer('head').getWeights()[0]?.arraySync() as number[][],
    )
    expect(transferWeights(from, to, { outputs: [3, undefined, 0] })).toEqual({
      copied: ['conv_1', 'norm_1', 'bilstm_1', 'head'],
      skipped: [],
      outputs: { taken: 2, of: 3 },
    })
    const [kernel, bias] = to.getLayer('head').getWeights()
    expect(kernel?.arraySync()).toEqual(theirs?.map((row, i) => [row[3], before?.[i]?.[1], row[0]]))
    expect(Array.from(bias?.dataSync() ?? [])).toEqual([4, 2, 1])
  })
  it('does not match outputs that do not fit', () => {
    const [from, to] = [buildCrnn(options), buildCrnn({ ...options, head: { units: 3 } })]
    expect(() => transferWeights(from, to, { outputs: [0, 1] })).toThrow(
      'taking over layer head: expected 3 numbers, one for each output, for outputs, received 2',
    )
    expect(() => transferWeights(from, to, { outputs: [0, 1, 4] })).toThrow(
      'taking over layer head: expected numbers from 0 to 3 for outputs, received 4',
    )
    const other = buildCrnn({ ...options, recurrent: { units: 5 } })
    expect(transferWeights(from, other, { outputs: [0, 1, 2, 3] }).skipped.at(-1)).toEqual({
      layer: 'head',
      reason: "its weights for each output are [10] [], the other model's [6] []",
    })
  })
})
