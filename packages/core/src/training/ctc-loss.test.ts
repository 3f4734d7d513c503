import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { ctcBeamSearch, ctcGreedyDecode, ctcLoss, nativeStatus, registerNativeBackend } from '@weft/kernels'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BlankPadding } from '../layers/blank-padding.js'
import { Dense } from '../layers/core.js'
import { registerLayers } from '../layers/register.js'
import { Random } from '../runtime/random.js'
import { ctcCrossentropy } from './ctc-loss.js'
import { infer } from './evaluate.js'
import { TrainStep } from './train-step.js'

const backends = nativeStatus().available ? ['cpu', 'native'] : ['cpu']
const CLASSES = 4
const STEPS = 9

/** Each symbol of a text as two noisy frames, with silence between; [B, T, CLASSES], zeros past the end. */
function frames(texts: readonly (readonly number[])[]): tf.Tensor3D {
  const random = new Random(3)
  const rows = texts.map((text) => {
    const shown = text.flatMap((symbol) => [symbol, symbol, 0])
    return Array.from({ length: STEPS }, (_, t) =>
      Array.from({ length: CLASSES }, (_, symbol) =>
        t >= shown.length ? 0 : (symbol === shown[t] ? 1 : 0) + 0.05 * random.normal(),
      ),
    )
  })
  return tf.tensor3d(rows)
}

function model(): tfl.Sequential {
  return tfl.sequential({
    layers: [
      tfl.layers.masking({ maskValue: 0, inputShape: [STEPS, CLASSES] }),
      new Dense({ units: CLASSES, name: 'symbols' }),
      new BlankPadding(),
    ],
  })
}

const texts = [[1, 2, 3], [2], [3, 3], [1, 1, 1]]
const targets = () =>
  tf.tensor2d(
    texts.map((text) => [...text, -1, -1, -1].slice(0, 3)),
    [texts.length, 3],
    'int32',
  )

describe.each(backends)('CTC in training on %s', (backend) => {
  beforeAll(async () => {
    registerNativeBackend()
    registerLayers()
    await tf.setBackend(backend)
    tf.engine().startScope()
  })
  afterAll(() => tf.engine().endScope())

  it('is the weighted mean of the items, cut to their lengths', () => {
    const network = model()
    const x = frames(texts)
    const output = infer(network, x)
    const cut = ctcLoss(network.layers[1]?.apply(x) as tf.Tensor, targets(), {
      logitLengths: texts.map((text) => 3 * text.length),
    }).dataSync()
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    const loss = ctcCrossentropy()
    expect(loss(targets(), output).dataSync()[0]).toBeCloseTo(mean([...cut]), 4)
    const weights = [1, 0, 2, 0.5]
    expect(loss(targets(), output, tf.tensor1d(weights)).dataSync()[0]).toBeCloseTo(
      mean([...cut].map((value, i) => value * (weights[i] ?? 0))),
      4,
    )
    const asFloats = tf.cast(targets(), 'float32')
    expect(loss(asFloats, output).dataSync()[0]).toBe(loss(targets(), output).dataSync()[0])
  })

  it('learns to read', () => {
    const network = model()
    const step = new TrainStep(network, { loss: ctcCrossentropy(), learningRate: 0.1 })
    const batch = { x: frames(texts), y: targets() }
    const before = tf.memory().numTensors
    const first = step.run(batch)
    let last = first
    for (let i = 0; i < 80; i++) last = step.run(batch)
    expect(first).toBeGreaterThan(2)
    expect(last).toBeLessThan(0.3)
    // The optimizer's slots: two for each of the two weights.
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(4)
    const output = infer(network, batch.x)
    expect(ctcGreedyDecode(output).map(({ labels }) => labels)).toEqual(texts)
    expect(ctcBeamSearch(output).map(([best]) => best?.labels)).toEqual(texts)
  })

  it('leaves a batch alone that no item of which can be learned', () => {
    const network = model()
    const step = new TrainStep(network, { loss: ctcCrossentropy(), optimizer: 'sgd' })
    const weights = () => network.getWeights().map((weight) => Array.from(weight.dataSync()))
    const before = weights()
    const y = tf.tensor2d([[1, 1, 2]], [1, 3], 'int32')
    expect(step.run({ x: frames([[1]]), y })).toBe(0)
    expect(weights()).toEqual(before)
  })

  it('names a label that is no symbol', () => {
    const y = tf.tensor2d([[1, 7, 2]], [1, 3], 'int32')
    expect(() => ctcCrossentropy()(y, tf.zeros([1, 5, 4]))).toThrow('received 7 in item 0 at position 1')
    expect(() => ctcCrossentropy()(tf.tensor1d([1]), tf.zeros([1, 5, 4]))).toThrow('expected shape [1, L] for labels')
  })
})

describe('BlankPadding', () => {
  beforeAll(async () => {
    registerLayers()
    await tf.setBackend('cpu')
  })

  it('says blank past the end, and carries the mask on', () => {
    const layer = new BlankPadding({ blank: -1 })
    const x = tf.ones([1, 3, 2])
    const mask = tf.tensor2d([1, 1, 0], [1, 3], 'bool')
    const output = layer.apply(x, { mask }) as tf.Tensor
    expect(Array.from(output.dataSync())).toEqual([1, 1, 1, 1, -Infinity, 0])
    expect(layer.computeMask(x, mask)).toBe(mask)
    expect(Array.from((layer.apply(x) as tf.Tensor).dataSync())).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('is saved and loaded with its blank', async () => {
    const network = tfl.sequential({ layers: [new BlankPadding({ blank: 2, inputShape: [5, 3] })] })
    const config: unknown = network.toJSON(null, false)
    const again = await tfl.models.modelFromJSON(config as Parameters<typeof tfl.models.modelFromJSON>[0])
    expect(again.layers.find((layer) => layer instanceof BlankPadding)?.blank).toBe(2)
  })

  it('names what does not fit', () => {
    expect(() => new BlankPadding({ blank: 0.5 })).toThrow('expected an integer for blank, received 0.5')
    expect(() => new BlankPadding({ blank: 3 }).apply(tf.zeros([1, 2, 3]))).toThrow('in [-3, 3) for blank, received 3')
    const mask = tf.zeros([2, 2], 'bool')
    expect(() => new BlankPadding().apply(tf.zeros([1, 2, 3]), { mask })).toThrow('for mask, received')
  })
})
