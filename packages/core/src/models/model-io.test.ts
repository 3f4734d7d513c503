import '@tensorflow/tfjs-backend-cpu'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LSTM } from '../layers/lstm.js'
import { inspectModel } from '../runtime/doctor.js'
import { expectNumbers } from '../testing/tensors.js'
import { buildCrnn, type CrnnOptions } from './crnn.js'
import { loadModel, saveModel } from './model-io.js'

const folder = mkdtempSync(join(tmpdir(), 'weft-model-'))
const place = (name: string) => join(folder, name)

beforeAll(async () => {
  await tf.setBackend('cpu')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const options: CrnnOptions = {
  inputShape: [10, 8, 1],
  convolutions: [{ filters: 3, pool: [2, 2], dropout: 0.1 }],
  recurrent: { units: 4, layers: 2, dropout: 0.1 },
  denseUnits: 6,
  head: { units: 5, dropout: 0.2 },
  seed: 5,
  l2: 0.01,
}
const input = () => tf.reshape(tf.linspace(-1, 1, 2 * 10 * 8), [2, 10, 8, 1])
const outputs = (model: tfl.LayersModel) => Array.from((model.predict(input()) as tf.Tensor).dataSync())
// Two backends or two orders of summation of the same float32 products.
const TOLERANCE = 1e-5
const expectClose = (actual: number[], wanted: number[]) => expectNumbers(actual, wanted, TOLERANCE)

describe('saveModel and loadModel', () => {
  it('give back the model, bit for bit, and the extras', async () => {
    const model = buildCrnn({ ...options, pooling: 'attention', padding: 0 })
    const extras = { app: 'audio-events', labels: ['a', 'b'], mean: [0.25, 1e-7] }
    await saveModel(model, place('all'), extras)
    expect(readdirSync(place('all')).sort()).toEqual(['model.json', 'weft.json', 'weights.bin'])
    const loaded = await loadModel(place('all'))
    expect(loaded.extras).toEqual(extras)
    expect(outputs(loaded.model)).toEqual(outputs(model))
    expect(loaded.model.layers.map((layer) => layer.constructor.name)).toEqual(
      model.layers.map((layer) => layer.constructor.name),
    )
    expect(loaded.model.weights.map((weight) => weight.originalName)).toEqual(
      model.weights.map((weight) => weight.originalName),
    )
    expect(loaded.model.calculateLosses()).toHaveLength(model.calculateLosses().length)
  })

  it('write what plain TensorFlow.js opens, with the same outputs', async () => {
    const model = buildCrnn(options)
    await saveModel(model, place('plain'))
    const script = join(dirname(fileURLToPath(import.meta.url)), 'fixtures', 'open-with-tensorflowjs.mjs')
    const printed = execFileSync(process.execPath, [script, place('plain')], { encoding: 'utf8' })
    expectClose(JSON.parse(printed) as number[], outputs(model))
    expect(inspectModel(place('plain'))).toMatchObject({ opensInTensorflowjs: true, notes: [] })
  })

  it('replace a model as a whole', async () => {
    const [first, second] = [buildCrnn(options), buildCrnn({ ...options, seed: 6 })]
    await saveModel(first, place('again'), { which: 1 })
    await saveModel(second, place('again'), { which: 2 })
    const loaded = await loadModel(place('again'))
    expect(loaded.extras).toEqual({ which: 2 })
    expect(outputs(loaded.model)).toEqual(outputs(second))
    expect(readdirSync(folder).filter((name) => name.startsWith('again'))).toEqual(['again'])
  })

  it('find the former model when a save was killed between its two renames', async () => {
    const model = buildCrnn(options)
    await saveModel(model, place('killed'))
    renameSync(place('killed'), place('killed.previous'))
    expect(outputs((await loadModel(place('killed'))).model)).toEqual(outputs(model))
    await saveModel(buildCrnn({ ...options, seed: 6 }), place('killed'))
    expect(existsSync(place('killed.previous'))).toBe(false)
  })

  it('keep a frozen layer frozen', async () => {
    const model = buildCrnn(options)
    for (const name of ['conv_1', 'norm_1', 'bilstm_1']) model.getLayer(name).trainable = false
    const names = model.trainableWeights.map((weight) => weight.originalName)
    await saveModel(model, place('frozen'))
    expect((await loadModel(place('frozen'))).model.trainableWeights.map((weight) => weight.originalName)).toEqual(
      names,
    )
  })

  it('say what is wrong with a folder', async () => {
    await expect(loadModel(place('nothing'))).rejects.toThrow(
      'loading a model: expected a folder that holds model.json for the model',
    )
    mkdirSync(place('mine'))
    writeFileSync(place('mine/notes.txt'), 'mine')
    await expect(saveModel(buildCrnn(options), place('mine'))).rejects.toThrow(
      'expected a folder that is empty or holds only a model',
    )
    expect(readdirSync(place('mine'))).toEqual(['notes.txt'])

    await saveModel(buildCrnn(options), place('cut'))
    truncateSync(place('cut/weights.bin'), 100)
    await expect(loadModel(place('cut'))).rejects.toThrow(/bytes for the weights beside .*, received 100/)
    writeFileSync(place('cut/model.json'), '{"modelTopology": {')
    await expect(loadModel(place('cut'))).rejects.toThrow(/reading .*model.json/)
    writeFileSync(place('cut/model.json'), '{"weightsManifest": []}')
    await expect(loadModel(place('cut'))).rejects.toThrow('expected a modelTopology')
  })

  it('name a layer that nobody knows', async () => {
    await saveModel(buildCrnn(options), place('unknown'))
    const path = place('unknown/model.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"MaxPooling2D"', '"Mystery"'))
    await expect(loadModel(place('unknown'))).rejects.toThrow('Unknown layer: Mystery')
    const facts = inspectModel(place('unknown'))
    expect(facts.opensInTensorflowjs).toBe(false)
    expect(facts.notes).toEqual(['neither TensorFlow.js nor Weft has Mystery'])
  })
})

describe('inspectModel', () => {
  it('lists the layers and who knows them', async () => {
    await saveModel(buildCrnn({ ...options, pooling: 'attention', padding: 0 }), place('inspected'))
    const facts = inspectModel(place('inspected'))
    expect(facts.opensInTensorflowjs).toBe(false)
    expect(facts.layers).toContainEqual({ className: 'AttentionPooling1D', count: 1, origin: 'weft' })
    expect(facts.layers).toContainEqual({ className: LSTM.className, count: 2, origin: 'tensorflow.js' })
    expect(facts.layers.map((layer) => layer.className)).not.toContain('VarianceScaling')
    expect(facts.notes.join(' ')).toContain('only Weft has AttentionPooling1D')
    expect(facts.notes.join(' ')).toContain('masks')
  })
})
