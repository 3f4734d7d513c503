import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { nativeStatus, registerNativeBackend } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import { beginStep } from '../runtime/random.js'
import { TrainStep } from '../training/train-step.js'
import { expectTensors, normal } from '../testing/tensors.js'
import { AdditiveAttention, Attention, SequenceMask } from './attention.js'
import { Embedding } from './embedding.js'
import { LSTM } from './lstm.js'
import { registerLayers } from './register.js'

// A few dozen float32 sums and exponentials in another order.
const TOLERANCE = 1e-5
const [B, TQ, TV, D] = [2, 3, 4, 5] as const

const query = () => normal([B, TQ, D], 1)
const value = () => normal([B, TV, 2], 2)
const key = () => normal([B, TV, D], 3)

const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

/** The outputs of a layer, whose weights are first set where they are given. */
function run(layer: tfl.layers.Layer, inputs: tf.Tensor[], options: object = {}, weights?: tf.Tensor[]): tf.Tensor[] {
  layer.apply(inputs, { ...options })
  if (weights) layer.setWeights(weights)
  return [layer.apply(inputs, { ...options }) as tf.Tensor | tf.Tensor[]].flat()
}

/** As Keras writes it: masked scores are lowered by 1e9. */
function attended(scores: tf.Tensor, values: tf.Tensor, mask?: tf.Tensor): tf.Tensor {
  return tf.matMul(tf.softmax(mask ? tf.sub(scores, tf.mul(tf.sub(1, mask), 1e9)) : scores), values)
}
const tanhOfSum = (q: tf.Tensor, k: tf.Tensor) => tf.tanh(tf.add(tf.expandDims(q, 2), tf.expandDims(k, 1)))

async function reloaded(model: tfl.LayersModel): Promise<tfl.LayersModel> {
  let saved: tf.io.ModelArtifacts | undefined
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      saved = artifacts
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } })
    }),
  )
  if (!saved) throw new Error('not saved')
  return tfl.loadLayersModel(tf.io.fromMemory(saved))
}

const symbolic = (layer: tfl.layers.Layer, inputs: tfl.SymbolicTensor | tfl.SymbolicTensor[]) =>
  layer.apply(inputs) as tfl.SymbolicTensor

beforeAll(() => {
  registerNativeBackend()
  registerLayers()
})

