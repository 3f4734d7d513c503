import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerNativeBackend } from '../executors/native/native.js'
import { ShapeError } from '../shape-error.js'
import { ACCUMULATED, expectClose, filled, numbers } from '../testing/close.js'
import { nativeAvailable, onBackend } from '../testing/native.js'
import { dense, type DenseActivation } from './dense.js'

const activations: DenseActivation[] = ['linear', 'relu', 'sigmoid', 'tanh', 'relu6', 'softmax']

describe.each(nativeAvailable() ? ['cpu', 'native'] : ['cpu'])('dense on %s', (backend) => {
  beforeAll(() => void registerNativeBackend())

  it.each(activations)('is the layer from array to array, with %s', async (activation) => {
    for (const [rows, depth, cols] of [
      [1, 5, 3],
      [1, 33, 129],
      [4, 7, 17],
    ] as const) {
      const x = numbers(rows * depth, 1)
      const out = new Float32Array(rows * cols)
      const [expected] = await onBackend(backend, () => {
        const [kernel, bias] = [filled([depth, cols], 2), filled([cols], 3)]
        dense(x, kernel, bias, activation, out)
        const sum = tf.add(tf.matMul(tf.tensor2d(x.slice(), [rows, depth]), kernel), bias)
        return activation === 'linear' ? sum : tf[activation](sum)
      })
      expectClose(out, expected ?? [], ACCUMULATED)
    }
  })

  it('says what does not fit', async () => {
    await onBackend(backend, () => {
      expect(() => dense(new Float32Array(3), filled([2, 4], 1), undefined, 'linear', new Float32Array(4))).toThrow(
        new ShapeError('dense: expected 2 numbers for x and 4 for bias, received 3 and 4'),
      )
      return []
    })
  })
})
