import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { LayerNormalizationLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/normalization.js'
import { nativeCalls, nativeStatus, registerNativeBackend } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectTensors, normal } from '../testing/tensors.js'
import { LayerNormalization } from './layer-normalization.js'
import { registerLayers } from './register.js'

// Sums of a few dozen float32 values, divided by a deviation.
const TOLERANCE = 1e-5
const [B, T, C] = [3, 5, 7] as const

// Before ours is registered under its name.
const stock = tfl.layers.layerNormalization({ name: 'stock' } as LayerNormalizationLayerArgs)
const StockLayer = stock.constructor as new (args: LayerNormalizationLayerArgs) => tfl.layers.Layer

beforeAll(() => {
  registerNativeBackend()
  registerLayers()
})

const draw = (shape: number[], seed: number) => normal(shape, seed, { mean: 1, deviation: 2 })
const expectClose = (actual: unknown, wanted: unknown) => expectTensors(actual, wanted, TOLERANCE)

describe.each(['cpu', 'native'])('LayerNormalization on %s', (backend) => {
  const missing = backend === 'native' && !nativeStatus().available
  describe.skipIf(missing && process.env.WEFT_REQUIRE_NATIVE !== '1')('the layer', () => {
    beforeAll(async () => {
      expect(await tf.setBackend(backend)).toBe(true)
    })

    it.each<LayerNormalizationLayerArgs>([
      {},
      { epsilon: 0.5 },
      { center: false },
      { scale: false },
      { center: false, scale: false },
      { axis: [1, 2] },
      { axis: [-1] },
      { axis: 1 },
    ])('is that of TensorFlow.js: %j', (args) => {
      const layers = [new LayerNormalization({ ...args }), new StockLayer({ ...args })]
      const x = draw([B, T, C], 1)
      const outputs = layers.map((layer) => {
        layer.build([null, T, C])
        layer.setWeights(layer.weights.map((weight, i) => draw(weight.shape as number[], 2 + i)))
        return layer.apply(x)
      })
      expectClose(outputs[0], outputs[1])
      expect(layers[0]?.getConfig()).toEqual({ ...layers[1]?.getConfig(), name: layers[0]?.name })
    })

    it('is one kernel each way', () => {
      const layer = new LayerNormalization()
      layer.build([null, T, C])
      const count = () => [nativeCalls('LayerNorm'), nativeCalls('LayerNormGrad')]
      const before = count()
      const { grads } = tf.variableGrads(() => tf.sum(tf.square(layer.apply(draw([B, T, C], 1)) as tf.Tensor)))
      expect(Object.keys(grads)).toHaveLength(2)
      expect(count()).toEqual(before.map((calls) => calls + (backend === 'native' ? 1 : 0)))
    })

    it('passes a mask on', () => {
      const mask = tf.ones([B, T], 'bool')
      const layer = new LayerNormalization()
      expect(layer.computeMask(draw([B, T, C], 1), mask)).toBe(mask)
    })

    it('is the same from its configuration, and in a saved model', async () => {
      const layer = new LayerNormalization({ epsilon: 0.01, name: 'norm', gammaInitializer: 'zeros' })
      const model = tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [T, C] }), layer] })
      layer.setWeights([draw([C], 2), draw([C], 3)])
      const saved: tf.io.ModelArtifacts[] = []
      await model.save({ save: (artifacts) => (saved.push(artifacts), Promise.resolve({} as tf.io.SaveResult)) })
      const loaded = await tfl.loadLayersModel({ load: () => Promise.resolve(saved[0] ?? {}) })
      expect(loaded.getLayer('norm')).toBeInstanceOf(LayerNormalization)
      expect(loaded.getLayer('norm').getConfig()).toEqual(layer.getConfig())
      expectClose(loaded.predict(draw([B, T, C], 1)), model.predict(draw([B, T, C], 1)))
    })

    it('leaves no tensor behind', () => {
      const layer = new LayerNormalization()
      const x = draw([B, T, C], 1)
      tf.dispose(layer.apply(x) as tf.Tensor)
      const before = tf.memory().numTensors
      tf.dispose(layer.apply(x) as tf.Tensor)
      expect(tf.memory().numTensors).toBe(before)
    })
  })
})
