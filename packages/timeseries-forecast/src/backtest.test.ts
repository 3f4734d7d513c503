import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backtest, backtestLines, type BacktestResult } from './backtest.js'
import type { GivenTrainOptions } from './options.js'
import { FIXTURE_FORECAST, fixtureTime, writeFixture } from './testing/fixture-tables.js'

const ROWS = 300
/** 0.4 of 300 rows in three folds of 40 rows. */
const STARTS = [180, 220, 260]
const OPTIONS = { ...FIXTURE_FORECAST, keep: 'last', testShare: 0.4, folds: 3 } satisfies GivenTrainOptions & {
  folds: number
}

let folder = ''
let data = ''
let result: BacktestResult
const notes: string[] = []
const at = (...names: string[]) => join(folder, ...names)
const weights = (run: string, fold: number) => readFileSync(at(run, `fold-${fold}`, 'model', 'weights.bin'))

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-backtest-'))
  data = writeFixture(folder, { rows: ROWS })
  const given = { ...OPTIONS, data, out: at('run'), paperTrade: true, costBasisPoints: 5 }
  result = await backtest(given, { note: (line) => notes.push(line) })
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

describe('backtest', () => {
  it('judges stretches that lie side by side in time, each by what was trained before it', () => {
    expect(result.folds.map(({ test }) => test?.items.length)).toEqual([35, 35, 35])
    result.folds.forEach(({ test, items }, fold) => {
      const rows = test?.lines[0]?.residuals.rows ?? new Uint32Array(0)
      expect(rows[0]).toBe(STARTS[fold])
      // The last horizon ends with the stretch.
      expect(rows.at(-1)).toBe((STARTS[fold] ?? 0) + 40 - 6)
      expect(items.test).toBe(35)
    })
    expect(notes.filter((note) => note.startsWith('Fold'))).toEqual(
      STARTS.map((start, fold) => `Fold ${fold + 1} of 3: judged from ${fixtureTime(start).slice(0, 16)} on.`),
    )
  })

  it('sees nothing of the future of a fold: other rows from its end on change nothing of its weights or scales', async () => {
    const changed = writeFixture(
      folder,
      { rows: ROWS, change: (value, row) => (row < 220 ? value : 90 - 4 * value) },
      'changed.csv',
    )
    await backtest({ ...OPTIONS, data: changed, out: at('changed') })
    for (const fold of [1, 2]) {
      expect(weights('changed', fold).equals(weights('run', fold))).toBe(true)
      const about = (run: string) =>
        JSON.parse(readFileSync(at(run, `fold-${fold}`, 'model', 'weft.json'), 'utf8')).series
      expect(about('changed')).toEqual(about('run'))
    }
    expect(weights('changed', 3).equals(weights('run', 3))).toBe(false)
  })

  it('pools the folds to one judgement: means over all windows', () => {
    const [pooled] = result.judgement.lines
    const folds = result.folds.flatMap(({ test }) => test?.lines ?? [])
    expect(result.judgement.items.length).toBe(105)
    expect(pooled?.model.figures.count).toBe(105 * 6)
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    // Folds are equally long, so that the mean over all is the mean of theirs.
    expect(pooled?.model.figures.mae).toBeCloseTo(mean(folds.map(({ model }) => model.figures.mae)), 8)
    expect(pooled?.model.figures.mse).toBeCloseTo(mean(folds.map(({ model }) => model.figures.mse)), 8)
    expect(pooled?.baselines[0]?.figures.mae).toBeCloseTo(
      mean(folds.map(({ baselines }) => baselines[0]?.figures.mae ?? Number.NaN)),
      8,
    )
  })

  it('trades on paper by the first forecasts, and says what came of it', () => {
    const [paperTrades] = result.paperTrades
    const [line] = result.judgement.lines
    const values = line?.line.values ?? new Float64Array(0)
    // Worked again: long over a row when the forecast is above the close before it, 5 basis points for a change.
    let [growth, held] = [1, 0]
    line?.residuals.rows.forEach((row, i) => {
      const close = values[row - 1] ?? Number.NaN
      const position = (line.ahead[i] ?? Number.NaN) > close ? 1 : 0
      growth *= 1 - Math.abs(position - held) * 5e-4
      growth *= 1 + position * ((values[row] ?? Number.NaN) / close - 1)
      held = position
    })
    expect(paperTrades?.growth.strategy).toHaveLength(paperTrades?.times.length ?? -1)
    expect(paperTrades?.growth.strategy.at(-1)).toBeCloseTo(growth, 8)
    expect(backtestLines(result).join('\n')).toMatch(/Nothing here forecasts a price better|Better than the last price/)
  })

  it('leaves a report, a file of figures and the runs of the folds', () => {
    expect(existsSync(result.report)).toBe(true)
    const json = JSON.parse(readFileSync(at('run', 'backtest.json'), 'utf8'))
    expect(json.folds).toHaveLength(3)
    expect(json.items).toBe(105)
    for (const fold of [1, 2, 3]) expect(existsSync(at('run', `fold-${fold}`, 'report.html'))).toBe(true)
  })

  it('refuses folds that cannot be judged', async () => {
    const refused = (options: object) => expect(backtest({ ...OPTIONS, ...options, data, out: at('none') })).rejects
    await refused({ folds: 30 }).toThrow(
      'expected at least the 6 rows of --horizon in each fold for --folds, received "30, which leaves 4 of 120"',
    )
    await refused({ testShare: 0 }).toThrow('expected a share above 0 for --test-share')
    await refused({ testShare: 0.95 }).toThrow('folding a series')
    expect(existsSync(at('none'))).toBe(false)
  })
})
