import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { layerNormLstm, type LayerNormLstmOptions, nativeStatus, registerNativeBackend } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import { beginStep } from '../runtime/random.js'
import { expectTensors, normal, values } from '../testing/tensors.js'
import { Bidirectional } from './bidirectional.js'
import { LayerNormLSTM, type LayerNormLSTMArgs } from './layer-norm-lstm.js'
import { registerLayers } from './register.js'

// Both sum the same float32 products, in another order, and divide by a deviation.
const TOLERANCE = 2e-5
const [B, T, D, U] = [3, 5, 4, 6] as const

beforeAll(() => {
  registerNativeBackend()
  registerLayers()
})

const draw = (shape: number[], seed: number) => normal(shape, seed, { deviation: 0.7 })
const x = (seed = 1) => draw([B, T, D], seed)
const SHAPES = [[D, 4 * U], [U, 4 * U], [4 * U], [4 * U], [4 * U], [4 * U], [4 * U], [U], [U]] // prettier-ignore
/** In the layer's order: kernel, recurrent kernel, bias, then gamma and beta of each norm. */
const weights = (seed = 2) => SHAPES.map((shape, i) => draw(shape, seed + i))
const holes = () => tf.tensor2d([1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1], [B, T], 'bool')

const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

/** The outputs of a layer with the given weights on the given input. */
function run(layer: tfl.layers.Layer, given: tf.Tensor[], input: tf.Tensor, options: object = {}) {
  layer.build([B, T, D])
  layer.built = true
  layer.setWeights(given)
  return layer.apply(input, options) as tf.Tensor | tf.Tensor[]
}

/** A layer's configuration as it is written, where what is undefined becomes null. */
const config = (layer: tfl.layers.Layer) =>
  JSON.stringify(Object.entries(layer.getConfig()).sort(), (_, value: unknown) => value ?? null)

/** The op on the layer's weights. */
/** The op's options besides its weights. */
type SequenceOptions = Omit<LayerNormLstmOptions, 'kernelGamma' | 'recurrentGamma' | 'stateGamma' | 'stateBeta'>

function op(given: tf.Tensor[], options: SequenceOptions, input = x()) {
  const [kernel, recurrent, bias, kernelGamma, kernelBeta, recurrentGamma, recurrentBeta, stateGamma, stateBeta] = given
  if (
    !kernel ||
    !recurrent ||
    !bias ||
    !kernelGamma ||
    !kernelBeta ||
    !recurrentGamma ||
    !recurrentBeta ||
    !stateGamma ||
    !stateBeta
  )
    // prettier-ignore
    throw new Error('nine weights')
  const norms = { kernelGamma, recurrentGamma, stateGamma, stateBeta }
  const result = layerNormLstm(input, kernel, recurrent, tf.addN([bias, kernelBeta, recurrentBeta]), {
    ...norms,
    ...options,
  })
  return [result.output, result.lastHidden, result.lastCell] as const
}

