import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveOptions } from '../cli/options.js'
import { Labels } from '../data/labels.js'
import { classificationOptions, runFolderOptions, seedOption, trainingOptions } from './options.js'
import { openRunFolder } from './run-folder.js'
import { checkRunFolder, classWeights, optimisation, trainingBatches } from './training-options.js'

let folder = ''
const at = (...names: string[]) => join(folder, ...names)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-options-'))
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
      `resuming ${at('run')}: expected 60 as in the run begun there for --epochs, received "7"`,
    )
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
