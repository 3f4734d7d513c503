import { readFileSync } from 'node:fs'
import * as tf from '@weft/kernels/tfjs-core'
import '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { ACCUMULATED, expectAllClose, expectClose, GOLDEN } from '../testing/close.js'
import {
  backends,
  describeHiddenState,
  describeShapeErrors,
  goldenValues,
  type SequenceGolden,
  type Subject,
} from '../testing/hidden-state.js'
import { simpleRnn, type SimpleRnnOptions } from './simple-rnn.js'

const subject: Subject<SimpleRnnOptions> = {
  ...{ name: 'simpleRnn', op: simpleRnn, gates: 1, attributes: {} },
  kernels: ['SimpleRnnSequence', 'SimpleRnnSequenceGrad', 'SimpleRnnSequenceInputGrad'],
  biasShape: (width) => [width],
}

describe.each(backends)('simpleRnn on %s, by hand', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  it('computes two steps of one unit', () => {
    const first = Math.tanh(2 * 0.5 + 0.1)
    const second = Math.tanh(-0.5 + first * 0.3 + 0.1)
    const { output, lastHidden } = simpleRnn(
      ...([tf.tensor3d([[[2], [-1]]]), tf.tensor2d([[0.5]]), tf.tensor2d([[0.3]]), tf.tensor1d([0.1])] as const),
      { returnSequences: true },
    )
    expectClose(output.dataSync(), [first, second], ACCUMULATED)
    expectClose(lastHidden.dataSync(), [second], ACCUMULATED)
  })
})

describeHiddenState(subject)
describeShapeErrors(subject)

const golden = JSON.parse(readFileSync(new URL('./golden/simple-rnn.json', import.meta.url), 'utf8')) as SequenceGolden

describe.each(backends)('simpleRnn on %s, golden', (backend) => {
  it('is PyTorch nn.RNN, outputs and gradients', async () => {
    const { results, expected } = await goldenValues(subject, golden, backend)
    expectAllClose(results, expected, GOLDEN)
    expect(results).toHaveLength(7)
  })
})
