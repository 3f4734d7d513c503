import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { registerNativeBackend } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import { Dense } from '../layers/core.js'
import { Dropout } from '../layers/dropout.js'
import { GRU } from '../layers/gru.js'
import { LayerNormLSTM } from '../layers/layer-norm-lstm.js'
import { LSTM } from '../layers/lstm.js'
import { PeepholeLSTM } from '../layers/peephole-lstm.js'
import { registerLayers } from '../layers/register.js'
import { SimpleRNN } from '../layers/simple-rnn.js'
import { Random } from '../runtime/random.js'
import { statefulStep } from './stateful-step.js'

const [B, T, D] = [2, 6, 3] as const
const DIGITS = 5 // the same float32 sums, in another order

beforeAll(async () => {
  registerLayers()
  await tf.setBackend(registerNativeBackend().available ? 'native' : 'cpu')
})

function chain(shape: number[], layers: tfl.layers.Layer[]): tfl.LayersModel {
  const input = tfl.input({ shape })
  const output = layers.reduce((x, layer) => layer.apply(x) as tfl.SymbolicTensor, input)
  return tfl.model({ inputs: input, outputs: output })
}

const random = new Random(3)
const noise = () => Float32Array.from({ length: B * T * D }, () => random.normal())

/** What a model says of step t of a whole sequence [B, T, D]. */
function whole(model: tfl.LayersModel, x: tf.Tensor, t: number): number[] {
  const output = model.predict(x) as tf.Tensor
  return Array.from(tf.slice(output, [0, t, 0], [-1, 1, -1]).dataSync())
}

const stepValues = (x: Float32Array, t: number) =>
  Float32Array.from({ length: B * D }, (_, i) => x[Math.floor(i / D) * T * D + t * D + (i % D)] ?? 0)

function expectClose(actual: ArrayLike<number>, wanted: readonly number[]): void {
  expect(actual.length).toBe(wanted.length)
  wanted.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, DIGITS))
}

describe('statefulStep', () => {
  const stack = () =>
    chain(
      [T, D],
      [
        new LSTM({ units: 5, returnSequences: true }),
        new Dropout({ rate: 0.5 }),
        new PeepholeLSTM({ units: 4, returnSequences: true, recurrentActivation: 'hardSigmoid' }),
        new Dense({ units: 6, activation: 'elu' }),
        new Dense({ units: 3, activation: 'softmax' }),
      ],
    )

  it('gives step by step what the model gives for the whole sequence', () => {
    const model = stack()
    const runner = statefulStep(model, B)
    const x = noise()
    const sequence = tf.tensor3d(x, [B, T, D])
    for (let t = 0; t < T; t++) expectClose(runner.step(stepValues(x, t)), whole(model, sequence, t))
  })

  it.each([
    ['GRU', () => new GRU({ units: 5, returnSequences: true })],
    ['SimpleRNN', () => new SimpleRNN({ units: 5, returnSequences: true })],
    ['LayerNormLSTM', () => new LayerNormLSTM({ units: 5, returnSequences: true })],
  ])('takes a step of a %s', (_, layer) => {
    const model = chain([T, D], [layer()])
    const runner = statefulStep(model, B)
    const x = noise()
    for (let t = 0; t < T; t++) expectClose(runner.step(stepValues(x, t)), whole(model, tf.tensor3d(x, [B, T, D]), t))
  })

  it('starts again after reset, and returns to a saved state', () => {
    const model = stack()
    const runner = statefulStep(model, B)
    const [a, b] = [stepValues(noise(), 0), stepValues(noise(), 0)]
    const first = Array.from(runner.step(a))
    const saved = runner.save()
    const second = Array.from(runner.step(b))
    expect(second).not.toEqual(Array.from(runner.step(b)))
    runner.restore(saved)
    expect(Array.from(runner.step(b))).toEqual(second)
    runner.reset()
    expect(Array.from(runner.step(a))).toEqual(first)
  })

  it('takes symbols where the model begins with an embedding', () => {
    const model = chain(
      [T],
      [tfl.layers.embedding({ inputDim: 7, outputDim: D }), new LSTM({ units: 4, returnSequences: true })],
    )
    const runner = statefulStep(model)
    const symbols = [3, 0, 6, 6, 1, 2]
    const sequence = tf.tensor2d([symbols])
    symbols.forEach((symbol, t) => expectClose(runner.step(Float32Array.of(symbol)), whole(model, sequence, t)))
  })

  it('follows the weights', () => {
    const model = chain([T, D], [new LSTM({ units: 4, returnSequences: true })])
    const runner = statefulStep(model, B)
    model.setWeights(model.getWeights().map((weight) => tf.mul(weight, 0.5)))
    const x = noise()
    expectClose(runner.step(stepValues(x, 0)), whole(model, tf.tensor3d(x, [B, T, D]), 0))
  })

  it('makes no tensor in recurrent and dense layers', () => {
    const model = chain([T, D], [new LSTM({ units: 4, returnSequences: true }), new Dense({ units: 2 })])
    const runner = statefulStep(model, B)
    const before = tf.memory().numTensors
    for (let t = 0; t < 3; t++) runner.step(new Float32Array(B * D))
    expect(tf.memory().numTensors).toBe(before)
  })

  it('says which layer needs more than a step', () => {
    const backwards = chain([T, D], [new LSTM({ units: 4, goBackwards: true, name: 'back', returnSequences: true })])
    expect(() => statefulStep(backwards)).toThrow(/expected layers that can take one step at a time for layer back/)
    const input = tfl.input({ shape: [T, D] })
    const branch = tfl.layers.add().apply([input, new Dense({ units: D }).apply(input) as tfl.SymbolicTensor])
    const branched = tfl.model({ inputs: input, outputs: branch as tfl.SymbolicTensor })
    expect(() => statefulStep(branched)).toThrow(/expected one layer after another for the model/)
  })
})
