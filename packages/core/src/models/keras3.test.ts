import '@tensorflow/tfjs-backend-cpu'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@weft/kernels/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inspectModel } from '../runtime/doctor.js'
import { asKeras2, isKeras3, type Json } from './keras3.js'
import { loadModel, saveModel } from './model-io.js'

interface Values {
  shape: number[]
  values: number[]
}
interface Golden {
  cases: Record<string, { modelTopology: Json; weights: Record<string, Values>; input: Values; output: Values }>
}
const golden = JSON.parse(readFileSync(new URL('golden/keras3.json', import.meta.url), 'utf8')) as Golden

// The golden values are rounded to 6 decimals; both sides compute in float32.
const TOLERANCE = 5e-6

const folder = mkdtempSync(join(tmpdir(), 'weft-keras3-'))
beforeAll(async () => {
  await tf.setBackend('cpu')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Writes a case as a model folder, the way tensorflowjs_converter does: the topology as Keras made it. */
function write(name: string): string {
  const dir = mkdtempSync(join(folder, `${name}-`))
  const { modelTopology, weights } = golden.cases[name] ?? { modelTopology: {}, weights: {} }
  const specs = Object.entries(weights).map(([weight, { shape }]) => ({ name: weight, shape, dtype: 'float32' }))
  const values = Float32Array.from(Object.values(weights).flatMap((weight) => weight.values))
  writeFileSync(join(dir, 'weights.bin'), new Uint8Array(values.buffer))
  const weightsManifest = [{ paths: ['weights.bin'], weights: specs }]
  writeFileSync(join(dir, 'model.json'), JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }))
  return dir
}

describe('models saved by Keras 3', () => {
  it.each(Object.entries(golden.cases))('%s: the outputs of Keras', async (name, { input, output }) => {
    const dir = write(name)
    const { model } = await loadModel(dir)
    const y = model.predict(tf.tensor(input.values, input.shape)) as tf.Tensor
    expect(y.shape).toEqual(output.shape)
    y.dataSync().forEach((value, i) => expect(Math.abs(value - (output.values[i] ?? NaN))).toBeLessThan(TOLERANCE))
    expect(inspectModel(dir)).toMatchObject({ opensInTensorflowjs: false })
    expect(inspectModel(dir).notes.join(' ')).toContain('Keras 3')
  })
  it('are saved again in a form that plain TensorFlow.js opens', async () => {
    const { model } = await loadModel(write('crnn'))
    await saveModel(model, join(folder, 'again'))
    expect(inspectModel(join(folder, 'again'))).toMatchObject({ opensInTensorflowjs: true, notes: [] })
  })
  it('are refused where a name means another function', () => {
    const layer = {
      module: 'keras.layers',
      class_name: 'Dense',
      config: { units: 1, activation: 'hard_sigmoid' },
      registered_name: null,
    }
    expect(() => asKeras2(layer)).toThrow(
      'expected a function that TensorFlow.js has for activation, received "hard_sigmoid"',
    )
  })
  it('are told from those of Keras 2, which stay as they are', () => {
    const layer = {
      class_name: 'Dense',
      config: { units: 1, activation: 'hard_sigmoid', batch_input_shape: [null, 3] },
    }
    expect(isKeras3(layer)).toBe(false)
    expect(asKeras2(layer)).toBe(layer)
  })
})
