import * as tf from '@weft/kernels/tfjs-core'
import { beforeAll, it } from 'vitest'
import { ACCUMULATED, expectClose, numbers } from '../testing/close.js'
import { describeNative } from '../testing/native.js'
import { executorWith } from '../executor.js'
import { sequenceInputGradientEntry } from './input-gradient.js'

describeNative("gradient of a sequence's input", () => {
  beforeAll(async () => void (await tf.setBackend('native')))

  it('puts each row where its step lies, and zeros where there is none', () => {
    const [batch, steps, features, width] = [2, 3, 2, 4]
    const kernel = numbers(features * width, 1)
    const gates = numbers(4 * width, 2) // item 1 has three steps, item 0 has one: rows (1, t0), (0, t0), (1, t1), (1, t2)
    const inputGradient = new Float32Array(batch * steps * features).fill(9)
    const mask = Uint8Array.from([1, 0, 0, 1, 1, 1])
    const dropoutMask = Float32Array.from([1, 1, 2, 0])
    executorWith(sequenceInputGradientEntry)?.run(sequenceInputGradientEntry, {
      ...{ gatesGradient: gates, kernel, mask, dropoutMask, inputGradient },
      ...{ batch, steps, features, width, goBackwards: false, accumulate: false },
    })
    const dot = (row: number, feature: number) =>
      Array.from(
        { length: width },
        (_, i) => (gates[row * width + i] ?? 0) * (kernel[feature * width + i] ?? 0),
      ).reduce((sum, term) => sum + term)
    const long = [0, 2, 3].flatMap((row) => [2 * dot(row, 0), 0])
    expectClose(inputGradient, [dot(1, 0), dot(1, 1), 0, 0, 0, 0, ...long], ACCUMULATED)
  })
})
