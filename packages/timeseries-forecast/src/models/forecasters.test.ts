import '@tensorflow/tfjs-backend-cpu'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { nativeStatus } from '@weft/kernels'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setupRuntime, Random } from '@weft/core/runtime'
import { maskedLoss } from './forecast-losses.js'
import { Trainer } from '@weft/core/training'
import { buildAttentionForecaster } from './attention-forecaster.js'
import { buildGridForecaster } from './grid-forecaster.js'
import { buildLinearForecaster } from './linear-forecaster.js'
import { loadModel, saveModel } from '@weft/core/models'
import { buildParallelForecaster } from './parallel-forecaster.js'
import { buildRecurrentForecaster } from './recurrent-forecaster.js'
import { buildSegmentRnn } from './segment-rnn.js'

/** Two backends, or two orders of summation of the same float32 products. */
const TOLERANCE = 1e-5

const NATIVE = nativeStatus().available || process.env['WEFT_REQUIRE_NATIVE'] === '1'

const folder = mkdtempSync(join(tmpdir(), 'weft-forecasters-'))
beforeAll(async () => {
  await tf.setBackend('cpu')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

// L 14, D 4, H 6 and two outputs, or four for the grid of 2 x 2.
const plain = { lookBack: 14, inputs: 4, horizon: 6, outputs: 2 }
const full = { ...plain, future: 3, series: { count: 5, units: 2 } }
const grid = { ...full, outputs: 4, rows: 2, columns: 2, filters: [3, 2] }

const dense = (inputs: number, units: number) => (inputs + 1) * units
const lstm = (inputs: number, units: number) => 4 * units * (inputs + units + 1)
const gru = (inputs: number, units: number) => 3 * units * (inputs + units + 2)
const convLstm = (inputs: number, filters: number) => 4 * filters * (9 * (inputs + filters) + 1)
/** Vectors of five series. */
const SERIES = 5 * 2
/** From U to two outputs with three features of the future: `stepUnits` 3, `denseUnits` 4. */
const head = { stepUnits: 3, denseUnits: 4 }
const futureHead = (units: number) => dense(units, 6 * 3) + dense(3 + 3, 4) + dense(4, 2)

interface Case {
  name: string
  build: () => tfl.LayersModel
  /** Trainable, counted by hand. */
  parameters: number
  outputs?: number
}
const cases: Case[] = [
  {
    name: 'segments',
    build: () => buildSegmentRnn({ ...plain, segmentLength: 4, units: 6, dropout: 0.1 }),
    parameters: dense(16, 6) + gru(6, 6) + 2 * 6 + dense(6, 8),
  },
  {
    name: 'segments beside a linear map',
    build: () => buildSegmentRnn({ ...plain, segmentLength: 4, units: 6, linearTargets: 1 }),
    parameters: dense(16, 6) + gru(6, 6) + 2 * 6 + dense(6, 8) + dense(14, 12),
  },
  {
    name: 'segments, LSTM, series and future',
    build: () => buildSegmentRnn({ ...full, segmentLength: 3, units: 6, cell: 'lstm', l2: 1e-4 }),
    parameters: dense(12, 6) + lstm(6, 6) + 2 * 4 + SERIES + 9 * 6 + dense(6, 6),
  },
  {
    name: 'recurrent',
    build: () => buildRecurrentForecaster({ ...plain, recurrent: { units: 5 }, denseUnits: 4, dropout: 0.1 }),
    parameters: lstm(4, 5) + dense(5, 4) + dense(4, 12),
  },
  {
    name: 'convolution, then two GRUs both ways',
    build: () =>
      buildRecurrentForecaster({
        ...{ ...full, ...head, convolutions: [{ filters: 3, pool: 2 }, { filters: 3 }] },
        ...{ recurrent: { type: 'gru', units: [3, 2], bidirectional: true }, pooling: 'attention' },
      }),
    parameters:
      SERIES + (3 * 6 * 3 + 3 + 3 * 3 * 3 + 3) + 2 * gru(3, 3) + 2 * gru(6, 2) + (dense(4, 4) + 4) + futureHead(4),
  },
  {
    name: 'side by side',
    build: () =>
      buildParallelForecaster({
        ...{ ...plain, convolutions: [{ filters: 3, pool: 2 }], convolutionPooling: 'flatten', branchUnits: 4 },
        ...{ recurrent: { units: 5 } },
      }),
    parameters: 3 * 4 * 3 + 3 + dense(7 * 3, 4) + lstm(4, 5) + dense(9, 12),
  },
  {
    name: 'side by side, gated, series and future',
    build: () =>
      buildParallelForecaster({
        ...{ ...full, ...head, convolutions: [{ filters: 3, dilation: 2 }], recurrent: { units: 5, type: 'gru' } },
        ...{ fusion: 'gated' },
      }),
    parameters:
      SERIES + 3 * 6 * 3 + 3 + gru(6, 5) + dense(3, 3) + dense(5, 3) + dense(8, 3) + futureHead(3), // prettier-ignore
  },
  {
    name: 'attention',
    build: () => buildAttentionForecaster({ ...plain, units: 5, dropout: 0.1 }),
    parameters: lstm(4, 5) + lstm(5, 5) + 5 * 5 + dense(10, 5) + dense(5, 2),
  },
  {
    name: 'sequence to sequence without attention, GRU',
    build: () => buildAttentionForecaster({ ...full, cell: 'gru', units: 5, attention: false }),
    parameters: SERIES + gru(6, 5) + gru(8, 5) + dense(5, 2),
  },
  {
    name: 'DLinear',
    build: () => buildLinearForecaster({ ...plain, kernelSize: 5 }),
    parameters: 2 * dense(14, 6),
  },
  {
    name: 'NLinear for each target, two parameters, series and future',
    build: () =>
      buildLinearForecaster({ ...full, outputs: 4, targets: 2, decomposition: false, individual: true, l2: 1e-4 }),
    parameters: 2 * dense(14, 12) + dense(3, 4) + 5 * 4,
    outputs: 4,
  },
  {
    name: 'grid',
    build: () => buildGridForecaster(grid),
    parameters: convLstm(1, 3) + convLstm(3, 2) + dense(2, 6) + dense(3, 4) + 5 * 4,
    outputs: 4,
  },
]

function normal(shape: number[], seed = 1): tf.Tensor {
  const random = new Random(seed)
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal())
  return tf.tensor(values, shape)
}
const seriesOf = (batch: number) => tf.tensor2d(Array.from({ length: batch }, (_, i) => [i % 5]))
const inputsOf = (model: tfl.LayersModel, batch: number) =>
  model.inputs.map(({ shape }, i) =>
    model.inputNames[i] === 'series' ? seriesOf(batch) : normal([batch, ...shape.slice(1).map(Number)], i + 1),
  )
const predict = (model: tfl.LayersModel, x: tf.Tensor[]) => model.predict(x) as tf.Tensor
const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
/** Some builders start at 0, where most gradients of layers before would be 0, too. */
function stir(model: tfl.LayersModel): tfl.LayersModel {
  model.setWeights(model.getWeights().map((weight, i) => tf.add(weight, tf.mul(0.1, normal(weight.shape, i)))))
  return model
}

describe.each(cases)('the forecaster: $name', ({ name, build, parameters, outputs = 2 }) => {
  it('has the shape and the trainable parameters counted by hand', () => {
    const model = build()
    expect(predict(model, inputsOf(model, 3)).shape).toEqual([3, 6, outputs])
    const sizes = model.trainableWeights.map(({ shape }) => tf.util.sizeFromShape(shape.map(Number)))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(parameters)
  })
  it('starts from its seed and leaves no tensor over', () => {
    const before = tf.memory().numTensors
    const [one, same] = [build(), build()]
    tf.tidy(() => {
      expect(one.getWeights().map(values)).toEqual(same.getWeights().map(values))
      expect(values(predict(one, inputsOf(one, 3)))).toEqual(values(predict(same, inputsOf(same, 3))))
    })
    one.dispose()
    same.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
  it('gives the same outputs after saving and loading', async () => {
    const dir = join(folder, name)
    const model = stir(build())
    await saveModel(model, dir)
    const x = inputsOf(model, 3)
    const { model: loaded } = await loadModel(dir)
    expect(loaded.inputNames).toEqual(model.inputNames)
    expect(values(predict(loaded, x))).toEqual(values(predict(model, x)))
  })
  it('has a gradient in every trainable weight', () => {
    const model = stir(build())
    const [x, target] = [inputsOf(model, 5), normal([5, 6, outputs], 9)]
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.mul(target, model.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar,
    )
    const largest = Object.values(grads).map((gradient) => tf.max(tf.abs(gradient)).dataSync()[0] ?? 0)
    expect(largest).toHaveLength(model.trainableWeights.length)
    for (const value of largest) expect(value).toBeGreaterThan(0)
  })
  it('learns to go on with a wave', async () => {
    await setupRuntime({ device: NATIVE ? 'native' : 'cpu' })
    const random = new Random(4)
    const phases = Array.from({ length: 8 }, () => random.uniform(0, 2 * Math.PI))
    const wave = (from: number, steps: number, width: number) =>
      tf.tensor(
        phases.flatMap((phase) => Array.from({ length: steps * width }, (_, i) => Math.sin(phase + 0.6 * (from + Math.floor(i / width))))), // prettier-ignore
        [8, steps, width],
      )
    const model = build()
    const given: Record<string, tf.Tensor> = {
      ...{ past: wave(0, 14, 4), future: tf.zeros([8, 6, 3]), series: seriesOf(8) },
    }
    const x = model.inputNames.map((name) => given[name] ?? tf.zeros([8]))
    const trainer = new Trainer(model, { loss: maskedLoss('meanSquaredError'), learningRate: 0.02 })
    const losses = Array.from({ length: 30 }, () => trainer.step({ x, y: wave(14, 6, outputs) }))
    trainer.dispose()
    await tf.setBackend('cpu')
    expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] ?? 0))
  })
  it.runIf(NATIVE)('computes on native what it computes on cpu', async () => {
    const run = async (device: 'cpu' | 'native') => {
      await setupRuntime({ device })
      const model = stir(build())
      return values(predict(model, inputsOf(model, 3)))
    }
    const [here, there] = [await run('cpu'), await run('native')]
    await tf.setBackend('cpu')
    here.forEach((value, i) => expect(Math.abs(value - (there[i] ?? NaN))).toBeLessThan(TOLERANCE))
  })
})
