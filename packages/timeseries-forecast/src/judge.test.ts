import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@weft/kernels/tfjs-core'
import { writeFileAtomic } from '@weft/core/files'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ArimaForecaster } from './baselines/arima.js'
import { TrainedBaselines } from './baselines/trained-baselines.js'
import type { ForecastSet } from './forecasting/forecast-set.js'
import { judgeForecasts } from './judge.js'
import type { Judgement } from './judging/judgement.js'
import { judgementJson } from './judging/judgement-io.js'
import { pool } from './judging/pool.js'
import { ForecastModel } from './model.js'
import { readTableForModel } from './forecasting/table-for-model.js'
import { FIXTURE_FORECAST, fixtureTime } from './testing/fixture-tables.js'
import { train } from './train.js'

const ROWS = 200
const HORIZON = 3
const SEASON = 4
/** What each key's series adds to the other's scale. */
const SCALE: Readonly<Record<string, number>> = { small: 1, large: 100 }
/** A wave with a trend that no rounding touches. */
const valueOf = (key: string, row: number) => (SCALE[key] ?? 0) * ((row % 7) + Math.floor(row / 50))

let folder = ''
let model: ForecastModel
let set: ForecastSet
const origins = [Uint32Array.of(160, 165, 171), Uint32Array.of(170, 180)]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-judge-'))
  const data = join(folder, 'table.csv')
  const lines = ['large', 'small'].flatMap((key) =>
    Array.from({ length: ROWS }, (_, row) => `${fixtureTime(row)},${key},${valueOf(key, row)}`),
  )
  writeFileAtomic(data, `time,key,value\n${lines.join('\n')}\n`)
  const out = join(folder, 'run')
  await train({ ...FIXTURE_FORECAST, data, out, key: ['key'], network: 'nlinear', horizon: HORIZON, season: SEASON })
  model = await ForecastModel.load(out)
  // A network that says 0 forecasts the last value, one that says 1 a deviation above it.
  model.network.setWeights(model.network.getWeights().map((weight) => tf.zerosLike(weight)))
  set = (await readTableForModel(model, data)).set
})
afterAll(() => {
  model.network.dispose()
  rmSync(folder, { recursive: true })
})

const baselinesOf = (specs: string[]) => new TrainedBaselines(specs, { season: SEASON })
const judgeAll = (specs: string[], at = origins, baselines = baselinesOf(specs)) =>
  judgeForecasts(model, set, at, { horizon: HORIZON, batchSize: 2, season: SEASON, baselines, coverage: 0.9 })

