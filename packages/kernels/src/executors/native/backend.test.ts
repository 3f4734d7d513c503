import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, expect, it } from 'vitest'
import { NativeBackend } from './backend.js'
import { BufferPool } from './buffer-pool.js'
import { filled } from '../../testing/close.js'
import { describeNative } from '../../testing/native.js'

function native(): NativeBackend {
  const backend = tf.backend()
  if (!(backend instanceof NativeBackend)) throw new Error('native is not the current backend')
  return backend
}

/** A product computed in C++, so that its buffer is the pool's. */
const pooled = (size: number) => tf.matMul(tf.ones([size, 2]), tf.ones([2, size]))

it('a pool gives the same buffer again, and forgets what is beyond its limit', () => {
  const pool = new BufferPool(100)
  const buffer = pool.take(10)
  pool.give(buffer)
  expect(pool.heldBytes).toBe(40)
  expect(pool.take(11)).not.toBe(buffer)
  expect(pool.take(10)).toBe(buffer)
  expect(pool.heldBytes).toBe(0)
  for (let i = 0; i < 5; i++) pool.give(new Float32Array(10))
  expect(pool.heldBytes).toBeLessThanOrEqual(100)
})

describeNative('the native backend', () => {
  beforeAll(async () => void (await tf.setBackend('native')))

  it('uses the buffer of a disposed tensor again', () => {
    const first = pooled(23)
    const memory = native().array(first)
    first.dispose()
    const second = pooled(23)
    expect(native().array(second)).toBe(memory)
    second.dispose()
  })

  it('never uses again what dataSync, data or a stock kernel saw', async () => {
    for (const look of [
      (tensor: tf.Tensor) => tensor.dataSync(),
      (tensor: tf.Tensor) => tensor.data(),
      (tensor: tf.Tensor) => tf.dispose(tf.tan(tensor)),
      (tensor: tf.Tensor) => native().bufferSync(tensor),
    ]) {
      const tensor = pooled(29)
      await look(tensor)
      const memory = native().array(tensor)
      tensor.dispose()
      const later = [pooled(29), pooled(29), pooled(29)]
      for (const other of later) expect(native().array(other)).not.toBe(memory)
      tf.dispose(later)
    }
  })

  it('never uses again an array that the user gave', () => {
    const array = new Float32Array(31 * 31).fill(3)
    tf.tensor(array, [31, 31]).dispose()
    const later = [pooled(31), pooled(31)]
    for (const other of later) expect(native().array(other)).not.toBe(array)
    tf.dispose(later)
    expect(new Set(array)).toEqual(new Set([3]))
  })

  it('keeps a buffer while another tensor shares it', () => {
    const tensor = pooled(37)
    const view = tf.reshape(tensor, [37 * 37])
    const memory = native().array(tensor)
    expect(native().array(view)).toBe(memory)
    tensor.dispose()
    const later = pooled(37)
    expect(native().array(later)).not.toBe(memory)
    expect(new Set(view.dataSync())).toEqual(new Set([2]))
    tf.dispose([view, later])
  })

  it('leaves what a slice shows as it was when the sliced tensor is gone', () => {
    const tensor = pooled(41)
    const part = tf.slice(tensor, [0, 0], [3, 41])
    tensor.dispose()
    const later = [pooled(41), filled([41, 41], 1), pooled(41)]
    tf.dispose(tf.mul(later[0] ?? 0, 7))
    expect(new Set(part.dataSync())).toEqual(new Set([2]))
    tf.dispose([part, later])
  })

  it('hands over values that another backend computed, and takes them back', async () => {
    const tensor = pooled(5)
    await tf.setBackend('cpu')
    const onCpu = tf.add(tensor, 1)
    await tf.setBackend('native')
    const back = tf.matMul(onCpu, tf.eye(5))
    expect(new Set(back.dataSync())).toEqual(new Set([3]))
    expect(new Set(tensor.dataSync())).toEqual(new Set([2]))
    tf.dispose([tensor, onCpu, back])
  })

  it('holds the same number of tensors and bytes over 1,000 training steps', () => {
    const weights = tf.variable(filled([6, 5], 1))
    const x = filled([4, 6], 2)
    const optimizer = tf.train.sgd(0.01)
    const step = () =>
      optimizer.minimize(() => tf.mean(tf.square(tf.relu(tf.matMul(x, weights as tf.Tensor2D)))) as tf.Scalar)
    for (let i = 0; i < 20; i++) step()
    const before = tf.memory()
    const heldBefore = native().pooledBytes
    for (let i = 0; i < 1000; i++) step()
    const after = tf.memory()
    expect([after.numTensors, after.numDataBuffers, after.numBytes]).toEqual([
      before.numTensors,
      before.numDataBuffers,
      before.numBytes,
    ])
    expect(native().pooledBytes).toBe(heldBefore)
    optimizer.dispose()
    tf.dispose([weights, x])
  })
})
