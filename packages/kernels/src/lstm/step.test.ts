import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerNativeBackend } from '../executors/native/native.js'
import { ShapeError } from '../shape-error.js'
import { ACCUMULATED, expectClose, filled, numbers } from '../testing/close.js'
import { nativeAvailable, onBackend } from '../testing/native.js'
import { lstm } from './lstm.js'
import { lstmStep } from './step.js'

const weightsOf = (features: number, units: number, peepholes: boolean) => ({
  kernel: filled([features, 4 * units], 1, -0.6, 0.6),
  recurrentKernel: filled([units, 4 * units], 2, -0.4, 0.4),
  bias: filled([4 * units], 3),
  peepholes: peepholes ? filled([3, units], 4) : undefined,
})

describe.each(nativeAvailable() ? ['cpu', 'native'] : ['cpu'])('lstmStep on %s', (backend) => {
  beforeAll(() => void registerNativeBackend())
  it.each([
    { batch: 1, features: 1, units: 1, peepholes: false },
    { batch: 1, features: 40, units: 128, peepholes: false },
    { batch: 1, features: 5, units: 37, peepholes: true },
    { batch: 3, features: 7, units: 17, peepholes: true },
    { batch: 20, features: 3, units: 9, peepholes: false },
  ])(
    'gives, step by step, what lstm gives at once: $batch, $features, $units',
    async ({ batch, features, units, ...rest }) => {
      const steps = 4
      const x = numbers(steps * batch * features, 7) // [T, B, D]
      const options = { activation: 'tanh', recurrentActivation: 'hardSigmoid' } as const
      const hidden = new Float32Array(batch * units)
      const cell = new Float32Array(batch * units)
      const [expected, expectedCell] = await onBackend(backend, () => {
        const weights = weightsOf(features, units, rest.peepholes)
        for (let t = 0; t < steps; t++)
          lstmStep(x.subarray(t * batch * features, (t + 1) * batch * features), weights, hidden, cell, options)
        const sequence = tf.transpose(tf.tensor3d(x.slice(), [steps, batch, features]), [1, 0, 2])
        const { kernel, recurrentKernel, bias, peepholes } = weights
        const result = lstm(sequence, kernel, recurrentKernel, bias, { ...options, peepholes })
        return [result.lastHidden, result.lastCell]
      })
      expectClose(hidden, expected ?? [], ACCUMULATED)
      expectClose(cell, expectedCell ?? [], ACCUMULATED)
    },
  )

  it('makes no tensor', async () => {
    await onBackend(backend, () => {
      const weights = weightsOf(3, 5, false)
      const before = tf.memory().numTensors
      lstmStep(new Float32Array(3), weights, new Float32Array(5), new Float32Array(5))
      expect(tf.memory().numTensors).toBe(before)
      return []
    })
  })

  it('names the array that does not fit', () => {
    const weights = weightsOf(3, 5, false)
    const state = () => new Float32Array(10)
    expect(() => lstmStep(new Float32Array(5), weights, state(), state())).toThrow(
      new ShapeError('lstmStep: expected 6 numbers for x, received 5'),
    )
    expect(() => lstmStep(new Float32Array(6), weights, state(), new Float32Array(5))).toThrow(
      new ShapeError('lstmStep: expected 10 numbers for cell, received 5'),
    )
  })
})
