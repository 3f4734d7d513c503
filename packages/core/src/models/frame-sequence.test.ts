import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../runtime/random.js'
import { TrainStep } from '../training/train-step.js'
import { snapshot } from '../training/weights.js'
import { buildFrameSequence, type FrameSequenceOptions } from './frame-sequence.js'

/** The same sums in another order. */
const TOLERANCE = 1e-5
const PADDING = -9
const FRAME = [4, 5, 1] as const

beforeAll(async () => {
  await tf.setBackend('cpu')
})
const build = (pooling: FrameSequenceOptions['pooling']) =>
  buildFrameSequence({
    ...{ inputShape: [null, ...FRAME], convolutions: [{ filters: 3, pool: [2, 2] }], recurrent: { units: 3 } },
    ...{ head: { units: 2 }, padding: PADDING, pooling },
  })
/** Sequences of so many frames, padded to `frames`. */
function batch(lengths: number[], frames: number, seed: number): tf.Tensor {
  return tf.stack(
    lengths.map((length, i) => {
      const random = new Random(seed + i)
      const real = tf.tensor4d(
        Float32Array.from({ length: length * 20 }, () => random.normal()),
        [length, ...FRAME],
      )
      return tf.pad(real, [[0, frames - length], [0, 0], [0, 0], [0, 0]], PADDING) // prettier-ignore
    }),
  )
}

describe('buildFrameSequence', () => {
  it('gives a sequence the same output whatever shares its batch', () => {
    const random = new Random(2)
    for (const pooling of ['last', 'mean', 'max', 'attention'] as const) {
      const model = build(pooling)
      const lengths = Array.from({ length: 3 }, () => random.int(6) + 1)
      const together = (model.predict(batch(lengths, 7, 5)) as tf.Tensor).arraySync() as number[][]
      lengths.forEach((length, i) => {
        const alone = (model.predict(batch([length], length, 5 + i)) as tf.Tensor).dataSync()
        alone.forEach((value, j) => expect(Math.abs(value - (together[i]?.[j] ?? NaN))).toBeLessThan(TOLERANCE))
      })
    }
  })
  it('learns the same whatever the padding: padded frames count in no statistics', () => {
    const train = (frames: number) => {
      const model = build('mean')
      const step = new TrainStep(model, { loss: 'categoricalCrossentropy', optimizer: 'sgd', learningRate: 0.1 })
      const y = tf.tensor2d([1, 0, 0, 1], [2, 2])
      for (let i = 0; i < 3; i++) step.run({ x: batch([2, 4], frames, 1), y })
      return snapshot(model).flatMap((values) => Array.from(values))
    }
    const wide = train(6)
    train(4).forEach((value, i) => expect(Math.abs(value - (wide[i] ?? NaN))).toBeLessThan(TOLERANCE))
  })
  it('sees each frame with the same network', () => {
    const model = buildFrameSequence({
      ...{ inputShape: [3, ...FRAME], convolutions: [{ filters: 3 }], recurrent: { units: 3, bidirectional: false } },
      ...{ head: { units: 2 }, pooling: 'mean' },
    })
    const x = batch([3], 3, 1)
    const frames = model.getLayer('frames')
    const vectors = (frames.apply(x) as tf.Tensor).arraySync() as number[][][]
    const swapped = (frames.apply(tf.reverse(x, 1)) as tf.Tensor).arraySync() as number[][][]
    expect(swapped[0]?.toReversed()).toEqual(vectors[0])
  })
})
