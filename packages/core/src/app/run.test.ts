import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveOptions } from '../cli/options.js'
import type { BatchSource } from '../data/batches.js'
import { setupRuntime } from '../runtime/device.js'
import { runFolderOptions, trainingOptions } from './options.js'
import type { ReportContent } from './report.js'
import { runTraining, type RunPlan } from './run.js'

let folder = ''
const at = (...names: string[]) => join(folder, ...names)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-run-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const options = (given: object = {}) =>
  resolveOptions({ ...trainingOptions, ...runFolderOptions }, { out: at('run'), epochs: 2, warmupEpochs: 0, ...given })

/** Two batches of y = x. */
const source = (): BatchSource => ({
  items: 2,
  batchesPerEpoch: 2,
  async *epoch(_, fromBatch = 0) {
    for (const value of [1, 2].slice(fromBatch)) yield { x: tf.tensor2d([[value]]), y: tf.tensor2d([[value]]) }
  },
})

const content: ReportContent<string> = {
  app: 'testing',
  noun: 'number',
  subtitle: 'numbers',
  figures: (judgement, part) => [{ label: part, value: judgement }],
  sections: async () => [],
}

interface TestModel {
  readonly name: string
  readonly network: tfl.LayersModel
  save(dir: string): Promise<void>
}

function planOf(calls: string[]): RunPlan<TestModel, readonly number[], string> {
  const network = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [1] })] })
  const modelOf = (name: string): TestModel => ({
    name,
    network,
    save: async (dir) => void calls.push(`save ${name} in ${dir}`),
  })
  return {
    model: modelOf('trained'),
    parts: { train: [1, 2, 3], validation: [4], test: [] },
    skipped: [],
    warnings: ['odd'],
    started: performance.now(),
    trainer: { loss: 'meanSquaredError', optimizer: 'sgd', learningRate: 0.01, seed: 1 },
    training: source(),
    validation: source(),
    judge: async ({ name }, items) => (calls.push(`judge ${name}`), items.join()),
    report: async () => content,
  }
}

describe('runTraining', () => {
  it('trains, saves, judges the parts that are there, writes the report, in this order', async () => {
    const runtime = await setupRuntime({ device: 'cpu' })
    const calls: string[] = []
    const result = await runTraining(planOf(calls), options(), runtime, {})
    expect(result).toMatchObject({
      stopped: false,
      epochs: 2,
      items: { train: 3, validation: 1, test: 0 },
      validation: '4',
      test: undefined,
      parameters: 2,
      warnings: ['odd'],
      report: at('run', 'report.html'),
    })
    expect(calls).toEqual([`save trained in ${at('run', 'model')}`, 'judge trained'])
    expect(readFileSync(at('run', 'report.html'), 'utf8')).toContain('Weft testing')
    expect(readFileSync(at('run', 'metrics.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2)
  })

  it('saves and judges the model that is made of the trained one', async () => {
    const runtime = await setupRuntime({ device: 'cpu' })
    const calls: string[] = []
    const plan = planOf(calls)
    await runTraining(
      { ...plan, finish: (model) => ({ ...model, name: 'calibrated', save: async () => void calls.push('save it') }) },
      options(),
      runtime,
      {},
    )
    expect(calls).toEqual(['save it', 'judge calibrated'])
  })

  it('leaves a run that was stopped as it is, to be resumed', async () => {
    const runtime = await setupRuntime({ device: 'cpu' })
    const calls: string[] = []
    const stop = new AbortController()
    const result = await runTraining(planOf(calls), options(), runtime, {
      signal: stop.signal,
      onEpoch: () => stop.abort(),
    })
    expect(result).toMatchObject({ stopped: true, epochs: 1, validation: undefined, report: undefined })
    expect(calls).toEqual([])
    expect(existsSync(at('run', 'report.html'))).toBe(false)
  })
})
