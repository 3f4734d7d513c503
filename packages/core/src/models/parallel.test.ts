import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../runtime/random.js'
import { expectTensors } from '../testing/tensors.js'
import type { Fusion } from './fusion.js'
import { buildParallel } from './parallel.js'

/** The same sums in another order. */
const TOLERANCE = 1e-6

beforeAll(async () => {
  await tf.setBackend('cpu')
})

const build = (fusion: Fusion) =>
  buildParallel({
    ...{ inputShape: [6, 5, 1], convolutions: [{ filters: 4 }], recurrent: { units: 3, bidirectional: false } },
    ...{ fusion, fusionUnits: 5, head: { units: 2, activation: 'linear' } },
  })
const random = new Random(1)
const x = tf.tidy(() =>
  tf.tensor4d(
    Float32Array.from({ length: 60 }, () => random.normal()),
    [2, 6, 5, 1],
  ),
)

/** What a layer of the model gives for `x`. */
function output(model: tfl.LayersModel, layer: string): tf.Tensor {
  const part = tfl.model({ inputs: model.inputs, outputs: model.getLayer(layer).output as tfl.SymbolicTensor })
  return part.predict(x) as tf.Tensor
}
/** `x · kernel + bias` of a Dense layer. */
function affine(model: tfl.LayersModel, layer: string, given: tf.Tensor): tf.Tensor {
  const [kernel, bias] = model.getLayer(layer).getWeights()
  if (!kernel) throw new Error(`expected weights in ${layer}`)
  const product = tf.matMul(given, kernel)
  return bias ? tf.add(product, bias) : product
}
const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

describe('fusions of buildParallel', () => {
  it('concat: both vectors side by side', () => {
    const model = build('concat')
    expectClose(output(model, 'fusion'), tf.concat([output(model, 'pool_image'), output(model, 'lstm_1')], 1))
  })
  it('gated: g · a + (1 - g) · b', () => {
    const model = build('gated')
    const [space, sequence] = [output(model, 'pool_image'), output(model, 'lstm_1')]
    const a = tf.tanh(affine(model, 'fusion_cnn', space))
    const b = tf.tanh(affine(model, 'fusion_lstm', sequence))
    const g = tf.sigmoid(affine(model, 'fusion_gate', tf.concat([space, sequence], 1)))
    const fused = tf.add(tf.mul(g, a), tf.mul(tf.sub(1, g), b))
    expectClose(model.predict(x) as tf.Tensor, affine(model, 'head', fused))
  })
  it('attention: the mean by additive attention, whose weights add up to 1', () => {
    const model = build('attention')
    const a = tf.tanh(affine(model, 'fusion_cnn', output(model, 'pool_image')))
    const b = tf.tanh(affine(model, 'fusion_lstm', output(model, 'lstm_1')))
    const score = (branch: tf.Tensor) => affine(model, 'fusion_score', tf.tanh(affine(model, 'fusion_hidden', branch)))
    const weights = tf.softmax(tf.concat([score(a), score(b)], 1))
    expectClose(output(model, 'fusion_weights'), weights)
    const [ofA, ofB] = tf.split(weights, 2, 1)
    if (!ofA || !ofB) throw new Error('expected two weights')
    const fused = tf.add(tf.mul(ofA, a), tf.mul(ofB, b))
    expectClose(model.predict(x) as tf.Tensor, affine(model, 'head', fused))
  })
  it('says when pooling leaves nothing', () => {
    const recurrent = { units: 2 }
    const convolutions = [{ filters: 2, pool: [8, 1] as [number, number] }]
    expect(() => buildParallel({ inputShape: [6, 5, 1], convolutions, recurrent, head: { units: 2 } })).toThrow(
      'building a parallel network: expected something left of every axis after pooling for inputShape',
    )
  })
})
