import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { evaluate } from './evaluate.js'
import type { GivenTrainOptions } from './options.js'
import { predict } from './predict.js'
import { writeFixture } from './testing/fixture-tables.js'
import { train } from './train.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-forecast-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const SMALL: GivenTrainOptions = {
  preset: 'energy',
  target: ['value'],
  lookBack: 48,
  horizon: 12,
  segmentLength: 12,
  units: 16,
  filters: [8],
  dropout: 0,
  batchSize: 64,
  epochs: 6,
  learningRate: 0.01,
  baselines: ['last', 'seasonal', 'mean'],
}

function lossesOf(run: string): number[] {
  const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trim().split('\n')
  return lines.map((line) => Number(JSON.parse(line).loss))
}

describe('train', () => {
  it.each([
    ['segment', {}],
    ['segment', { linear: false }],
    ['segment', { channels: 'joint', known: ['warmth'], calendar: ['hourOfDay'] }],
    ['lstm', { past: ['all'], layers: 2 }],
    ['gru', { bidirectional: true, missing: 'mask' }],
    ['cnn-lstm', { known: ['warmth'], intervals: 'gaussian' }],
    ['parallel', { past: ['warmth'], fusion: 'gated', intervals: 'quantiles' }],
    ['encoder-decoder', { known: ['warmth'] }],
    ['dlinear', { centre: 'none' }],
    ['nlinear', { known: ['warmth'], multiStep: 'recursive' }],
    ['lstm', { features: ['difference(value,24)', 'rollingMean(value,6)'], transform: 'log', scaling: 'robust' }],
  ] satisfies [GivenTrainOptions['network'], GivenTrainOptions][])(
    'learns with %s %j, and the saved model says the same',
    async (network, options) => {
      const data = writeFixture(folder, {
        rows: 600,
        ahead: 12,
        change: (value, row) => (row % 97 === 5 ? Number.NaN : value),
      })
      const out = join(folder, 'run')
      const result = await train({ ...SMALL, network, ...options, data, out })
      const losses = lossesOf(out)
      expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] ?? 0))
      expect(existsSync(result.report ?? '')).toBe(true)
      const [line] = result.test?.lines ?? []
      expect(line?.baselines.map(({ name }) => name)).toEqual(['last value', 'seasonal last value (24)', 'mean'])

      const again = await evaluate({ model: out, data, part: 'test' })
      expect(again.judgement.standardised).toEqual(result.test?.standardised)

      const { predictions } = await predict(data, { model: out })
      const [first] = predictions
      expect(first?.rows).toHaveLength(12)
      for (const { forecast, lower = Number.NaN, upper = Number.NaN } of first?.rows ?? []) {
        expect(lower).toBeLessThanOrEqual(forecast)
        expect(upper).toBeGreaterThanOrEqual(forecast)
      }
    },
  )

  it('forecasts several series by one network, each in its own units, whatever their order and number', async () => {
    const stations = ['north', 'south', 'west']
    const data = writeFixture(folder, { rows: 400, stations })
    const out = join(folder, 'run')
    const result = await train({ ...SMALL, data, key: ['station'], out })
    expect(result.test?.lines.map(({ line }) => line.key)).toEqual(stations)
    const whole = await predict(data, { model: out })
    const some = writeFixture(folder, { rows: 400, stations: ['west', 'north'] }, 'some.csv')
    const part = await predict(some, { model: out })
    for (const { series, rows } of part.predictions)
      expect(rows).toEqual(whole.predictions.find((one) => one.series === series)?.rows)
    const other = writeFixture(folder, { rows: 400, stations: ['west', 'east'] }, 'other.csv')
    await expect(predict(other, { model: out })).rejects.toThrow(
      'expected a series that the model was trained on (north, south, west), received east',
    )
  })

  it('sees nothing of the future: other rows after the training part change no weight and no scale', async () => {
    const plain = writeFixture(folder, { rows: 500 }, 'plain.csv')
    // 0.7 of 500 rows train.
    const changed = writeFixture(
      folder,
      { rows: 500, change: (v, row) => (row < 350 ? v : 100 - 7 * v) },
      'changed.csv',
    )
    const options = { ...SMALL, epochs: 2, keep: 'last' as const, past: ['warmth'] }
    for (const [name, data] of Object.entries({ plain, changed }))
      await train({ ...options, data, out: join(folder, name) })
    const weights = (name: string) => readFileSync(join(folder, name, 'model', 'weights.bin'))
    expect(weights('plain').equals(weights('changed'))).toBe(true)
    const scales = (name: string) => JSON.parse(readFileSync(join(folder, name, 'model', 'weft.json'), 'utf8')).series
    expect(scales('plain')).toEqual(scales('changed'))
  })
})

describe('what cannot be trained on', () => {
  const refused = (data: string, options: GivenTrainOptions = {}) =>
    expect(train({ ...SMALL, ...options, data, out: join(folder, 'run') })).rejects

  it('is a target that never changes, or is missing in all of the training part', async () => {
    await refused(writeFixture(folder, { rows: 300, change: () => 5 })).toThrow(
      'expected a target that varies for value, received 5 in all 210 rows of the training part',
    )
    await refused(writeFixture(folder, { rows: 300, change: (v, row) => (row < 250 ? Number.NaN : v) })).toThrow(
      'expected values in the training part for value, received "210 rows that are all missing"',
    )
  })

  it('is a series shorter than a window', async () => {
    await refused(writeFixture(folder, { rows: 70 })).toThrow(
      /expected at least 60 rows in the training part, received 49/,
    )
  })

  it('is a table whose target nobody named', async () => {
    const data = writeFixture(folder, { rows: 300 })
    await refused(data, { target: [] }).toThrow('expected the columns to forecast for --target, received "nothing"')
    await refused(data, { target: ['valeu'] }).toThrow('valeu')
  })

  it('is what will not be known, row by row', async () => {
    const data = writeFixture(folder, { rows: 300 })
    await refused(data, { past: ['warmth'], multiStep: 'recursive' }).toThrow(
      'expected only targets and columns known ahead for --past and --features, received "warmth"',
    )
  })
})

describe('predict', () => {
  it('refuses a horizon beyond what is known ahead, and a column that vanished', async () => {
    const data = writeFixture(folder, { rows: 400, ahead: 12 })
    const out = join(folder, 'run')
    await train({ ...SMALL, epochs: 1, data, known: ['warmth'], out })
    const short = writeFixture(folder, { rows: 395, ahead: 7 }, 'short.csv')
    await expect(predict(short, { model: out })).rejects.toThrow(
      /expected values for all rows of the horizon \(5 more\) for warmth, received "values up to 2024-01-17T10:00:00.000Z"/,
    )
    const without = join(folder, 'without.csv')
    const lines = readFileSync(data, 'utf8').trim().split('\n')
    const { writeFileAtomic } = await import('@weft/core/files')
    writeFileAtomic(without, `${lines.map((line) => line.split(',').slice(0, 2).join(',')).join('\n')}\n`)
    await expect(predict(without, { model: out })).rejects.toThrow(/warmth/)
  })
})
