import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { nativeStatus, registerNativeBackend } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import { TrainStep } from '../training/train-step.js'
import { Embedding } from './embedding.js'
import { LSTM } from './lstm.js'
import { registerLayers } from './register.js'

const V = 5
const table = () => tf.tensor2d([0, 0, 1, 10, 2, 20, 3, 30, 4, 40], [V, 2])

/** The outputs of a layer with that table. */
function lookUp(layer: tfl.layers.Layer, ids: tf.Tensor): tf.Tensor {
  layer.apply(ids)
  layer.setWeights([table()])
  return layer.apply(ids) as tf.Tensor
}

beforeAll(() => {
  registerNativeBackend()
  registerLayers()
})

describe.each(['cpu', 'native'])('Embedding on %s', (backend) => {
  const missing = backend === 'native' && !nativeStatus().available
  describe.skipIf(missing && process.env['WEFT_REQUIRE_NATIVE'] !== '1')('layer', () => {
    beforeAll(async () => {
      expect(await tf.setBackend(backend)).toBe(true)
    })

    it.each(['float32', 'int32'] as const)('looks rows up like the layer of TensorFlow.js (%s)', (dtype) => {
      const args = { inputDim: V, outputDim: 2 }
      const ids = tf.tensor2d([3, 0, 4, 4, 1, 2], [2, 3], dtype)
      const rows = lookUp(new Embedding(args), ids)
      expect(rows.shape).toEqual([2, 3, 2])
      expect(Array.from(rows.dataSync())).toEqual([3, 30, 0, 0, 4, 40, 4, 40, 1, 10, 2, 20])
      expect(rows.dataSync()).toEqual(lookUp(tfl.layers.embedding(args), ids).dataSync())
    })

    it('starts from the same uniform table for the same seed', () => {
      const make = (seed: number) => {
        const embeddingsInitializer = tfl.initializers.randomUniform({ minval: -0.05, maxval: 0.05, seed })
        const layer = new Embedding({ inputDim: 200, outputDim: 8, embeddingsInitializer })
        layer.apply(tf.zeros([1, 1]))
        return Array.from(layer.getWeights()[0]?.dataSync() ?? [])
      }
      expect(make(3)).toEqual(make(3))
      expect(make(3)).not.toEqual(make(4))
      expect(Math.max(...make(3).map(Math.abs))).toBeLessThanOrEqual(0.05)
    })

    it('masks zeros when asked to, and what follows passes over them', () => {
      const [plain, masking] = [false, true].map((maskZero) => new Embedding({ inputDim: V, outputDim: 2, maskZero }))
      const ids = tf.tensor2d([3, 1, 0, 0, 2, 0], [2, 3])
      expect(plain?.computeMask(ids)).toBeNull()
      expect(Array.from((masking?.computeMask(ids) as tf.Tensor).dataSync())).toEqual([1, 1, 0, 0, 1, 0])
      if (!masking) throw new Error('no layer')
      const input = tfl.input({ shape: [null] })
      const lstm = new LSTM({ units: 3 })
      const rows = masking.apply(input) as tfl.SymbolicTensor
      const model = tfl.model({ inputs: input, outputs: lstm.apply(rows) as tfl.SymbolicTensor })
      const [padded, short] = [[[3, 1, 0, 0]], [[3, 1]]].map((x) => model.predict(tf.tensor2d(x)) as tf.Tensor)
      expect(Array.from(padded?.dataSync() ?? [])).toEqual(Array.from(short?.dataSync() ?? []))
    })

    it.each(['adam', 'sgd'] as const)('learns a large table with %s, row by row', (optimizer) => {
      // Large enough on native for the gradient to be of rows.
      const [inputDim, ids] = backend === 'native' ? [3000, [1, 2999, 7, 1]] : [30, [1, 29, 7, 1]]
      const layer = new Embedding({ inputDim, outputDim: 16, inputLength: 2 })
      const model = tfl.sequential({ layers: [layer, tfl.layers.flatten(), tfl.layers.dense({ units: 1 })] })
      const before = Array.from(layer.getWeights()[0]?.dataSync() ?? [])
      const step = new TrainStep(model, { loss: 'meanSquaredError', optimizer, learningRate: 0.02, clipNorm: 5 })
      const batch = { x: tf.tensor2d(ids, [2, 2]), y: tf.tensor2d([1, -1], [2, 1]) }
      const losses = Array.from({ length: 60 }, () => step.run(batch))
      expect(losses.at(-1)).toBeLessThan(0.1 * (losses[0] ?? 0))
      const after = Array.from(layer.getWeights()[0]?.dataSync() ?? [])
      const changed = new Set(after.flatMap((value, i) => (value === before[i] ? [] : [Math.floor(i / 16)])))
      expect([...changed].sort((a, b) => a - b)).toEqual([1, 7, ids[1]])
    })

    it('is saved and made again as itself', async () => {
      const model = tfl.sequential({ layers: [new Embedding({ inputDim: V, outputDim: 2, maskZero: true })] })
      let saved: tf.io.ModelArtifacts | undefined
      await model.save(
        tf.io.withSaveHandler((artifacts) => {
          saved = artifacts
          return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } })
        }),
      )
      if (!saved) throw new Error('not saved')
      const again = await tfl.loadLayersModel(tf.io.fromMemory(saved))
      expect(again.layers.at(-1)).toBeInstanceOf(Embedding)
      expect(again.layers.at(-1)?.getConfig()).toMatchObject({ inputDim: V, outputDim: 2, maskZero: true })
      const ids = tf.tensor2d([0, 4, 2], [1, 3])
      expect((again.predict(ids) as tf.Tensor).dataSync()).toEqual((model.predict(ids) as tf.Tensor).dataSync())
    })

    it('names a number that is not in the table', () => {
      expect(() => lookUp(new Embedding({ inputDim: V, outputDim: 2 }), tf.tensor2d([V], [1, 1]))).toThrow(
        'the index value 5 is not in [0, 4]',
      )
    })
  })
})