/** Errors of the last value, window by window. */
const errorsOf = (key: string, at: Uint32Array) =>
  Array.from(at, (origin) =>
    Array.from({ length: HORIZON }, (_, h) => valueOf(key, origin + h) - valueOf(key, origin - 1)),
  )
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('judgeForecasts', () => {
  let judgement: Judgement
  beforeAll(async () => {
    judgement = await judgeAll(['last', 'seasonal'])
  })

  it('gives each series its figures, in its own units', () => {
    expect(judgement.items.length).toBe(5)
    expect(judgement.lines.map(({ line }) => line.key)).toEqual(['large', 'small'])
    judgement.lines.forEach(({ line, model: own }, s) => {
      const errors = errorsOf(line.key, origins[s] ?? new Uint32Array(0))
      expect(own.figures.count).toBe(errors.length * HORIZON)
      expect(own.figures.mae).toBeCloseTo(mean(errors.flat().map(Math.abs)), 3)
      expect(own.figures.mse).toBeCloseTo(mean(errors.flat().map((error) => error ** 2)), 1)
      expect(own.byLead.map(({ mae }) => mae)).toHaveLength(HORIZON)
      own.byLead.forEach(({ mae }, h) => expect(mae).toBeCloseTo(mean(errors.map((one) => Math.abs(one[h] ?? 0))), 3))
      const training = Array.from({ length: line.trained - SEASON }, (_, row) =>
        Math.abs(valueOf(line.key, row + SEASON) - valueOf(line.key, row)),
      )
      expect(own.figures.mase).toBeCloseTo(own.figures.mae / mean(training), 5)
    })
  })

  it('finds a model that says the last value to be no better than it, and gives its residuals', () => {
    for (const [s, { line, model: own, baselines, residuals, ahead }] of judgement.lines.entries()) {
      expect(baselines.map(({ name }) => name)).toEqual(['last value', `seasonal last value (${SEASON})`])
      expect(baselines[0]?.figures.mae).toBeCloseTo(own.figures.mae, 3)
      expect([...residuals.rows]).toEqual([...(origins[s] ?? [])])
      residuals.rows.forEach((row, at) => {
        expect(ahead[at]).toBeCloseTo(valueOf(line.key, row - 1), 3)
        expect(residuals.values[at]).toBeCloseTo(valueOf(line.key, row) - valueOf(line.key, row - 1), 3)
      })
    }
  })

  it('standardises by the deviations of the training part, so that series weigh alike', () => {
    const deviations = judgement.lines.map(({ line }) => {
      const values = Array.from({ length: line.trained }, (_, row) => valueOf(line.key, row))
      return Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)))
    })
    const all = judgement.lines.flatMap(({ line }, s) =>
      errorsOf(line.key, origins[s] ?? new Uint32Array(0))
        .flat()
        .map((error) => error / (deviations[s] ?? 1)),
    )
    const [own, last] = judgement.standardised
    expect(own?.mae).toBeCloseTo(mean(all.map(Math.abs)), 5)
    expect(own?.mse).toBeCloseTo(mean(all.map((error) => error ** 2)), 5)
    expect(last?.mae).toBeCloseTo(own?.mae ?? 0, 5)
    expect(judgement.verdict).toBeUndefined() // several series have verdicts of their own
  })

  it('leaves out a series that has no window, and judges without baselines', async () => {
    const some = await judgeAll([], [origins[0] ?? new Uint32Array(0), new Uint32Array(0)])
    expect(some.lines.map(({ line }) => line.key)).toEqual(['large'])
    expect(some.lines[0]?.verdict).toBeUndefined()
    expect(some.standardised.map(({ name }) => name)).toEqual(['model'])
  })

  it('judges two parts with baselines that were trained once as with two of them', async () => {
    const specs = ['last', 'seasonal', 'drift', 'mean', 'ar(1)']
    const shared = baselinesOf(specs)
    const train = vi.spyOn(ArimaForecaster.prototype, 'train')
    const [first, second] = [await judgeAll(specs, origins, shared), await judgeAll(specs, origins, shared)]
    expect(train).toHaveBeenCalledTimes(set.lines.length)
    train.mockRestore()
    expect(second).toEqual(first)
    expect(await judgeAll(specs)).toEqual(first)
  })

  it('is one JSON object, with intervals of the model and of the baselines', () => {
    const json = JSON.parse(JSON.stringify(judgementJson(judgement)))
    expect(json.items).toBe(5)
    expect(json.lines[1]).toMatchObject({ series: 'small', target: 'value' })
    const [model, baseline] = [json.lines[0], json.lines[0].baselines[0]]
    // Where the middle of the three quantiles is the forecast, half its absolute error is a third of their pinball loss.
    expect(model.pinball).toBeGreaterThan(model.mae / 6)
    // A last value has normal intervals by how it erred in the training part.
    expect(baseline.pinball).toBeGreaterThan(baseline.mae / 6)
    expect(baseline.coverage).toBeGreaterThan(0)
    expect(JSON.stringify(judgementJson({ ...judgement, standardised: [] }))).not.toContain('NaN')
  })

  it('pools folds: every value counts once, windows stay side by side', async () => {
    const folds = [
      await judgeAll(['last'], [Uint32Array.of(160, 165), Uint32Array.of(170)]),
      await judgeAll(['last'], [Uint32Array.of(171), Uint32Array.of(180)]),
    ]
    const pooled = pool(folds)
    const whole = await judgeAll(['last'])
    pooled.lines.forEach((line, s) => {
      const wanted = whole.lines[s]
      expect(line.model.figures.count).toBe(wanted?.model.figures.count)
      expect(line.model.figures.mae).toBeCloseTo(wanted?.model.figures.mae ?? 0, 8)
      expect(line.model.figures.rmse).toBeCloseTo(wanted?.model.figures.rmse ?? 0, 8)
      expect([...line.residuals.rows]).toEqual([...(wanted?.residuals.rows ?? [])])
      expect([...line.model.losses.absolute]).toEqual([...(wanted?.model.losses.absolute ?? [])])
    })
    expect(pooled.items.length).toBe(5)
  })
})