describe.each(['cpu', 'native'])('attention layers on %s', (backend) => {
  const missing = backend === 'native' && !nativeStatus().available
  describe.skipIf(missing && process.env['WEFT_REQUIRE_NATIVE'] !== '1')('layer', () => {
    beforeAll(async () => {
      expect(await tf.setBackend(backend)).toBe(true)
    })

    it("compute Keras's formulas", () => {
      const [q, v, k] = [query(), value(), key()]
      const dot = tf.matMul(q, k, false, true)
      expectClose(run(new Attention(), [q, v, k])[0], attended(dot, v))
      const factor = tf.scalar(0.4)
      expectClose(run(new Attention({ useScale: true }), [q, v, k], {}, [factor])[0], attended(tf.mul(dot, 0.4), v))
      const hidden = tanhOfSum(tf.mul(q, 0.4), tf.mul(k, 0.4))
      const concat = new Attention({ useScale: true, scoreMode: 'concat' })
      expectClose(run(concat, [q, v, k], {}, [factor, tf.scalar(3)])[0], attended(tf.mul(tf.sum(hidden, -1), 3), v))
      const scale = normal([D], 4)
      const additive = attended(tf.sum(tf.mul(tanhOfSum(q, k), scale), -1), v)
      expectClose(run(new AdditiveAttention(), [q, v, k], {}, [scale])[0], additive)
      const plain = attended(tf.sum(tanhOfSum(q, k), -1), v)
      expectClose(run(new AdditiveAttention({ useScale: false }), [q, v, k])[0], plain)
      expectClose(run(new Attention(), [q, k])[0], attended(dot, k))
    })

    it.each([new Attention({ returnAttentionScores: true }), new AdditiveAttention({ returnAttentionScores: true })])(
      'take masks as a list (%#)',
      (layer) => {
        const [q, v, k] = [query(), value(), key()]
        const queryMask = tf.tensor2d([1, 1, 0, 1, 1, 1], [B, TQ])
        const valueMask = tf.tensor2d([1, 0, 1, 0, 1, 1, 1, 1], [B, TV])
        const [output, weights] = run(layer, [q, v, k], { mask: [queryMask, valueMask] })
        const told = run(layer, [q, v, k, valueMask])[0]
        const scores =
          layer instanceof Attention
            ? tf.matMul(q, k, false, true)
            : tf.sum(tf.mul(tanhOfSum(q, k), layer.getWeights()[0] ?? 1), -1)
        const wanted = attended(scores, v, tf.expandDims(valueMask, 1))
        expectClose(told, wanted)
        expectClose(output, tf.mul(wanted, tf.expandDims(queryMask, 2)))
        expect(weights?.shape).toEqual([B, TQ, TV])
        expectClose(tf.sum(weights ?? 0, 2), queryMask)
      },
    )

    it('look at the past only with a causal mask', () => {
      const x = key()
      const causal = run(new Attention({ useCausalMask: true }), [x, x])[0]
      expectClose(run(new Attention(), [x, x], { useCausalMask: true })[0], causal ?? tf.scalar(0))
      const lower = tf.tensor2d([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1], [TV, TV])
      expectClose(causal, attended(tf.matMul(x, x, false, true), x, tf.expandDims(lower, 0)))
    })

    it('drop weights in training, others at each step and the same ones again', () => {
      const layer = new Attention({ dropout: 0.5, seed: 3 })
      const inputs = [query(), value(), key()]
      const at = (step: number, training = true) => {
        beginStep(1, step)
        return Array.from(run(layer, inputs, { training })[0]?.dataSync() ?? [])
      }
      expect(at(1)).toEqual(at(1))
      expect(at(1)).not.toEqual(at(2))
      expect(at(1, false)).toEqual(Array.from(run(new Attention(), inputs)[0]?.dataSync() ?? []))
    })

    it('pass over padding in a model, where query and value are one sequence', async () => {
      const input = tfl.input({ shape: [null] })
      const x = symbolic(new Embedding({ inputDim: 9, outputDim: D, maskZero: true }), input)
      const both = symbolic(new Attention(), [x, x])
      const model = tfl.model({ inputs: input, outputs: symbolic(new LSTM({ units: 3 }), both) })
      for (const opened of [model, await reloaded(model)]) {
        const [padded, short] = [[[3, 1, 7, 0, 0]], [[3, 1, 7]]].map((ids) => opened.predict(tf.tensor2d(ids)))
        expectClose(padded as tf.Tensor, short as tf.Tensor)
      }
    })

    it('take the mask of another sequence from SequenceMask, and refuse to go without', async () => {
      const input = tfl.input({ shape: [null] })
      const x = symbolic(new Embedding({ inputDim: 9, outputDim: D, maskZero: true }), input)
      const last = symbolic(tfl.layers.repeatVector({ n: 2 }), symbolic(new LSTM({ units: D }), x))
      const build = (inputs: tfl.SymbolicTensor[], layer: tfl.layers.Layer) =>
        tfl.model({ inputs: input, outputs: symbolic(tfl.layers.flatten(), symbolic(layer, inputs)) })
      const ids = [[[3, 1, 7, 0, 0]], [[3, 1, 7]]].map((rows) => tf.tensor2d(rows))
      const told = build([last, x, symbolic(new SequenceMask(), x)], new AdditiveAttention())
      for (const opened of [told, await reloaded(told)]) {
        const [padded, short] = ids.map((rows) => opened.predict(rows))
        expectClose(padded as tf.Tensor, short as tf.Tensor)
      }
      const silent = build([last, x], new AdditiveAttention())
      expect(() => silent.predict(ids[0] ?? [])).toThrow('expected a mask [B, Tv] as the last input')
    })

    it('learn to pick a step', () => {
      const input = tfl.input({ shape: [6, 4] })
      const picked = symbolic(new AdditiveAttention({ seed: 1 }), [input, input])
      const pooled = symbolic(tfl.layers.globalAveragePooling1d({}), picked)
      const model = tfl.model({ inputs: input, outputs: symbolic(tfl.layers.dense({ units: 1 }), pooled) })
      const x = normal([16, 6, 4], 5)
      const y = tf.expandDims(tf.max(tf.slice(x, [0, 0, 0], [16, 6, 1]), [1, 2]), 1)
      const step = new TrainStep(model, { loss: 'meanSquaredError', learningRate: 0.02 })
      const losses = Array.from({ length: 80 }, () => step.run({ x, y }))
      expect(losses.at(-1)).toBeLessThan(0.3 * (losses[0] ?? 0))
    })

    it.each([
      [Attention, new Attention({ useScale: true, scoreMode: 'concat', dropout: 0.25, seed: 4 })],
      [AdditiveAttention, new AdditiveAttention({ useScale: false, useCausalMask: true, returnAttentionScores: true })],
    ] as const)('are made again from their configuration (%#)', (made, layer) => {
      const again = new made(layer.getConfig())
      expect(again.getConfig()).toEqual(layer.getConfig())
      const shapes = [
        [null, TQ, D],
        [null, TV, 2],
      ]
      expect(again.computeOutputShape(shapes)).toEqual(layer.computeOutputShape(shapes))
    })

    it('name what does not fit', () => {
      expect(() => new Attention({ dropout: 1 })).toThrow('expected a number in [0, 1) for dropout, received 1')
      const wrong: object = { scoreMode: 'sum' }
      expect(() => new Attention(wrong)).toThrow('expected dot or concat for scoreMode, received "sum"')
      expect(() => run(new Attention(), [query()])).toThrow(
        'expected [query, value] or [query, value, key] for inputs, received 1',
      )
      expect(() => run(new Attention(), [query(), value()])).toThrow('expected shape [2, Tv, 5] for key')
    })
  })
})
