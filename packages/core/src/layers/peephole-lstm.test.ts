import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { bidirectionalLstm, lstm, registerNativeBackend } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectTensors, normal } from '../testing/tensors.js'
import { Bidirectional } from './bidirectional.js'
import { LSTM } from './lstm.js'
import { PeepholeLSTM } from './peephole-lstm.js'
import { registerLayers } from './register.js'

const [B, T, D, U] = [3, 5, 4, 6] as const
/** The same float32 sums in the same order: five digits. */
const TOLERANCE = 0.5e-5

beforeAll(async () => {
  registerLayers()
  await tf.setBackend(registerNativeBackend().available ? 'native' : 'cpu')
})

const draw = (shape: number[], seed: number) => normal(shape, seed, { deviation: 0.7 })
const weightsOf = (seed: number) => [
  draw([D, 4 * U], seed),
  draw([U, 4 * U], seed + 1),
  draw([4 * U], seed + 2),
  draw([3, U], seed + 3),
]

function build(layer: tfl.layers.Layer): tfl.LayersModel {
  const input = tfl.input({ shape: [T, D] })
  return tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor })
}

const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

describe('PeepholeLSTM', () => {
  const x = () => draw([B, T, D], 1)

  it('starts as an LSTM and becomes what the op computes with its weights', () => {
    const model = build(new PeepholeLSTM({ units: U, returnSequences: true }))
    const weights = weightsOf(2)
    const plain = build(new LSTM({ units: U, returnSequences: true }))
    plain.setWeights(weights.slice(0, 3))
    model.setWeights([...weights.slice(0, 3), tf.zeros([3, U])])
    expectClose(model.predict(x()) as tf.Tensor, plain.predict(x()) as tf.Tensor)
    model.setWeights(weights)
    const [kernel, recurrentKernel, bias, peepholes] = weights
    if (!kernel || !recurrentKernel || !bias) throw new Error('too few weights')
    const { output } = lstm(x(), kernel, recurrentKernel, bias, { peepholes, returnSequences: true })
    expectClose(model.predict(x()) as tf.Tensor, output)
  })

  it('runs in both directions', () => {
    const model = build(new Bidirectional({ layer: new PeepholeLSTM({ units: U }), mergeMode: 'concat' }))
    const [forward, backward] = [weightsOf(2), weightsOf(9)]
    model.setWeights([...forward, ...backward])
    const direction = ([kernel, recurrentKernel, bias, peepholes]: tf.Tensor[]) => {
      if (!kernel || !recurrentKernel) throw new Error('too few weights')
      return { kernel, recurrentKernel, bias, peepholes }
    }
    expectClose(model.predict(x()) as tf.Tensor, bidirectionalLstm(x(), direction(forward), direction(backward)).output)
  })

  it('keeps its peepholes through saving and loading', async () => {
    const model = build(new PeepholeLSTM({ units: U, recurrentActivation: 'hardSigmoid' }))
    model.setWeights(weightsOf(4))
    let saved: tf.io.ModelArtifacts | undefined
    await model.save(
      tf.io.withSaveHandler((artifacts) => {
        saved = artifacts
        return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } })
      }),
    )
    if (!saved) throw new Error('nothing was saved')
    const loaded = await tfl.loadLayersModel(tf.io.fromMemory(saved))
    expect(loaded.layers[1]).toBeInstanceOf(PeepholeLSTM)
    expectClose(loaded.predict(x()) as tf.Tensor, model.predict(x()) as tf.Tensor)
  })

  it('says which activations it can have', () => {
    expect(() => build(new PeepholeLSTM({ units: U, activation: 'elu' })).predict(x())).toThrow(
      /expected tanh, relu or linear, and sigmoid or hardSigmoid, for activation/,
    )
  })
})
