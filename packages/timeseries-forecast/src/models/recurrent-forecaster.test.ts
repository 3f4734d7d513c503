import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { Random } from '@weft/core/runtime'
import { buildGridForecaster } from './grid-forecaster.js'
import { buildRecurrentForecaster } from './recurrent-forecaster.js'
import { statefulStep } from '@weft/core/models'

/** One step at a time sums the same float32 products in another order. */
const TOLERANCE = 1e-5

beforeAll(async () => {
  await tf.setBackend('cpu')
})

describe('a recurrent forecaster', () => {
  it.each(['lstm', 'gru'] as const)('of the next row runs row by row, with %s', (type) => {
    const shape = { lookBack: 9, inputs: 2, horizon: 1, outputs: 3 }
    const model = buildRecurrentForecaster({
      ...shape,
      recurrent: { type, units: [5, 4] },
      denseUnits: 4,
      dropout: 0.2,
    })
    const random = new Random(2)
    const past = Float32Array.from({ length: 18 }, () => random.normal())
    const whole = (model.predict(tf.tensor3d(past, [1, 9, 2])) as tf.Tensor).dataSync()
    const stepper = statefulStep(model)
    let last = new Float32Array()
    for (let row = 0; row < 9; row++) last = Float32Array.from(stepper.step(past.subarray(2 * row, 2 * row + 2)))
    expect(last).toHaveLength(3)
    last.forEach((value, i) => expect(Math.abs(value - (whole[i] ?? NaN))).toBeLessThan(TOLERANCE))
  })

  it('of more rows does not, and says so', () => {
    const model = buildRecurrentForecaster({ lookBack: 9, inputs: 2, horizon: 2, outputs: 1, recurrent: { units: 3 } })
    expect(() => statefulStep(model)).toThrow(
      'running a model step by step: expected layers that can take one step at a time for layer rows, received "Reshape"',
    )
  })

  it('says what is wrong', () => {
    const build = (pool: number) => () =>
      buildRecurrentForecaster({
        ...{ lookBack: 9, inputs: 2, horizon: 2, outputs: 1, recurrent: { units: 3 } },
        convolutions: [{ filters: 2, pool }, { filters: 2, pool: 3 }], // prettier-ignore
      })
    expect(build(3)).not.toThrow()
    expect(build(4)).toThrow(
      'building convolutions over time: expected at most 9 steps in all for pool, received "4 x 3"',
    )
  })
})

describe('a grid forecaster', () => {
  it('moves its forecast by a cell when what it sees moves by one, away from the border', () => {
    const sizes = { rows: 7, columns: 7, filters: [2], lookBack: 2, horizon: 3 }
    const model = buildGridForecaster({ ...sizes, inputs: 49, outputs: 98 })
    const spike = (row: number, column: number) => {
      const past = tf.buffer([1, 2, 49])
      past.set(1, 0, 0, 7 * row + column)
      return (model.predict(past.toTensor()) as tf.Tensor).arraySync() as number[][][]
    }
    const [a, b] = [spike(3, 3), spike(4, 2)]
    for (const lead of [0, 1, 2])
      for (const parameter of [0, 1])
        for (const [row, column] of [
          [3, 3],
          [3, 4],
          [2, 3],
        ] as const)
          // prettier-ignore
          expect(b[0]?.[lead]?.[2 * (7 * (row + 1) + column - 1) + parameter]).toBeCloseTo(
            a[0]?.[lead]?.[2 * (7 * row + column) + parameter] ?? NaN,
            6,
          )
  })
  it('says what is wrong', () => {
    const build = (inputs: number, outputs: number, filters: number[]) => () =>
      buildGridForecaster({ rows: 2, columns: 3, filters, lookBack: 2, horizon: 3, inputs, outputs })
    const doing = 'building a grid forecaster: expected'
    expect(build(7, 6, [2])).toThrow(`${doing} a multiple of the 6 cells for inputs, received 7`)
    expect(build(6, 9, [2])).toThrow(`${doing} a multiple of the 6 cells for outputs, received 9`)
    expect(build(6, 6, [])).toThrow(`${doing} at least one layer for filters, received `)
  })
})
