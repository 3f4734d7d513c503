import '@tensorflow/tfjs-backend-cpu'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../runtime/random.js'
import { loadModel, saveModel } from './model-io.js'
import { buildSegmentRnn, type SegmentRnnOptions } from './segment-rnn.js'

const folder = mkdtempSync(join(tmpdir(), 'weft-segments-'))
beforeAll(async () => {
  await tf.setBackend('cpu')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Neither look-back nor horizon is a multiple of the segment. */
const odd: SegmentRnnOptions = {
  ...{ lookBack: 14, inputs: 2, horizon: 7, outputs: 2, segmentLength: 4, units: 6 },
  ...{ future: 3, series: { count: 5 }, dropout: 0.5 },
}

function normal(shape: number[], seed = 1): tf.Tensor {
  const random = new Random(seed)
  return tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
    shape,
  )
}
const inputs = () => [normal([3, 14, 2]), normal([3, 7, 3], 2), tf.tensor2d([[0], [4], [2]])]
const predict = (model: tfl.LayersModel, x: tf.Tensor | tf.Tensor[]) => model.predict(x) as tf.Tensor
const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())

describe('a segment network', () => {
  it.each(['gru', 'lstm'] as const)('gives the same outputs after saving and loading, with %s', async (cell) => {
    const model = buildSegmentRnn({ ...odd, cell })
    await saveModel(model, join(folder, cell))
    const { model: loaded } = await loadModel(join(folder, cell))
    const before = predict(model, inputs())
    expect(before.shape).toEqual([3, 7, 2])
    expect(values(predict(loaded, inputs()))).toEqual(values(before))
  })
})
