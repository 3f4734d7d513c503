import '@tensorflow/tfjs-backend-cpu'
import { readFileSync } from 'node:fs'
import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import { buildSegmentRnn, type SegmentRnnOptions } from './segment-rnn.js'

/** PyTorch sums the same float32 products in another order; values of about 1. */
const TOLERANCE = 1e-5

interface Golden {
  sizes: { lookBack: number; horizon: number; segmentLength: number; units: number; count: number }
  past: number[]
  series: number[]
  lossWeights: number[]
  weights: Record<'series_vector' | 'segment' | 'decoding' | 'head', number[][]>
  output: number[]
  gradients: number[][]
}
const golden = JSON.parse(readFileSync(new URL('./golden/segment_rnn.json', import.meta.url), 'utf8')) as Golden

beforeAll(async () => {
  await tf.setBackend('cpu')
})

function expectClose(actual: tf.Tensor | undefined, expected: readonly number[]): void {
  const values = Array.from(actual?.dataSync() ?? [])
  expect(values).toHaveLength(expected.length)
  values.forEach((value, i) => expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(TOLERANCE))
}

describe('a segment network', () => {
  it("has PyTorch's outputs and gradients", () => {
    const { sizes, weights } = golden
    const { count, ...shape } = sizes
    const model = buildSegmentRnn({ ...shape, inputs: 1, outputs: 1, series: { count } })
    for (const [name, groups] of Object.entries(weights)) {
      const layer = model.getLayer(name)
      layer.setWeights(layer.getWeights().map((weight, i) => tf.tensor(groups[i] ?? [], weight.shape)))
    }
    const batch = golden.series.length
    const x = [tf.tensor(golden.past, [batch, sizes.lookBack, 1]), tf.tensor(golden.series, [batch, 1], 'float32')]
    expectClose(model.predict(x) as tf.Tensor, golden.output)

    const factors = tf.tensor(golden.lossWeights, [batch, sizes.horizon, 1])
    const { grads } = tf.variableGrads(() => tf.sum(tf.mul(model.apply(x) as tf.Tensor, factors)) as tf.Scalar)
    const ofLayers = Object.keys(weights).flatMap((name) =>
      model.getLayer(name).trainableWeights.map((weight) => grads[(weight.read() as tf.Variable).name]),
    )
    expect(ofLayers).toHaveLength(golden.gradients.length)
    ofLayers.forEach((gradient, i) => expectClose(gradient, golden.gradients[i] ?? []))
  })

  it('leaves out the oldest rows and cuts the last segment, where they are not whole', () => {
    const shape = { inputs: 2, outputs: 2, segmentLength: 4, units: 6 }
    const odd = buildSegmentRnn({ ...shape, lookBack: 14, horizon: 7 })
    const even = buildSegmentRnn({ ...shape, lookBack: 12, horizon: 8 })
    const random = new Random(5)
    const past = tf.tensor3d(
      Float32Array.from({ length: 84 }, () => random.normal()),
      [3, 14, 2],
    )
    const newest = tf.slice(past, [0, 2, 0], [-1, 12, -1])
    const rows = tf.slice(even.predict(newest) as tf.Tensor3D, [0, 0, 0], [-1, 7, -1])
    expect((odd.predict(past) as tf.Tensor).arraySync()).toEqual(rows.arraySync())
  })

  it('says what is wrong', () => {
    const shape = { lookBack: 12, inputs: 1, horizon: 8, outputs: 1, segmentLength: 4, units: 6 }
    const build = (more: Partial<SegmentRnnOptions>) => () => buildSegmentRnn({ ...shape, ...more })
    const doing = 'building a segment network: expected'
    expect(build({ segmentLength: 13 })).toThrow(`${doing} at most the look-back (12) for segmentLength, received 13`)
    expect(build({ segmentLength: 0 })).toThrow(`${doing} a whole number of at least 1 for segmentLength, received 0`)
    expect(build({ series: { count: 3, units: 6 } })).toThrow(
      `${doing} a whole number from 1 to below units (6) for series.units, received 6`,
    )
  })
})
