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
  outputsAndGradients,
  type SequenceGolden,
  type Subject,
} from '../testing/hidden-state.js'
import { describeNative, onBoth } from '../testing/native.js'
import { gru } from './gru.js'
import type { GruOptions } from './arguments.js'

const common = { op: gru, gates: 3, kernels: ['GruSequence', 'GruSequenceGrad', 'GruSequenceInputGrad'] }
const after: Subject<GruOptions> = {
  ...{ ...common, name: 'gru', attributes: { resetAfter: true } },
  biasShape: (width) => [2, width],
}
const before: Subject<GruOptions> = {
  ...{ ...common, name: 'gru with the reset before', attributes: { resetAfter: false } },
  biasShape: (width) => [width],
}

describe.each(backends)('gru on %s, by hand', (backend) => {
  beforeAll(async () => void (await tf.setBackend(backend)))

  const sigmoid = (v: number) => 1 / (1 + Math.exp(-v))
  const [w, u, b, c] = [
    [0.5, -0.3, 0.8],
    [0.1, 0.4, -0.2],
    [0.2, 1, 0.1],
    [0.3, -0.1, 0.7],
  ] as const
  const run = (bias: tf.Tensor, options: GruOptions) =>
    gru(tf.tensor3d([[[2], [-1]]]), tf.tensor2d([[...w]]), tf.tensor2d([[...u]]), bias, {
      returnSequences: true,
      ...options,
    })

  it('computes two steps of one unit, the reset after the product', () => {
    let h = 0
    const hidden = [2, -1].map((x) => {
      const z = sigmoid(x * w[0] + b[0] + h * u[0] + c[0])
      const r = sigmoid(x * w[1] + b[1] + h * u[1] + c[1])
      const candidate = Math.tanh(x * w[2] + b[2] + r * (h * u[2] + c[2]))
      return (h = z * h + (1 - z) * candidate)
    })
    const { output, lastHidden } = run(tf.tensor2d([[...b], [...c]]), {})
    expectClose(output.dataSync(), hidden, ACCUMULATED)
    expectClose(lastHidden.dataSync(), [h], ACCUMULATED)
  })

  it('computes two steps of one unit, the reset before the product', () => {
    let h = 0
    const hidden = [2, -1].map((x) => {
      const z = sigmoid(x * w[0] + b[0] + h * u[0])
      const r = sigmoid(x * w[1] + b[1] + h * u[1])
      return (h = z * h + (1 - z) * Math.tanh(x * w[2] + b[2] + r * h * u[2]))
    })
    const { output, lastHidden } = run(tf.tensor1d([...b]), { resetAfter: false })
    expectClose(output.dataSync(), hidden, ACCUMULATED)
    expectClose(lastHidden.dataSync(), [h], ACCUMULATED)
  })
})

for (const subject of [after, before]) {
  describeHiddenState(subject)
  describeShapeErrors(subject)
  describeNative(`${subject.name}, hard gates`, () => {
    it('agree with the reference', async () => {
      const attributes = { ...subject.attributes, recurrentActivation: 'hardSigmoid' } as const
      const { reference, native } = await onBoth(() =>
        outputsAndGradients({ ...subject, attributes }, { name: '', sizes: [3, 5, 4, 6], returnSequences: true }),
      )
      expectAllClose(native, reference, ACCUMULATED)
    })
  })
}

const golden = JSON.parse(readFileSync(new URL('./golden/gru.json', import.meta.url), 'utf8')) as SequenceGolden

describe.each(backends)('gru on %s, golden', (backend) => {
  it('is PyTorch nn.GRU, outputs and gradients', async () => {
    const { results, expected } = await goldenValues(after, golden, backend)
    expectAllClose(results, expected, GOLDEN)
    expect(results).toHaveLength(7)
  })
})
