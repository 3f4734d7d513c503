import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { convLstm2d, nativeStatus, registerNativeBackend } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import { beginStep } from '../runtime/random.js'
import { TrainStep } from '../training/train-step.js'
import { expectTensors, normal, values } from '../testing/tensors.js'
import { Conv2D } from './convolution.js'
import { ConvLSTM2D, type ConvLSTM2DArgs } from './conv-lstm.js'
import { registerLayers } from './register.js'
import { TimeDistributed } from './time-distributed.js'

// Both sum the same float32 products, in another order.
const TOLERANCE = 1e-5
const [B, T, H, W, C, F] = [2, 3, 5, 6, 2, 3] as const

type StockArgs = Parameters<typeof tfl.layers.convLstm2d>[0]
const stock = tfl.layers.convLstm2d({ filters: 1, kernelSize: 1, name: 'stock' }).constructor as new (
  args: StockArgs,
) => tfl.RNN

beforeAll(() => {
  registerNativeBackend()
  registerLayers()
})

const draw = (shape: number[], seed: number, deviation = 0.5) => normal(shape, seed, { deviation })
const x = (seed = 1) => draw([B, T, H, W, C], seed)
const weights = () => [draw([3, 3, C, 4 * F], 2), draw([3, 3, F, 4 * F], 3, 0.3), draw([4 * F], 4)]

const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

/** The outputs of a layer with the given weights on the given input. */
function run(layer: tfl.layers.Layer, given: tf.Tensor[], input: tf.Tensor, options: object = {}) {
  layer.build([B, T, H, W, C])
  layer.built = true
  layer.setWeights(given)
  return layer.apply(input, options) as tf.Tensor | tf.Tensor[]
}

const holes = () => tf.tensor2d([1, 0, 1, 1, 1, 0], [B, T], 'bool')

