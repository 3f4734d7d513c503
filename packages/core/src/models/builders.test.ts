import '@tensorflow/tfjs-backend-cpu'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { nativeStatus } from '@weft/kernels'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setupRuntime } from '../runtime/device.js'
import { inspectModel } from '../runtime/doctor.js'
import { Random } from '../runtime/random.js'
import { Trainer } from '../training/trainer.js'
import { expectNumbers, normal } from '../testing/tensors.js'
import { buildCrnn } from './crnn.js'
import { buildFrameSequence } from './frame-sequence.js'
import { buildHierarchicalLstm, buildImageLstm } from './image-lstm.js'
import { loadModel, saveModel } from './model-io.js'
import { buildParallel, type ParallelOptions } from './parallel.js'
import { freezeLayers } from './transfer.js'

/** Two backends, or two orders of summation of the same float32 products. */
const TOLERANCE = 1e-5

const folder = mkdtempSync(join(tmpdir(), 'weft-builders-'))
beforeAll(async () => {
  await tf.setBackend('cpu')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const image: [number, number, number] = [6, 5, 2]
const head = { units: 3 }
const block = { filters: 4, pool: [2, 1] as [number, number] }
const parallel = (more: Partial<ParallelOptions> = {}) => {
  const recurrent = { units: 3, bidirectional: false }
  return buildParallel({ inputShape: image, convolutions: [block], recurrent, head, ...more })
}

// Convolution of 3 x 3 from 2 to 4 channels without bias, and a normalisation's gamma and beta.
const CONVOLUTIONS = 3 * 3 * 2 * 4 + 8
/** Kernel, recurrent kernel and bias of four gates. */
const lstm = (inputs: number, units: number) => 4 * units * (inputs + units + 1)
const dense = (inputs: number, units: number) => (inputs + 1) * units

interface Case {
  name: string
  build: () => tfl.LayersModel
  input: number[]
  output: number[]
  /** Trainable, counted by hand. */
  parameters: number
  /** Layers that plain TensorFlow.js lacks. */
  ours: string[]
  /** What freezing the convolutions freezes; none where there are none. */
  cnn?: string[]
}
const CNN = ['conv_1', 'norm_1']
const cases: Case[] = [
  {
    name: 'reader',
    build: () =>
      buildCrnn({
        ...{ inputShape: [6, null, 2], timeAxis: 'columns', padding: -9, convolutions: [{ filters: 4, pool: [2, 3] }] },
        ...{ denseUnits: 5, recurrent: { units: [3, 2] }, head: { units: 3, ctc: true } },
      }),
    input: [2, 6, 7, 2],
    output: [2, 4, 3],
    parameters: CONVOLUTIONS + dense(2 * 4, 5) + 2 * lstm(5, 3) + 2 * lstm(6, 2) + dense(4, 3),
    ours: ['BlankPadding', 'ZeroMasked'],
    cnn: [...CNN, 'dense'],
  },
  {
    name: 'concat',
    build: () => parallel(),
    input: [2, ...image],
    output: [2, 3],
    parameters: CONVOLUTIONS + lstm(10, 3) + dense(4 + 3, 3),
    ours: [],
    cnn: CNN,
  },
  {
    name: 'gated, flat, Hilbert',
    build: () =>
      parallel({ fusion: 'gated', imagePooling: 'flatten', denseUnits: 4, walk: 'hilbert', pooling: 'mean', l2: 0.01 }),
    input: [2, ...image],
    output: [2, 3],
    parameters:
      CONVOLUTIONS + dense(3 * 5 * 4, 4) + lstm(10, 3) + dense(4, 3) + dense(3, 3) + dense(7, 3) + dense(3, 3),
    ours: ['HilbertWalk'],
    cnn: [...CNN, 'dense', 'fusion_cnn'],
  },
  {
    name: 'attention',
    build: () => parallel({ fusion: 'attention', fusionUnits: 5, walk: 'columns' }),
    input: [2, ...image],
    output: [2, 3],
    parameters: CONVOLUTIONS + lstm(12, 3) + dense(4, 5) + dense(3, 5) + dense(5, 5) + 5 + dense(5, 3),
    ours: [],
    cnn: [...CNN, 'fusion_cnn'],
  },
  {
    name: 'rows',
    build: () => buildImageLstm({ inputShape: image, recurrent: { units: 3 }, head }),
    input: [2, ...image],
    output: [2, 3],
    parameters: 2 * lstm(10, 3) + dense(6, 3),
    ours: [],
  },
  {
    name: 'Hilbert',
    build: () =>
      buildImageLstm({
        ...{ inputShape: image, walk: 'hilbert', stepPixels: 4, recurrent: { units: [3, 2] }, pooling: 'attention' },
        ...{ head: { ...head, dropout: 0.1 } },
      }),
    input: [2, ...image],
    output: [2, 3],
    parameters: 2 * lstm(8, 3) + 2 * lstm(6, 2) + (4 * 4 + 4 + 4) + dense(4, 3),
    ours: ['AttentionPooling1D', 'HilbertWalk'],
  },
  {
    name: 'hierarchical',
    build: () => buildHierarchicalLstm({ inputShape: image, rowUnits: 3, columnUnits: 4, head }),
    input: [2, ...image],
    output: [2, 3],
    parameters: lstm(2, 3) + lstm(3, 4) + dense(4, 3),
    ours: [],
  },
  {
    name: 'frames',
    build: () =>
      buildFrameSequence({
        ...{ inputShape: [null, ...image], convolutions: [block], denseUnits: 5, recurrent: { units: 3 } },
        ...{ head, padding: -9, pooling: 'max', l2: 0.01 },
      }),
    input: [2, 4, ...image],
    output: [2, 3],
    parameters: CONVOLUTIONS + dense(4, 5) + 2 * lstm(5, 3) + dense(6, 3),
    ours: [],
    cnn: ['frames'],
  },
  {
    name: 'every frame',
    build: () =>
      buildFrameSequence({
        ...{ inputShape: [null, ...image], convolutions: [block], imagePooling: 'flatten', recurrent: { units: 3 } },
        ...{ head, pooling: 'none' },
      }),
    input: [2, 4, ...image],
    output: [2, 4, 3],
    parameters: CONVOLUTIONS + 2 * lstm(3 * 5 * 4, 3) + dense(6, 3),
    ours: [],
    cnn: ['frames'],
  },
]

const predict = (model: tfl.LayersModel, x: tf.Tensor) => Array.from((model.predict(x) as tf.Tensor).dataSync())
const expectClose = (actual: number[], wanted: number[]) => expectNumbers(actual, wanted, TOLERANCE)

describe.each(cases)('the network $name', ({ name, build, input, output, parameters, ours, cnn }) => {
  it('has the shape and the trainable parameters counted by hand', () => {
    const model = build()
    expect((model.predict(normal(input)) as tf.Tensor).shape).toEqual(output)
    const sizes = model.trainableWeights.map(({ shape }) => tf.util.sizeFromShape(shape.map(Number)))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(parameters)
  })
  it('starts from its seed and leaves no tensor over', () => {
    const x = normal(input)
    const before = tf.memory().numTensors
    const [one, same] = [build(), build()]
    tf.tidy(() => {
      expect(predict(one, x)).toEqual(predict(same, x))
    })
    one.dispose()
    same.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
  it('gives the same outputs after saving and loading, and the doctor knows what it needs', async () => {
    const dir = join(folder, name)
    const model = build()
    await saveModel(model, dir)
    const x = normal(input)
    expect(predict((await loadModel(dir)).model, x)).toEqual(predict(model, x))
    const facts = inspectModel(dir)
    expect(facts.layers.filter((layer) => layer.origin !== 'tensorflow.js').map((layer) => layer.className)).toEqual(
      ours,
    )
    expect(facts.opensInTensorflowjs).toBe(ours.length === 0)
  })
  it('has a gradient in every trainable weight', () => {
    const model = build()
    const [x, target] = [normal(input), normal(output, 2)]
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.mul(target, model.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar,
    )
    const largest = Object.values(grads).map((gradient) => tf.max(tf.abs(gradient)).dataSync()[0] ?? 0)
    expect(largest).toHaveLength(model.trainableWeights.length)
    for (const value of largest) expect(value).toBeGreaterThan(0)
  })
  it('freezes its convolutions, where it has any', async () => {
    const model = build()
    if (!cnn) {
      expect(() => freezeLayers(model, 'cnn')).toThrow('freezing layers: expected a model with layers before')
      return
    }
    expect(freezeLayers(model, 'cnn').sort()).toEqual([...cnn].sort())
    const values = () => cnn.map((layer) => model.getLayer(layer).getWeights().map((weight) => weight.arraySync())) // prettier-ignore
    const before = values()
    const trainer = new Trainer(model, { loss: 'meanSquaredError' })
    trainer.step({ x: normal(input), y: normal(output) })
    trainer.dispose()
    // Moving averages, too.
    expect(values()).toEqual(before)
  })
  it.each(['wasm', 'native'] as const)('computes on %s what it computes on cpu', async (device) => {
    if (device === 'native' && !nativeStatus().available && process.env['WEFT_REQUIRE_NATIVE'] !== '1') return
    const run = async (on: 'cpu' | 'wasm' | 'native') => {
      await setupRuntime({ device: on })
      return predict(build(), normal(input))
    }
    const [here, there] = [await run('cpu'), await run(device)]
    await tf.setBackend('cpu')
    expectClose(there, here)
  })
})

describe('training', () => {
  // Which half of the picture is bright: rows 0 to 2 or 3 to 5, in every frame.
  const labels = Array.from({ length: 16 }, (_, i) => i % 2)
  const pictures = (rank: number) => {
    const random = new Random(3)
    const bright = (item: number, row: number) => (row < 3 ? 0 : 1) === labels[item]
    const values = Float32Array.from({ length: 16 * 6 * 10 }, (_, i) =>
      bright(Math.floor(i / 60), Math.floor((i % 60) / 10)) ? 1 + 0.1 * random.normal() : 0.1 * random.normal(),
    )
    return tf.tensor(values, rank === 4 ? [16, ...image] : [16, 1, ...image])
  }
  it.each(cases.filter(({ output }) => output.length === 2))(
    'teaches the network $name which half is bright',
    ({ build, input }) => {
      const trainer = new Trainer(build(), { loss: 'categoricalCrossentropy', learningRate: 0.02 })
      const batch = { x: pictures(input.length), y: tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 3), 'float32') }
      const losses = Array.from({ length: 40 }, () => trainer.step(batch))
      trainer.dispose()
      expect(losses.at(-1)).toBeLessThan(0.3 * (losses[0] ?? 0))
    },
  )
})
