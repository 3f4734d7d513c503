import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '@tensorflow/tfjs-backend-cpu'
import * as tfl from '@tensorflow/tfjs-layers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveOptions } from '../cli/options.js'
import { Labels } from '../data/labels.js'
import { openRunFolder } from './run-folder.js'
import { runFolderOptions, seedOption, classificationOptions, trainingOptions } from './options.js'
import { checkRunFolder, classWeights, finishRun, optimisation, takeOver, trainingBatches } from './run.js'

let folder = ''
const at = (...names: string[]) => join(folder, ...names)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-run-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const specs = { ...trainingOptions, ...classificationOptions, ...seedOption, ...runFolderOptions }
const options = (given: object = {}) => resolveOptions(specs, { out: at('run'), ...given })
const item = (id: string, label: string) => ({ id, path: id, labels: [label], fields: {} })

describe('checkRunFolder', () => {
  const begin = (given: object = {}) =>
    openRunFolder(at('run'), { options: { ...options(given) }, versions: {}, device: 'cpu' })

  it('takes a new folder, an empty one, and nothing else', () => {
    checkRunFolder(options())
    mkdirSync(at('run'))
    checkRunFolder(options())
    begin()
    expect(() => checkRunFolder(options())).toThrow(/run/)
  })

  it('resumes with the same options but for those of the machine and the folder', () => {
    begin()
    checkRunFolder(options({ resume: true, checkpointSeconds: 5 }))
    expect(() => checkRunFolder(options({ resume: true, epochs: 7 }))).toThrow(
      `resuming ${at('run')}: expected 60, as the run began, for --epochs, received "7"`,
    )
  })
})

describe('takeOver', () => {
  const networkOf = (outputs: number) =>
    tfl.sequential({
      layers: [
        tfl.layers.dense({ units: 3, inputShape: [2], name: 'body' }),
        tfl.layers.dense({ units: outputs, name: 'head' }),
      ],
    })
  const weightsOf = (network: tfl.LayersModel, layer: string) =>
    network
      .getLayer(layer)
      .getWeights()
      .map((weight) => Array.from(weight.dataSync()))

  it('copies what agrees, freezes, and says so', async () => {
    const [source, network] = [networkOf(4), networkOf(2)]
    const body = weightsOf(source, 'body')
    const notes: string[] = []
    const load = async (path: string) => (expect(path).toBe('runs/old'), { network: source })
    await takeOver(network, { init: 'runs/old', freeze: 'all-but-head' }, load, { note: (line) => notes.push(line) })
    expect(notes).toEqual(['From runs/old: body; new: head; frozen: body.'])
    expect(weightsOf(network, 'body')).toEqual(body)
    expect(network.getLayer('body').trainable).toBe(false)
  })

  it('counts the outputs that mean the same', async () => {
    const notes: string[] = []
    const load = async () => ({ network: networkOf(3), outputs: [2, undefined] })
    await takeOver(networkOf(2), { init: 'old', freeze: 'none' }, load, { note: (line) => notes.push(line) })
    expect(notes).toEqual(['From old: body, head; outputs of the same name: 1 of 2.'])
  })

  it('refuses a model that has nothing in common, and freezing without one', async () => {
    const other = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [9], name: 'else' })] })
    const load = async () => ({ network: other })
    await expect(takeOver(networkOf(2), { init: 'old', freeze: 'none' }, load, {})).rejects.toThrow(
      'taking over old: expected layers of the same names and shapes, received none',
    )
    const refused = takeOver(networkOf(2), { init: undefined, freeze: 'cnn' }, load, {})
    await expect(refused).rejects.toThrow('expected a model to take the weights from for --init')
  })
})

describe('finishRun', () => {
  const trained = () => ({
    out: at('run'),
    network: tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] }),
    runtime: {
      device: 'cpu' as const,
      backend: 'cpu',
      threads: 1,
      reasons: [],
      versions: { weft: '0', tensorflowjs: '0', node: '0' },
    },
    stopped: false,
    epochs: [],
    bestEpoch: 4,
  })
  const parts = { train: [1, 2, 3], validation: [4], test: [] }
  const data = { parts, skipped: [], warnings: ['odd'], started: performance.now() }

  it('saves, then judges the parts that are there', async () => {
    const calls: string[] = []
    const model = { save: async (dir: string) => void calls.push(dir) }
    const judge = async (items: readonly number[]) => (calls.push('judge'), items.join())
    expect(await finishRun(trained(), data, model, judge)).toMatchObject({
      items: { train: 3, validation: 1, test: 0 },
      validation: '4',
      test: undefined,
      parameters: 8,
      bestEpoch: 4,
      warnings: ['odd'],
      report: at('run', 'report.html'),
    })
    expect(calls).toEqual([at('run', 'model'), 'judge'])
  })

  it('leaves a run that was stopped as it is', async () => {
    const never = async () => Promise.reject(new Error('it was stopped'))
    const result = await finishRun({ ...trained(), stopped: true }, data, { save: never }, never)
    expect(result).toMatchObject({ stopped: true, validation: undefined, report: undefined })
  })
})

describe('what options say of training', () => {
  it('leaves out what is off', () => {
    const off = optimisation(options({ clipNorm: 0, emaDecay: 0 }))
    expect(off).not.toHaveProperty('clipNorm')
    expect(off).not.toHaveProperty('emaDecay')
    expect(optimisation(options({ clipNorm: 2, emaDecay: 0.5, warmupEpochs: 1 }))).toMatchObject({
      clipNorm: 2,
      emaDecay: 0.5,
      schedule: { type: 'cosine', warmupEpochs: 1 },
    })
  })

  it('weighs or draws rare labels when asked', () => {
    const items = [item('1', 'a'), item('2', 'a'), item('3', 'a'), item('4', 'b')]
    const labels = Labels.of(['a', 'b'])
    expect(classWeights(labels, items, options())).toEqual({})
    const [a = 0, b = 0] = classWeights(labels, items, options({ balance: 'weights' })).classWeights ?? []
    expect(b / a).toBeCloseTo(3, 6)
    expect(trainingBatches(items, options({ balance: 'sampling' }))).toMatchObject({ balanced: true })
    expect(trainingBatches(items, options({ batchSize: 4 }))).toEqual({ batchSize: 4, seed: 1, dropRemainder: true })
    expect(trainingBatches(items, options({ batchSize: 5 }))).toMatchObject({ dropRemainder: false })
  })
})