describe.each(['cpu', 'native'])('ConvLSTM2D on %s', (backend) => {
  const missing = backend === 'native' && !nativeStatus().available
  describe.skipIf(missing && process.env.WEFT_REQUIRE_NATIVE !== '1')('layer', () => {
    beforeAll(async () => {
      expect(await tf.setBackend(backend)).toBe(true)
    })

    describe('against the layer of TensorFlow.js', () => {
      const common = { filters: F, kernelSize: 3, recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' } as const // prettier-ignore
      it.each([
        {},
        { returnSequences: true },
        { padding: 'same', returnState: true },
        { padding: 'same', returnSequences: true, returnState: true, goBackwards: true },
        { goBackwards: true },
        { strides: 2, padding: 'same', returnSequences: true },
        { strides: [2, 3], returnSequences: true },
        { recurrentActivation: 'hardSigmoid', returnSequences: true },
        { activation: 'relu', padding: 'same' },
        { activation: 'linear' },
        { activation: 'elu', returnSequences: true },
        { useBias: false },
      ] satisfies Partial<StockArgs>[])('%j', (variant: Partial<StockArgs>) => {
        const args = { ...common, ...variant }
        const given = weights().slice(0, args.useBias === false ? 2 : 3)
        expectClose(run(new ConvLSTM2D({ ...args }), given, x()), run(new stock({ ...args }), given, x()))
      })
      it('starts from the state given', () => {
        const state = [draw([B, H, W, F], 8), draw([B, H, W, F], 9)]
        const args = { ...common, padding: 'same', returnSequences: true, returnState: true } as const
        const options = () => ({ initialState: state })
        expectClose(
          run(new ConvLSTM2D({ ...args }), weights(), x(), options()),
          run(new stock({ ...args }), weights(), x(), options()),
        )
      })
      it('carries its state from batch to batch when stateful, until reset', () => {
        const make = (create: (args: StockArgs) => tfl.RNN) => {
          const layer = create({ ...common, stateful: true, batchInputShape: [B, T, H, W, C] })
          const outputs = [run(layer, weights(), x(1)), layer.apply(x(2))].flat() as tf.Tensor[]
          layer.resetStates()
          return [...outputs, layer.apply(x(1)) as tf.Tensor]
        }
        const ours = make((args) => new ConvLSTM2D(args))
        expectClose(
          ours,
          make((args) => new stock(args)),
        )
        expectClose(ours[0] as tf.Tensor, ours[2] as tf.Tensor)
      })
      it('names and shapes weights as it does', () => {
        const weightsOf = (layer: tfl.layers.Layer) => {
          layer.apply(tfl.input({ shape: [T, H, W, C] }))
          return layer.weights.map(({ originalName, shape }) => ({ originalName, shape }))
        }
        const ours = weightsOf(new ConvLSTM2D({ ...common, name: 'ours' }))
        const theirs = weightsOf(new stock({ ...common, name: 'ours' }))
        expect(ours).toEqual(theirs)
      })
    })

    it('has the defaults of Keras and writes them out', () => {
      const config = new ConvLSTM2D({ filters: 2, kernelSize: 3 }).getConfig()
      expect(config).toMatchObject({
        activation: 'tanh',
        recurrentActivation: 'sigmoid',
        unitForgetBias: true,
        useBias: true,
        padding: 'valid',
        strides: [1, 1],
        dilationRate: [1, 1],
        returnSequences: false,
      })
      expect(config).not.toHaveProperty('peepholes')
      expect(config.kernelInitializer).toMatchObject({ config: { mode: 'fanAvg', distribution: 'uniform' } })
      expect(config.recurrentInitializer).toMatchObject({ className: 'Orthogonal' })
      const layer = new ConvLSTM2D({ filters: 2, kernelSize: 3 })
      layer.build([null, 3, 4, 4, 1])
      expect(values(layer.getWeights())[2]?.values).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
    })

    it('skips what the mask leaves out, and hands the mask on with the sequence', () => {
      const args = { filters: F, kernelSize: 3, padding: 'same', returnSequences: true } as const
      const layer = new ConvLSTM2D({ ...args, recurrentInitializer: 'zeros' })
      const output = run(layer, weights(), x(), { mask: holes() })
      const [kernel, recurrent, bias] = weights()
      if (!kernel || !recurrent || !bias) throw new Error('no weights')
      const options = { pad: 'same', returnSequences: true, mask: holes() } as const
      expectClose(output, convLstm2d(x(), kernel, recurrent, bias, options).output)
      const mask = holes()
      expect(layer.computeMask(x(), mask)).toBe(mask)
      expect(new ConvLSTM2D({ filters: F, kernelSize: 3 }).computeMask(x(), mask)).toBeNull()
      expect(() => layer.apply(x(), { mask: tf.ones([B, T + 1], 'bool') })).toThrow(
        `expected the shape [${B}, ${T}] of the input's first two axes for mask`,
      )
    })

    it('takes symbolic initial states, and says the shapes of its outputs', () => {
      const input = tfl.input({ shape: [T, H, W, C] })
      const state = [tfl.input({ shape: [H, W, F] }), tfl.input({ shape: [H, W, F] })]
      const layer = new ConvLSTM2D({ filters: F, kernelSize: 3, padding: 'same', returnState: true, returnSequences: true }) // prettier-ignore
      const outputs = layer.apply([input, ...state]) as tfl.SymbolicTensor[]
      expect(outputs.map(({ shape }) => shape)).toEqual([[null, T, H, W, F], [null, H, W, F], [null, H, W, F]]) // prettier-ignore
      const model = tfl.model({ inputs: [input, ...state], outputs })
      model.setWeights(weights())
      const given = [draw([B, H, W, F], 8), draw([B, H, W, F], 9)]
      const results = model.predict([x(), ...given]) as tf.Tensor[]
      expectClose(results, layer.apply(x(), { initialState: given }) as tf.Tensor[])
    })

    it("has peepholes: weights of the images' size, zero at first, trained and frozen with the others", () => {
      const args = { filters: F, kernelSize: 3, padding: 'same', peepholes: true } as const
      const layer = new ConvLSTM2D(args)
      const plain = run(new ConvLSTM2D({ ...args, peepholes: false }), weights(), x())
      expectClose(run(layer, [...weights(), tf.zeros([H, W, 3 * F])], x()), plain)
      expect(layer.weights.map(({ originalName }) => originalName.split('/').pop())).toEqual([
        'kernel',
        'recurrent_kernel',
        'bias',
        'peephole_kernel',
      ])
      expect(values(layer.getWeights())[3]).toEqual({ shape: [H, W, 3 * F], values: Array(H * W * 3 * F).fill(0) })
      const peepholes = draw([H, W, 3 * F], 7)
      const [kernel, recurrent, bias] = weights()
      if (!kernel || !recurrent || !bias) throw new Error('no weights')
      const expected = convLstm2d(x(), kernel, recurrent, bias, { pad: 'same', peepholes }).output
      layer.setWeights([...weights(), peepholes])
      expectClose(layer.apply(x()) as tf.Tensor, expected)
      layer.trainable = false
      expect([layer.trainableWeights.length, layer.nonTrainableWeights.length]).toEqual([0, 4])
      expect(() => new ConvLSTM2D({ ...args, activation: 'elu', name: 'late' })).toThrow(
        'making layer late: expected channels last, and activations that the fused op has, for peepholes',
      )
      expect(() => new ConvLSTM2D({ ...args, name: 'late' }).build([null, T, null, W, C])).toThrow(
        'building layer late: expected a known height and width for the input of peepholes',
      )
    })

    it.each<Partial<ConvLSTM2DArgs>>([
      { strides: 2, padding: 'same', returnSequences: true },
      { dilationRate: 2, peepholes: true },
    ])('comes back from its configuration and from a saved model: %j', async (variant) => {
      const layer = new ConvLSTM2D({ filters: F, kernelSize: 3, dropout: 0.25, ...variant })
      const again = ConvLSTM2D.fromConfig<ConvLSTM2D>(ConvLSTM2D, layer.getConfig())
      expect(again.getConfig()).toEqual(layer.getConfig())
      const input = tfl.input({ shape: [T, H, W, C] })
      const model = tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor })
      model.setWeights(model.getWeights().map((weight, i) => draw(weight.shape, 30 + i)))
      let saved: tf.io.ModelArtifacts | undefined
      await model.save({
        save: (artifacts) => {
          saved = artifacts
          return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } })
        },
      })
      const loaded = await tfl.loadLayersModel({ load: () => Promise.resolve(saved ?? {}) })
      expect(loaded.layers[1]).toBeInstanceOf(ConvLSTM2D)
      expectClose(loaded.predict(x()) as tf.Tensor, model.predict(x()) as tf.Tensor)
    })

    it('drops inputs and states in training alone, the same at every step and differently at the next', () => {
      const layer = new ConvLSTM2D({ filters: F, kernelSize: 3, dropout: 0.5, recurrentDropout: 0.5, returnSequences: true }) // prettier-ignore
      const output = (training: boolean, step: number) => {
        beginStep(1, step)
        return values(layer.apply(x(), { training }) as tf.Tensor)
      }
      expect(output(false, 1)).toEqual(output(false, 2))
      expect(output(true, 1)).toEqual(output(true, 1))
      expect(output(true, 1)).not.toEqual(output(true, 2))
      expect(output(true, 1)).not.toEqual(output(false, 1))
    })

    it('learns with a convolution on every frame, and leaves no tensor behind', () => {
      const input = tfl.input({ shape: [T, H, W, C] })
      const sequence = new ConvLSTM2D({ filters: F, kernelSize: 3, padding: 'same', returnSequences: true, peepholes: true }) // prettier-ignore
      const head = new TimeDistributed({ layer: new Conv2D({ filters: 1, kernelSize: 3, padding: 'same' }) })
      const output = head.apply(sequence.apply(input) as tfl.SymbolicTensor) as tfl.SymbolicTensor
      const step = new TrainStep(tfl.model({ inputs: input, outputs: output }), {
        loss: 'sigmoidCrossentropy',
        learningRate: 0.02,
      })
      const batch = { x: x(), y: tf.cast(tf.greater(tf.sum(x(), -1, true), 0), 'float32') }
      const first = step.run(batch)
      const before = tf.memory().numTensors
      let last = first
      for (let i = 0; i < 15; i++) last = step.run(batch)
      expect(last).toBeLessThan(0.8 * first)
      expect(tf.memory().numTensors).toBe(before)
      step.dispose()
    })

    it('reports its regularisers as losses', () => {
      const l2 = tfl.regularizers.l2({ l2: 0.5 })
      const layer = new ConvLSTM2D({ filters: F, kernelSize: 3, recurrentRegularizer: l2 })
      run(layer, weights(), x())
      const norm = tf.sum(tf.square(weights()[1] ?? 0)).dataSync()[0] ?? NaN
      expect(layer.losses.map((loss) => loss().dataSync()[0])[0]).toBeCloseTo(0.5 * norm, 3)
    })
  })
})
