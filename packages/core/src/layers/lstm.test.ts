import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { nativeStatus, registerNativeBackend } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import { beginStep } from '../runtime/random.js'
import { expectTensors, normal, values } from '../testing/tensors.js'
import { Bidirectional } from './bidirectional.js'
import { LSTM } from './lstm.js'
import { registerLayers } from './register.js'

// Both sum the same float32 products, in another order.
const TOLERANCE = 1e-5
const [B, T, D, U] = [3, 5, 4, 6] as const

const stockLstm = tfl.layers.lstm({ units: 1, name: 'stock' }).constructor as new (args: tfl.LSTMLayerArgs) => tfl.RNN

beforeAll(() => {
  registerNativeBackend()
  registerLayers()
})

const draw = (shape: number[], seed: number) => normal(shape, seed, { deviation: 0.7 })
const x = (seed = 1) => draw([B, T, D], seed)
const weights = (seed = 2) => [draw([D, 4 * U], seed), draw([U, 4 * U], seed + 1), draw([4 * U], seed + 2)]

const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

/** The outputs of a layer with the given weights on the given input. */
function run(layer: tfl.layers.Layer, given: tf.Tensor[], input: tf.Tensor | tf.Tensor[], options: object = {}) {
  layer.build([B, T, D])
  layer.built = true
  layer.setWeights(given)
  return layer.apply(input, options) as tf.Tensor | tf.Tensor[]
}

const holes = () => tf.tensor2d([1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1], [B, T], 'bool')

