import '@tensorflow/tfjs-backend-cpu'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { nativeStatus, registerNativeBackend } from '@weft/kernels'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json } from '../models/keras3.js'
import { loadModel, saveModel } from '../models/model-io.js'
import { inspectModel } from '../runtime/doctor.js'
import { beginStep } from '../runtime/random.js'
import { expectTensors, normal, values } from '../testing/tensors.js'
import { Bidirectional } from './bidirectional.js'
import { GRU } from './gru.js'
import { registerLayers } from './register.js'
import { SimpleRNN } from './simple-rnn.js'

// Both sum the same float32 products, in another order.
const TOLERANCE = 1e-5
const [B, T, D, U] = [3, 5, 4, 6] as const

type Args = tfl.GRULayerArgs & { resetAfter?: boolean }
type Make = new (args: Args) => tfl.RNN
const stockGru = tfl.layers.gru({ units: 1, name: 'stock' }).constructor as Make
const stockSimpleRnn = tfl.layers.simpleRNN({ units: 1, name: 'stock' }).constructor as Make

/** A GRU in whose place TensorFlow.js's loop over the steps runs, on our cell. */
class UnfusedGRU extends GRU {
  override isFused() {
    return false
  }
}

const folder = mkdtempSync(join(tmpdir(), 'weft-recurrent-'))
beforeAll(() => {
  registerNativeBackend()
  registerLayers()
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const draw = (shape: number[], seed: number) => normal(shape, seed, { deviation: 0.7 })
const x = (seed = 1) => draw([B, T, D], seed)
const holes = () => tf.tensor2d([1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1], [B, T], 'bool')

const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

/** The outputs of a layer with the given weights on the given input. */
function run(layer: tfl.layers.Layer, given: tf.Tensor[], input = x(), options: object = {}) {
  layer.build([B, T, D])
  layer.built = true
  layer.setWeights(given)
  return layer.apply(input, options) as tf.Tensor | tf.Tensor[]
}

/** Each kind of layer with the one that it must agree with. */
const kinds = [
  {
    ...{ name: 'SimpleRNN', ours: SimpleRNN as Make, reference: stockSimpleRnn },
    ...{ width: U, bias: [U], extra: {} },
  },
  {
    ...{ name: 'GRU with the reset before', ours: GRU as Make, reference: stockGru },
    ...{ width: 3 * U, bias: [3 * U], extra: { resetAfter: false } },
  },
  {
    ...{ name: 'GRU with the reset after', ours: GRU as Make, reference: UnfusedGRU as Make },
    ...{ width: 3 * U, bias: [2, 3 * U], extra: { resetAfter: true } },
  },
]

describe.each(['cpu', 'native'])('on %s', (backend) => {
  const missing = backend === 'native' && !nativeStatus().available
  describe.skipIf(missing && process.env.WEFT_REQUIRE_NATIVE !== '1')('layers', () => {
    beforeAll(async () => {
      expect(await tf.setBackend(backend)).toBe(true)
    })

    describe.each(kinds)('$name against a loop over the steps', ({ ours, reference, width, bias, extra }) => {
      const common = { units: U, recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros', ...extra } as const
      const weights = (seed = 2) => [draw([D, width], seed), draw([U, width], seed + 1), draw([...bias], seed + 2)]
      const variants: Partial<Args>[] = [
        {},
        { returnSequences: true },
        { returnState: true },
        { returnSequences: true, returnState: true, goBackwards: true },
        { goBackwards: true },
        { recurrentActivation: 'hardSigmoid', returnSequences: true },
        { activation: 'relu', returnSequences: true },
        { activation: 'elu', returnSequences: true },
        { useBias: false },
      ]
      for (const masked of [false, true]) {
        it.each(variants)(`%j, ${masked ? 'with' : 'without'} a mask`, (variant) => {
          const args = { ...common, ...variant }
          const given = weights().slice(0, args.useBias === false ? 2 : 3)
          const options = masked ? { mask: holes() } : {}
          expectClose(
            run(new ours({ ...args }), given, x(), { ...options }),
            run(new reference({ ...args }), given, x(), { ...options }),
          )
        })
      }
      it('starts from the state given', () => {
        const args = { ...common, returnSequences: true, returnState: true }
        const options = () => ({ initialState: [draw([B, U], 8)] })
        expectClose(
          run(new ours({ ...args }), weights(), x(), options()),
          run(new reference({ ...args }), weights(), x(), options()),
        )
      })
      it('carries its state from batch to batch when stateful, until reset', () => {
        const outputs = (make: Make) => {
          const layer = new make({ ...common, stateful: true, batchInputShape: [B, T, D] })
          const both = [run(layer, weights(), x(1)), layer.apply(x(2))].flat() as tf.Tensor[]
          layer.resetStates()
          return [...both, layer.apply(x(1)) as tf.Tensor]
        }
        const [first, second, again] = outputs(ours)
        expectClose([first, second, again] as tf.Tensor[], outputs(reference))
        expectClose(first as tf.Tensor, again as tf.Tensor)
      })
      it('drops inputs and states in training only, the same ones when the step is repeated', () => {
        const args = { ...common, dropout: 0.5, recurrentDropout: 0.5 }
        const layer = new ours({ ...args })
        expectClose(run(layer, weights()), run(new ours({ ...common }), weights()))
        const at = (step: number, of: tfl.layers.Layer) => {
          beginStep(7, step)
          return of.apply(x(), { training: true }) as tf.Tensor
        }
        expect(values(at(3, layer))).toEqual(values(at(3, layer)))
        expect(values(at(3, layer))).not.toEqual(values(at(4, layer)))
      })
      it('has gradients, and leaves no tensor behind', () => {
        const layer = new ours({ ...common, dropout: 0.5, recurrentDropout: 0.5, returnState: true })
        const input = x()
        run(layer, weights(), input)
        const { grads } = tf.variableGrads(
          () => tf.addN([layer.apply(input) as tf.Tensor[]].flat().map((t) => tf.sum(tf.square(t)))) as tf.Scalar,
        )
        const sizes = Object.values(grads).map((gradient) => tf.max(tf.abs(gradient)).dataSync()[0] ?? 0)
        expect(sizes.filter((size) => size > 0)).toHaveLength(3)
        const before = tf.memory().numTensors
        tf.dispose(layer.apply(input, { training: true }) as tf.Tensor[])
        expect(tf.memory().numTensors).toBe(before)
      })
      it.each(['concat', 'sum', null] as const)('runs both directions in Bidirectional, merge %s', (mergeMode) => {
        const args = { ...common, returnSequences: true, returnState: true }
        const both = new Bidirectional({ layer: new ours({ ...args }), mergeMode })
        expect(both.backwardLayer).toBeInstanceOf(ours)
        const [ahead, back] = [weights(2), weights(20)]
        const outputs = run(both, [...ahead, ...back], x(), { mask: holes() })
        const [y, h] = run(new reference({ ...args }), ahead, x(), { mask: holes() }) as [tf.Tensor, tf.Tensor]
        const [z, k] = run(new reference({ ...args, goBackwards: true }), back, x(), { mask: holes() }) as [
          tf.Tensor,
          tf.Tensor,
        ]
        const reversed = tf.reverse(z, 1)
        const merged = { concat: () => [tf.concat([y, reversed], -1)], sum: () => [tf.add(y, reversed)] }
        expectClose(outputs, [...(mergeMode === null ? [y, reversed] : merged[mergeMode]()), h, k])
      })
      it('is saved and loaded with its configuration and weights', async () => {
        const input = tfl.input({ shape: [T, D] })
        const layer = new ours({ ...common, activation: 'relu', dropout: 0.25 })
        const output = new Bidirectional({ layer }).apply(input) as tfl.SymbolicTensor
        const model = tfl.model({ inputs: input, outputs: output })
        const dir = join(folder, `${layer.getClassName()}-${bias.length}-${backend}`)
        await saveModel(model, dir)
        const { model: loaded } = await loadModel(dir)
        expect(loaded.layers[1]?.getConfig()).toEqual(model.layers[1]?.getConfig())
        expectClose(loaded.predict(x()) as tf.Tensor, model.predict(x()) as tf.Tensor)
        expect(inspectModel(dir).opensInTensorflowjs).toBe(bias.length === 1)
      })
    })

    it('wants one state from a cell that has one', () => {
      const layer = new GRU({ units: U, name: 'late' })
      layer.build([B, T, D])
      const state = draw([B, U], 1)
      expect(() => layer.call(x(), { initialState: [state, state] })).toThrow(
        'running layer late: expected 1 tensor for initialState, received 2',
      )
    })
  })
})

describe('configuration', () => {
  it('has the defaults of Keras and writes them out', () => {
    const glorot = { className: 'VarianceScaling', config: { mode: 'fanAvg', distribution: 'uniform' } }
    const gru = new GRU({ units: 2 })
    expect(gru.getConfig()).toMatchObject({
      ...{ resetAfter: true, recurrentActivation: 'sigmoid', activation: 'tanh', useBias: true },
      ...{ kernelInitializer: glorot, recurrentInitializer: { className: 'Orthogonal' } },
    })
    expect(new SimpleRNN({ units: 2 }).getConfig()).toMatchObject({ activation: 'tanh', kernelInitializer: glorot })
    gru.build([null, 3, 4])
    expect(gru.getWeights().map(({ shape }) => shape)).toEqual([
      [4, 6],
      [2, 6],
      [2, 6],
    ])
    const before = new GRU({ units: 2, resetAfter: false })
    before.build([null, 3, 4])
    expect(before.getConfig()).toMatchObject({ resetAfter: false })
    expect(before.getWeights()[2]?.shape).toEqual([6])
  })
  it('names weights as TensorFlow.js does', () => {
    const names = (layer: tfl.layers.Layer) => {
      layer.apply(tfl.input({ shape: [T, D] }))
      return layer.weights.map((weight) => weight.originalName)
    }
    const args = { units: U, recurrentInitializer: 'zeros', name: 'inner' } as const
    expect(names(new GRU({ ...args }))).toEqual(names(new stockGru({ ...args })))
    expect(names(new SimpleRNN({ ...args }))).toEqual(names(new stockSimpleRnn({ ...args })))
  })
})

interface Values {
  shape: number[]
  values: number[]
}
const golden = JSON.parse(readFileSync(new URL('golden/keras3_recurrent.json', import.meta.url), 'utf8')) as {
  cases: Record<string, { modelTopology: Json; weights: Record<string, Values>; input: Values; output: Values }>
}

describe('models of Keras', () => {
  beforeAll(async () => void (await tf.setBackend('cpu')))

  it.each(Object.entries(golden.cases))('%s: the outputs of Keras', async (name, { modelTopology, ...given }) => {
    const dir = mkdtempSync(join(folder, `${name}-`))
    const weights = Object.entries(given.weights).map(([weight, { shape }]) => ({
      name: weight,
      shape,
      dtype: 'float32',
    }))
    const bytes = Float32Array.from(Object.values(given.weights).flatMap((weight) => weight.values))
    writeFileSync(join(dir, 'weights.bin'), new Uint8Array(bytes.buffer))
    const weightsManifest = [{ paths: ['weights.bin'], weights }]
    writeFileSync(join(dir, 'model.json'), JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }))
    const { model } = await loadModel(dir)
    const y = model.predict(tf.tensor(given.input.values, given.input.shape)) as tf.Tensor
    expectClose(y, tf.tensor(given.output.values, given.output.shape))
  })
})
