import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { installExecutor, kernelsOf } from '../install.js'
import { lstm } from '../lstm/lstm.js'
import { sgdUpdate } from '../optimizers/sgd.js'
import { ACCUMULATED, expectClose, filled } from '../testing/close.js'
import { PlainBackend } from '../testing/plain-executor.js'

const backend = new PlainBackend('plain')
const { executor } = backend

/** What `body` gives on a backend, and the entry points that it called on the plain executor. */
async function on(name: string, body: () => tf.Tensor): Promise<{ values: Float32Array; called: string[] }> {
  await tf.setBackend(name)
  const before = executor.calls.length
  const result = tf.tidy(body)
  const values = Float32Array.from(result.dataSync())
  result.dispose()
  return { values, called: executor.calls.slice(before).map((call) => call.name) }
}

async function expectSame(body: () => tf.Tensor, called: readonly string[]): Promise<void> {
  const reference = await on('cpu', body)
  const own = await on('plain', body)
  expect(own.called).toEqual(called)
  expectClose(own.values, reference.values, ACCUMULATED)
}

describe('a second executor, without a change to any room', () => {
  beforeAll(() => {
    installExecutor(backend, 0)
  })

  it('gets the kernels whose entry points it has, and no others', () => {
    const names = kernelsOf(executor).map(({ kernelName }) => kernelName)
    expect(names).toEqual(expect.arrayContaining(['BatchMatMul', '_FusedMatMul', 'Relu', 'LstmSequence', 'Fill']))
    for (const name of ['LstmSequenceGrad', 'Sigmoid', 'Conv2D']) expect(names).not.toContain(name)
  })

  it('runs products and activations', async () => {
    await expectSame(() => tf.matMul(filled([3, 4], 1), filled([4, 5], 2)), ['matmul'])
    await expectSame(
      () => tf.relu(tf.matMul(filled([5, 4], 1), filled([4, 3], 2), false, false)),
      ['matmul', 'unary_relu'],
    )
  })

  it('runs an LSTM over a sequence', async () => {
    const run = () =>
      lstm(filled([2, 3, 4], 1), filled([4, 20], 2), filled([5, 20], 3), filled([20], 4), {
        returnSequences: true,
      }).output
    await expectSame(run, ['lstm_forward'])
  })

  it('updates variables in one call', async () => {
    const update = () => {
      const [w, v] = [tf.variable(filled([2, 3], 1)), tf.variable(filled([4], 2))]
      sgdUpdate([w, v], [filled([2, 3], 3), filled([4], 4)], [], { learningRate: 0.1, weightDecay: 0.01 })
      const all = tf.concat([tf.reshape(w, [6]), v])
      w.dispose()
      v.dispose()
      return all
    }
    await expectSame(update, ['sgd_update'])
  })

  it('falls back to what it displaces where it has no entry point', async () => {
    await expectSame(() => tf.sigmoid(filled([4], 1)), [])
  })

  it('replays what it recorded on new input, as a plan would', async () => {
    await tf.setBackend('plain')
    const [x, w] = [filled([2, 3], 1), filled([3, 2], 2)]
    const from = executor.calls.length
    const y = tf.relu(tf.matMul(x, w))
    const other = filled([2, 3], 9)
    executor.write(executor.block(x), (values) => values.set(other.dataSync()))
    executor.replay(from)
    const wanted = await on('cpu', () =>
      tf.relu(tf.matMul(tf.tensor2d(other.dataSync(), [2, 3]), tf.tensor2d(w.dataSync(), [3, 2]))),
    )
    expectClose(executor.read(executor.block(y)), wanted.values, ACCUMULATED)
  })
})
