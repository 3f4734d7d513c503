import '@tensorflow/tfjs-backend-cpu'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import { nativeStatus } from '@weft/kernels'
import { beforeAll, describe, expect, it } from 'vitest'
import { setupRuntime } from '@weft/core/runtime'
import { Trainer } from '@weft/core/training'
import { loadModel, saveModel } from '@weft/core/models'
import { buildLstmAutoencoder } from './networks.js'

beforeAll(async () => {
  await setupRuntime({ device: nativeStatus().available ? 'native' : 'cpu' })
})

/** Waves of a period of 8 steps at several phases, and their cosines beside them. [N, 12, 2] */
const waves = (phases: number[], period = 8) =>
  tf.tensor(
    phases.flatMap((phase) =>
      Array.from({ length: 24 }, (_, i) =>
        Math.sin(phase + (i % 2) * 1.57 + (Math.floor(i / 2) * 2 * Math.PI) / period),
      ),
    ),
    [phases.length, 12, 2],
  )
const build = () => buildLstmAutoencoder({ columns: 2, window: 12, units: 4, seed: 3 })
const errorOf = (model: tfl.LayersModel, x: tf.Tensor) =>
  tf.mean(tf.squaredDifference(model.predict(x) as tf.Tensor, x)).dataSync()[0] ?? NaN

describe('the LSTM autoencoder', () => {
  it('gives back what it has learnt, better than what is unlike it, and so after saving and loading', async () => {
    const model = build()
    const x = waves(Array.from({ length: 16 }, (_, i) => i))
    const trainer = new Trainer(model, { loss: 'meanSquaredError', learningRate: 0.02 })
    const losses = Array.from({ length: 120 }, () => trainer.step({ x, y: x }))
    trainer.dispose()
    expect(losses.at(-1)).toBeLessThan(0.3 * (losses[0] ?? 0))
    expect(errorOf(model, waves([0.5, 2.5], 3))).toBeGreaterThan(3 * errorOf(model, waves([0.5, 2.5])))

    const dir = mkdtempSync(join(tmpdir(), 'weft-autoencoder-'))
    await saveModel(model, dir)
    expect(errorOf((await loadModel(dir)).model, x)).toBe(errorOf(model, x))
    rmSync(dir, { recursive: true })
  })
  it('narrows to the vector and widens again', () => {
    const model = build()
    const shapes = model.layers.map((layer) => [layer.name, ...(layer.outputShape as number[]).slice(1)])
    expect(shapes.slice(1)).toEqual([
      ['encoder', 4],
      ['code', 12, 4],
      ['decoder', 12, 8],
      ['row', 12, 2],
    ])
  })
  it('says what is wrong', () => {
    expect(() => buildLstmAutoencoder({ columns: 1, window: 4, units: 0, seed: 1 })).toThrow(
      "building a detector's network: expected a whole number of at least 1 for units, received 0",
    )
  })
})
