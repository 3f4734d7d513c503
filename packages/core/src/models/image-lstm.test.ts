import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { LSTM } from '../layers/lstm.js'
import { normal } from '../testing/tensors.js'
import { buildHierarchicalLstm, buildImageLstm } from './image-lstm.js'

/** The same products, in batches of other sizes. */
const TOLERANCE = 1e-6

beforeAll(async () => {
  await tf.setBackend('cpu')
})
const numbers = (x: unknown) => Array.from((x as tf.Tensor).dataSync())

describe('buildImageLstm', () => {
  it('reads columns as it reads the rows of the picture turned over', () => {
    const x = normal([2, 4, 3, 2])
    const options = { recurrent: { units: 3 }, head: { units: 2 } }
    const columns = buildImageLstm({ inputShape: [4, 3, 2], walk: 'columns', ...options })
    const rows = buildImageLstm({ inputShape: [3, 4, 2], ...options })
    expect(numbers(columns.predict(x))).toEqual(numbers(rows.predict(tf.transpose(x, [0, 2, 1, 3]))))
  })
  it('pools over steps', () => {
    const build = (pooling: 'mean' | 'max' | 'attention' | 'last') =>
      buildImageLstm({ inputShape: [4, 3, 1], pooling, recurrent: { units: 3 }, head: { units: 2 } })
    const outputs = (['mean', 'max', 'attention', 'last'] as const).map((pooling) =>
      numbers(build(pooling).predict(normal([1, 4, 3, 1]))),
    )
    expect(new Set(outputs.map(String)).size).toBe(4)
  })
})

describe('buildHierarchicalLstm', () => {
  it('is an LSTM over each row, then one over the rows, composed by hand', () => {
    const [batch, height, width, channels] = [3, 4, 5, 2]
    const model = buildHierarchicalLstm({
      ...{ inputShape: [height, width, channels], rowUnits: 3, columnUnits: 2 },
      head: { units: 6, activation: 'linear' },
    })
    const x = normal([batch, height, width, channels])
    const [rowLayer, columnLayer] = [new LSTM({ units: 3 }), new LSTM({ units: 2 })]
    rowLayer.apply(tf.zeros([1, width, channels]))
    columnLayer.apply(tf.zeros([1, height, 3]))
    rowLayer.setWeights(model.getLayer('rows').getWeights())
    columnLayer.setWeights(model.getLayer('lstm_column').getWeights())
    const rows = tf.unstack(x, 1).map((row) => rowLayer.apply(row) as tf.Tensor)
    const vector = columnLayer.apply(tf.stack(rows, 1)) as tf.Tensor
    const [kernel, bias] = model.getLayer('head').getWeights()
    if (!kernel || !bias) throw new Error('expected a kernel and a bias')
    const expected = numbers(tf.add(tf.dot(vector, kernel), bias))
    numbers(model.predict(x)).forEach((value, i) =>
      expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(TOLERANCE),
    )
  })
})
