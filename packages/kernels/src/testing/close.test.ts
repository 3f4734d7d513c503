import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { expect, it } from 'vitest'
import { expectClose, expectGradients, filled, numbers, ROUNDING } from './close.js'
import { describeNative, expectNativeCalls, onBoth } from './native.js'

it('expectClose names the worst element', () => {
  expectClose([1, NaN, Infinity], [1, NaN, Infinity])
  expect(() => expectClose([1, 2, 9], [1, 2.1, 3])).toThrow('values[2]: expected 3, received 9')
  expect(() => expectClose([NaN], [1])).toThrow('values[0]')
  expect(() => expectClose([1], [1, 2])).toThrow('length')
})

it('numbers are deterministic, in their range, and differ by seed', () => {
  expect(numbers(50, 1)).toEqual(numbers(50, 1))
  expect(numbers(50, 1)).not.toEqual(numbers(50, 2))
  for (const value of numbers(500, 3, 2, 5)) expect(value >= 2 && value < 5).toBe(true)
})

it('expectGradients accepts a right gradient and refuses a wrong one', async () => {
  await tf.setBackend('cpu')
  expectGradients((x) => tf.mul(x, tf.square(x)), [filled([3], 1)])
  const wrong = tf.customGrad((x) => ({
    value: tf.square(x as tf.Tensor),
    gradFunc: (dy) => tf.mul(dy as tf.Tensor, 3),
  }))
  expect(() => expectGradients((x) => wrong(x), [filled([3], 1)])).toThrow('gradient of input 0')
})

describeNative('native', () => {
  it('runs beside cpu', async () => {
    const { native, reference } = await expectNativeCalls(['BatchMatMul'], () =>
      onBoth(() => tf.matMul(filled([2, 3], 1) as tf.Tensor2D, filled([3, 2], 2) as tf.Tensor2D)),
    )
    expectClose(native[0] ?? [], reference[0] ?? [], ROUNDING)
  })
})