describe.each(['cpu', 'native'])('LayerNormLSTM on %s', (backend) => {
  const missing = backend === 'native' && !nativeStatus().available
  describe.skipIf(missing && process.env.WEFT_REQUIRE_NATIVE !== '1')('the layer', () => {
    beforeAll(async () => {
      expect(await tf.setBackend(backend)).toBe(true)
    })

    it.each<Partial<LayerNormLSTMArgs> & SequenceOptions>([
      {},
      { returnSequences: true },
      { goBackwards: true },
      { activation: 'relu', recurrentActivation: 'hardSigmoid', returnSequences: true },
      { normalizedCarry: false, activation: 'linear' },
    ])('is the op on its weights, with and without a mask: %j', (variant) => {
      for (const mask of [undefined, holes()]) {
        const layer = new LayerNormLSTM({ units: U, returnState: true, ...variant })
        expectClose(run(layer, weights(), x(), { mask }), [...op(weights(), { ...variant, mask })])
      }
    })

    it('turns the outputs round when it goes backwards, as Keras does', () => {
      const layer = new LayerNormLSTM({ units: U, returnSequences: true, goBackwards: true })
      const [output] = op(weights(), { returnSequences: true, goBackwards: true })
      expectClose(run(layer, weights(), x()), tf.reverse(output, 1))
    })

    it('takes its epsilon', () => {
      const [output] = op(weights(), { epsilon: 0.5 })
      expectClose(run(new LayerNormLSTM({ units: U, normEpsilon: 0.5 }), weights(), x()), output)
    })

    it('starts from the state given, in a model too', () => {
      const state: [tf.Tensor, tf.Tensor] = [draw([B, U], 20), draw([B, U], 21)]
      const [output] = op(weights(), { initialState: state })
      expectClose(run(new LayerNormLSTM({ units: U }), weights(), x(), { initialState: [...state] }), output)
      const inputs = [tfl.input({ shape: [T, D] }), tfl.input({ shape: [U] }), tfl.input({ shape: [U] })]
      const layer = new LayerNormLSTM({ units: U })
      const model = tfl.model({ inputs, outputs: layer.apply(inputs) as tfl.SymbolicTensor })
      layer.setWeights(weights())
      expectClose(model.predict([x(), ...state]), output)
    })

    it('carries its state from batch to batch when stateful, until reset', () => {
      const layer = new LayerNormLSTM({ units: U, stateful: true, batchInputShape: [B, T, D] })
      const first = run(layer, weights(), x(1))
      const second = layer.apply(x(2)) as tf.Tensor
      const [, hidden, cell] = op(weights(), {})
      expectClose(second, op(weights(), { initialState: [hidden, cell] }, x(2))[0])
      layer.resetStates()
      expectClose(layer.apply(x(1)) as tf.Tensor, first)
    })

    it('has named weights, Keras initial values and a place for regularisers', () => {
      const layer = new LayerNormLSTM({ units: 2, name: 'named', kernelRegularizer: tfl.regularizers.l2({ l2: 0.5 }) })
      const input = tfl.input({ shape: [3, 1] })
      const model = tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor })
      expect(layer.weights.map((weight) => weight.originalName.replace(/^.*\//, ''))).toEqual([
        ...['kernel', 'recurrent_kernel', 'bias', 'kernel_norm_gamma', 'kernel_norm_beta'],
        ...['recurrent_norm_gamma', 'recurrent_norm_beta', 'state_norm_gamma', 'state_norm_beta'],
      ])
      const [kernel, , bias, gamma, beta] = values(layer.getWeights()).map((weight) => weight.values)
      expect(bias).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
      expect(gamma).toEqual(Array(8).fill(1))
      expect(beta).toEqual(Array(8).fill(0))
      const squares = (kernel ?? []).reduce((sum, value) => sum + value ** 2, 0)
      expect(values(model.calculateLosses())[0]?.values[0]).toBeCloseTo(0.5 * squares, 5)
      expect(new LayerNormLSTM({ units: 2, useBias: false }).getConfig()).toMatchObject({
        ...{ useBias: false, unitForgetBias: true, activation: 'tanh', recurrentActivation: 'sigmoid' },
        ...{ normEpsilon: 1e-3, normalizedCarry: true, normGammaInitializer: { className: 'Ones' } },
      })
    })

    it('runs without a bias', () => {
      const given = weights()
      const [kernel, recurrent, , ...norms] = given
      const layer = new LayerNormLSTM({ units: U, useBias: false })
      const expected = given.map((weight, i) => (i === 2 ? tf.zerosLike(weight) : weight))
      expectClose(run(layer, [kernel ?? tf.scalar(0), recurrent ?? tf.scalar(0), ...norms], x()), op(expected, {})[0])
    })

    it('is the same from its configuration, and in a saved model, alone and inside Bidirectional', async () => {
      const args = { units: U, returnSequences: true, normalizedCarry: false, normEpsilon: 0.01 } as const
      const layers = [
        new LayerNormLSTM({ ...args, name: 'alone', normGammaInitializer: 'zeros' }),
        new Bidirectional({ layer: new LayerNormLSTM({ ...args, name: 'inner' }), name: 'both' }),
      ]
      const model = tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [T, D] }), ...layers] })
      model.setWeights(model.weights.map((weight, i) => draw(weight.shape as number[], 30 + i)))
      const saved: tf.io.ModelArtifacts[] = []
      await model.save({ save: (artifacts) => (saved.push(artifacts), Promise.resolve({} as tf.io.SaveResult)) })
      const loaded = await tfl.loadLayersModel({ load: () => Promise.resolve(saved[0] ?? {}) })
      expect(loaded.getLayer('alone')).toBeInstanceOf(LayerNormLSTM)
      for (const name of ['alone', 'both']) expect(config(loaded.getLayer(name))).toBe(config(model.getLayer(name)))
      expectClose(loaded.predict(x()), model.predict(x()))
    })

    it('is both directions inside Bidirectional, with a mask of lengths', () => {
      const both = new Bidirectional({ layer: new LayerNormLSTM({ units: U, returnSequences: true }) })
      const mask = tf.tensor2d([1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0], [B, T], 'bool')
      const [ahead, back] = [weights(2), weights(40)]
      const [forward] = op(ahead, { returnSequences: true, mask })
      const [backward] = op(back, { returnSequences: true, goBackwards: true, mask })
      expectClose(run(both, [...ahead, ...back], x(), { mask }), tf.concat([forward, backward], -1))
    })

    it('drops inputs and states in training only, the same ones when the step is repeated', () => {
      const layer = new LayerNormLSTM({ units: U, dropout: 0.5, recurrentDropout: 0.5 })
      const plain = run(new LayerNormLSTM({ units: U }), weights(), x())
      const at = (step: number) => {
        beginStep(7, step)
        return values(layer.apply(x(), { training: true }) as tf.Tensor)
      }
      expectClose(run(layer, weights(), x()), plain)
      expect(at(3)).toEqual(at(3))
      expect(at(3)).not.toEqual(at(4))
      expect(at(3)).not.toEqual(values(plain))
    })

    it('has gradients for all its weights, and none when frozen', () => {
      const layer = new LayerNormLSTM({ units: U, returnSequences: true })
      run(layer, weights(), x())
      const { grads } = tf.variableGrads(() => tf.sum(tf.square(layer.apply(x()) as tf.Tensor)) as tf.Scalar)
      const sizes = Object.values(grads).map((gradient) => tf.max(tf.abs(gradient)).dataSync()[0] ?? 0)
      expect(sizes.filter((size) => size > 0)).toHaveLength(9)
      layer.trainable = false
      expect(layer.trainableWeights).toEqual([])
    })

    it.each<[string, () => unknown]>([
      [
        'making layer odd: expected one of tanh, relu, linear for activation, received "elu"',
        () => new LayerNormLSTM({ units: 2, activation: 'elu', name: 'odd' }),
      ],
      [
        'making layer odd: expected one of sigmoid, hardSigmoid for recurrentActivation, received "tanh"',
        () => new LayerNormLSTM({ units: 2, recurrentActivation: 'tanh', name: 'odd' }),
      ],
      [
        `running layer late: expected the shape [${B}, ${T}] of the input's first two axes for mask, received "[${B}, ${T + 1}]"`,
        () => run(new LayerNormLSTM({ units: U, name: 'late' }), weights(), x(), { mask: tf.ones([B, T + 1], 'bool') }),
      ],
      [
        'running layer odd: expected 2 tensors for initialState, received 1',
        () => run(new LayerNormLSTM({ units: U, name: 'odd' }), weights(), x(), { initialState: [tf.zeros([B, U])] }),
      ],
    ])('refuses: %s', (message, fails) => {
      expect(fails).toThrow(message)
    })

    it('leaves no tensor behind', () => {
      const layer = new LayerNormLSTM({ units: U, dropout: 0.5, returnState: true })
      const input = x()
      run(layer, weights(), input)
      const before = tf.memory().numTensors
      tf.dispose(layer.apply(input, { training: true }) as tf.Tensor[])
      expect(tf.memory().numTensors).toBe(before)
    })
  })
})
