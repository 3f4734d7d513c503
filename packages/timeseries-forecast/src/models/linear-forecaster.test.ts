import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildLinearForecaster, type LinearForecasterOptions } from './linear-forecaster.js'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

const shape = { lookBack: 4, inputs: 3, horizon: 2, outputs: 2 }
const values = (x: unknown) => Array.from((x as tf.Tensor).dataSync())

describe('a linear forecaster', () => {
  it('splits a window into trend and rest, and adds their maps: worked by hand', () => {
    const model = buildLinearForecaster({ ...shape, kernelSize: 3 })
    // Averages of three with the ends repeated: of 0 0 3 9 they are 0 1 4 7, so the rest is 0 -1 -1 2; of 6 6 6 6 all is trend.
    // The third column is no target.
    const past = tf.tensor3d([0, 6, 99, 0, 6, 99, 3, 6, 99, 9, 6, 99], [1, 4, 3])
    expect(values(model.predict(past))).toEqual([0, 0, 0, 0])
    // The trend map takes its last step, then the sum of all; the rest's its last step ten times and its second.
    model.getLayer('trend_map').setWeights([tf.tensor2d([[0, 1], [0, 1], [0, 1], [1, 1]]), tf.zeros([2])]) // prettier-ignore
    model.getLayer('rest_map').setWeights([tf.tensor2d([[0, 0], [0, 1], [0, 0], [10, 0]]), tf.tensor1d([0, 0.5])]) // prettier-ignore
    // Steps by targets: 7 + 20 and 6; 12 - 1 + 0.5 and 24 + 0.5.
    const expected = [27, 6, 11.5, 24.5]
    values(model.predict(past)).forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 4))
  })

  it('has a map for each target, whose parameters lie side by side in the outputs', () => {
    const model = buildLinearForecaster({ ...shape, outputs: 4, targets: 2, decomposition: false, individual: true })
    // Of each target's last step: h + 10 p times for the first target, a hundred times that for the second.
    const kernel = tf.buffer([2, 4, 4])
    for (const [c, factor] of [1, 100].entries())
      for (const h of [0, 1]) for (const p of [0, 1]) kernel.set(factor * (1 + h + 10 * p), c, 3, 2 * h + p)
    model.getLayer('past_map').setWeights([kernel.toTensor(), tf.zeros([2, 4])])
    const past = tf.tensor3d([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 99], [1, 4, 3])
    expect(values(model.predict(past))).toEqual([1, 11, 200, 2200, 2, 12, 400, 2400])
  })

  it('says what is wrong', () => {
    const build = (more: Partial<LinearForecasterOptions>) => () => buildLinearForecaster({ ...shape, ...more })
    const doing = 'building a linear forecaster: expected'
    expect(build({ targets: 4 })).toThrow(`${doing} at most the 3 columns of the look-back for targets, received 4`)
    expect(build({ outputs: 3, targets: 2 })).toThrow(`${doing} a multiple of the 2 targets for outputs, received 3`)
    expect(build({ lookBack: 0 })).toThrow(`${doing} a whole number of at least 1 for lookBack, received 0`)
    expect(build({ future: 1.5 })).toThrow(`${doing} a whole number of at least 0 for future, received 1.5`)
    expect(build({ series: { count: 0 } })).toThrow(
      `${doing} a whole number of at least 1 for series.count, received 0`,
    )
  })
})
