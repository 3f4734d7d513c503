import '@tensorflow/tfjs-backend-cpu'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineOptions } from '../cli/options.js'
import { saveModel } from '../models/model-io.js'
import { loadSavedModel, pickOptions } from './saved-model.js'

const folder = mkdtempSync(join(tmpdir(), 'weft-saved-'))
const FORMAT = { app: 'audio-events', version: 1 }

beforeAll(async () => {
  await tf.setBackend('cpu')
  const network = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] })
  await saveModel(network, join(folder, 'run', 'model'), { ...FORMAT, labels: ['a', 'b'] })
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('loadSavedModel', () => {
  it('opens the model of a run, and the model itself', async () => {
    const dir = join(folder, 'run', 'model')
    for (const path of [join(folder, 'run'), dir]) {
      const loaded = await loadSavedModel(path, FORMAT)
      expect(loaded.dir).toBe(dir)
      expect(loaded.network.countParams()).toBe(8)
      expect(loaded.extras).toMatchObject({ labels: ['a', 'b'] })
    }
  })

  it('refuses another application’s model, and another version', async () => {
    const path = join(folder, 'run')
    await expect(loadSavedModel(path, { ...FORMAT, app: 'image-seq' })).rejects.toThrow(
      'expected a model of image-seq for app in weft.json, received "audio-events"',
    )
    await expect(loadSavedModel(path, { ...FORMAT, version: 2 })).rejects.toThrow('expected version 2')
  })
})

it('picks the options of a table, with defaults for those that are missing', () => {
  const table = defineOptions({
    hop: { type: 'integer', default: 10, help: 'step' },
    bands: { type: 'integer', default: 64, help: 'bands' },
  })
  expect(pickOptions({ hop: 5, epochs: 3 }, table)).toEqual({ hop: 5, bands: 64 })
})