describe.each(['cpu', 'native'])('on %s', (backend) => {
  const missing = backend === 'native' && !nativeStatus().available
  describe.skipIf(missing && process.env.WEFT_REQUIRE_NATIVE !== '1')('layers', () => {
    beforeAll(async () => {
      expect(await tf.setBackend(backend)).toBe(true)
    })
    describe('LSTM against the layer of TensorFlow.js', () => {
      const common = { units: U, recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' } as const
      const variants: Partial<tfl.LSTMLayerArgs>[] = [
        {},
        { returnSequences: true },
        { returnState: true },
        { returnSequences: true, returnState: true, goBackwards: true },
        { goBackwards: true },
        { recurrentActivation: 'hardSigmoid', returnSequences: true },
        { activation: 'relu', returnSequences: true },
        { activation: 'linear' },
        { activation: 'elu', returnSequences: true },
        { useBias: false },
      ]
      for (const masked of [false, true]) {
        it.each(variants)(`%j, ${masked ? 'with' : 'without'} a mask`, (variant) => {
          const args = { ...common, ...variant }
          const given = weights().slice(0, args.useBias === false ? 2 : 3)
          const options = masked ? { mask: holes() } : {}
          expectClose(
            run(new LSTM({ ...args }), given, x(), options),
            run(new stockLstm({ ...args }), given, x(), options),
          )
        })
      }
      it('starts from the state given', () => {
        const state = [draw([B, U], 8), draw([B, U], 9)]
        const args = { ...common, returnSequences: true, returnState: true }
        const options = () => ({ initialState: state })
        expectClose(
          run(new LSTM({ ...args }), weights(), x(), options()),
          run(new stockLstm({ ...args }), weights(), x(), options()),
        )
      })
      it('takes a symbolic initial state in a model, and does not hand it on to the next layer', () => {
        const build = (make: (args: tfl.LSTMLayerArgs) => tfl.layers.Layer) => {
          const input = tfl.input({ shape: [T, D] })
          const state = [tfl.input({ shape: [U] }), tfl.input({ shape: [U] })]
          const first = make({ ...common, returnSequences: true }).apply([input, ...state]) as tfl.SymbolicTensor
          const second = make({ ...common, returnSequences: true }).apply(first) as tfl.SymbolicTensor
          return tfl.model({ inputs: [input, ...state], outputs: second })
        }
        const model = build((args) => new LSTM(args))
        const random = [...weights(2), draw([U, 4 * U], 5), draw([U, 4 * U], 6), draw([4 * U], 7)]
        model.setWeights(random)
        const state = [draw([B, U], 8), draw([B, U], 9)]
        const both = model.predict([x(), ...state]) as tf.Tensor
        const first = run(new LSTM({ ...common, returnSequences: true }), random.slice(0, 3), x(), {
          initialState: state,
        })
        const second = new LSTM({ ...common, returnSequences: true })
        second.build([B, T, U])
        second.setWeights(random.slice(3))
        expectClose(both, second.call(first as tf.Tensor) as tf.Tensor)
      })
      it('carries its state from batch to batch when stateful, until reset', () => {
        const make = (create: (args: tfl.LSTMLayerArgs) => tfl.RNN) => {
          const layer = create({ ...common, stateful: true, batchInputShape: [B, T, D] })
          const outputs = [run(layer, weights(), x(1)), layer.apply(x(2))].flat() as tf.Tensor[]
          layer.resetStates()
          return [...outputs, layer.apply(x(1)) as tf.Tensor]
        }
        const ours = make((args) => new LSTM(args))
        expectClose(
          ours,
          make((args) => new stockLstm(args)),
        )
        expectClose(ours[0] as tf.Tensor, ours[2] as tf.Tensor)
      })
    })

    describe('LSTM', () => {
      it('has the defaults of Keras and writes them out', () => {
        const config = new LSTM({ units: 2 }).getConfig()
        expect(config).toMatchObject({
          recurrentActivation: 'sigmoid',
          unitForgetBias: true,
          activation: 'tanh',
          useBias: true,
        })
        expect(config.kernelInitializer).toMatchObject({
          className: 'VarianceScaling',
          config: { mode: 'fanAvg', distribution: 'uniform' },
        })
        expect(config.recurrentInitializer).toMatchObject({ className: 'Orthogonal' })
        const layer = new LSTM({ units: 2 })
        layer.build([null, 3, 1])
        expect(values(layer.getWeights())[2]?.values).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
      })
      it('reports its regularisers as losses', () => {
        const layer = new LSTM({
          units: U,
          kernelRegularizer: tfl.regularizers.l2({ l2: 0.01 }),
          recurrentRegularizer: tfl.regularizers.l2({ l2: 0.5 }),
        })
        const input = tfl.input({ shape: [T, D] })
        const model = tfl.model({
          inputs: input,
          outputs: new Bidirectional({ layer }).apply(input) as tfl.SymbolicTensor,
        })
        const [kernel, recurrent] = model.getWeights()
        const expected = 0.01 * (tf.sum(tf.square(kernel as tf.Tensor)).dataSync()[0] ?? 0)
        const losses = values(model.calculateLosses()).map((loss) => loss.values[0] ?? 0)
        expect(losses).toHaveLength(4)
        expect(losses[0]).toBeCloseTo(expected, 5)
        expect(losses[1]).toBeCloseTo(0.5 * (tf.sum(tf.square(recurrent as tf.Tensor)).dataSync()[0] ?? 0), 5)
      })
      it('drops inputs and states in training only, the same ones when the step is repeated', () => {
        const layer = new LSTM({ units: U, dropout: 0.5, recurrentDropout: 0.5 })
        const plain = run(new LSTM({ units: U }), weights(), x())
        const at = (step: number) => {
          beginStep(7, step)
          return values(layer.apply(x(), { training: true }) as tf.Tensor)
        }
        expectClose(run(layer, weights(), x()), plain)
        expect(at(3)).toEqual(at(3))
        expect(at(3)).not.toEqual(at(4))
        expect(at(3)).not.toEqual(values(plain))
      })
      it('has gradients', () => {
        const layer = new LSTM({ units: U, returnSequences: true })
        run(layer, weights(), x())
        const { grads } = tf.variableGrads(() => tf.sum(tf.square(layer.apply(x()) as tf.Tensor)) as tf.Scalar)
        const sizes = Object.values(grads).map((gradient) => tf.max(tf.abs(gradient)).dataSync()[0] ?? 0)
        expect(sizes.filter((size) => size > 0)).toHaveLength(3)
      })
      it('refuses a mask that is not of its input', () => {
        const layer = new LSTM({ units: U, name: 'late' })
        expect(() => run(layer, weights(), x(), { mask: tf.ones([B, T + 1], 'bool') })).toThrow(
          `running layer late: expected the shape [${B}, ${T}] of the input's first two axes for mask, received "[${B}, ${T + 1}]"`,
        )
      })
      it('leaves no tensor behind', () => {
        const layer = new LSTM({ units: U, dropout: 0.5, returnState: true })
        const input = x()
        run(layer, weights(), input)
        const before = tf.memory().numTensors
        tf.dispose(layer.apply(input, { training: true }) as tf.Tensor[])
        expect(tf.memory().numTensors).toBe(before)
      })
    })

    describe('Bidirectional against the layer of TensorFlow.js', () => {
      const both = () => [...weights(2), ...weights(20)]
      const modes = ['concat', 'sum', 'mul', 'ave', null] as const
      for (const variant of [{}, { returnSequences: true }, { returnSequences: true, returnState: true }]) {
        for (const masked of [false, true]) {
          it.each(modes)(`${JSON.stringify(variant)}, merge %s, ${masked ? 'with' : 'without'} a mask`, (mergeMode) => {
            const args = {
              units: U,
              recurrentActivation: 'sigmoid',
              recurrentInitializer: 'zeros',
              ...variant,
            } as const
            const options = masked ? { mask: holes() } : {}
            const ours = new Bidirectional({ layer: new LSTM({ ...args }), mergeMode })
            // A cell activation that the fused op lacks would run TensorFlow.js's code; here it must be ours.
            expect(ours.forwardLayer).toBeInstanceOf(LSTM)
            const reference = stockReference({ ...args }, mergeMode)
            expectClose(run(ours, both(), x(), options), run(reference, both(), x(), options))
          })
        }
      }

      /** TensorFlow.js's own wrapper around its own layer, made while its class stands in the registry. */
      function stockReference(args: tfl.LSTMLayerArgs, mergeMode: (typeof modes)[number]): tfl.layers.Layer {
        tf.serialization.registerClass(stockLstm as typeof LSTM)
        try {
          return tfl.layers.bidirectional({ layer: new stockLstm(args), mergeMode: mergeMode as 'concat' })
        } finally {
          tf.serialization.registerClass(LSTM)
        }
      }

      it('starts from the states given, forward ones first', () => {
        const state = [8, 9, 10, 11].map((seed) => draw([B, U], seed))
        const args = {
          units: U,
          recurrentActivation: 'sigmoid',
          recurrentInitializer: 'zeros',
          returnSequences: true,
        } as const
        expectClose(
          run(new Bidirectional({ layer: new LSTM({ ...args }), mergeMode: 'concat' }), both(), x(), {
            initialState: state,
          }),
          run(stockReference({ ...args }, 'concat'), both(), x(), { initialState: state }),
        )
      })
      it('names weights as TensorFlow.js does', () => {
        const names = (layer: tfl.layers.Layer) => {
          layer.apply(tfl.input({ shape: [T, D] }))
          return layer.weights.map((weight) => weight.originalName)
        }
        const ours = names(
          new Bidirectional({ layer: new LSTM({ units: U, name: 'inner' }), mergeMode: 'concat', name: 'outer' }),
        )
        const args = { units: U, recurrentInitializer: 'zeros', name: 'inner' } as const
        const stock = names(
          tfl.layers.bidirectional({ layer: new stockLstm({ ...args }), mergeMode: 'concat', name: 'outer' }),
        )
        expect(ours).toEqual(stock)
      })
      it('starts both directions with different weights, the same ones for the same seed', () => {
        const build = () => {
          const layer = new Bidirectional({
            layer: new LSTM({ units: U, kernelInitializer: tfl.initializers.glorotUniform({ seed: 3 }) }),
            mergeMode: 'concat',
          })
          layer.build([null, T, D])
          return values(layer.getWeights())
        }
        const [first, , , fourth] = build()
        expect(first?.values).not.toEqual(fourth?.values)
      })
    })
  })
})
