import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import { expect, it } from 'vitest'
import { ShapeError, shapeCheck } from './shape-error.js'

it('names the op, the argument and both shapes', () => {
  expect(() => shapeCheck('gru')('bias', tf.zeros([3]), [6])).toThrow(
    new ShapeError('gru: expected shape [6] for bias, received [3]'),
  )
  expect(() => shapeCheck('gru')('x', tf.zeros([3, 1, 2]), ['B', 'T', 2])).not.toThrow()
})
