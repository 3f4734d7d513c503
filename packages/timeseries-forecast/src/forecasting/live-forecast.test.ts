import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LiveForecast } from './live-forecast.js'
import { ForecastModel } from '../model.js'
import { predict } from '../predict.js'
import { readHolidays } from '../table/holidays.js'
import { FIXTURE_FORECAST, writeFixture } from '../testing/fixture-tables.js'
import { train } from '../train.js'

const ROWS = 200
const GAP = { from: 150, to: 153 }

let folder = ''
let data = ''
let model: ForecastModel
let holidays: ReadonlySet<number> | undefined
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-live-'))
  data = writeFixture(folder, { rows: ROWS, change: (value, row) => (row % 41 === 7 ? Number.NaN : value) })
  const lines = readFileSync(data, 'utf8').split('\n')
  lines.splice(1 + GAP.from, GAP.to - GAP.from)
  writeFileSync(data, lines.join('\n'))
  writeFileSync(at('holidays.csv'), '2024-01-06\n2024-01-08\n')
  await train({
    ...FIXTURE_FORECAST,
    data,
    out: at('run'),
    past: ['warmth'],
    features: ['difference(value,2)', 'rollingMean(warmth,5)'],
    calendar: ['hourOfDay', 'holiday'],
    holidays: at('holidays.csv'),
    missing: 'mask',
  })
  model = await ForecastModel.load(at('run'))
  holidays = await readHolidays(at('holidays.csv'))
})
afterAll(() => {
  model.network.dispose()
  rmSync(folder, { recursive: true })
})

/** The rows of the table as `update` takes them. */
function rowsOf(live: LiveForecast): { time: number; values: number[] }[] {
  const [header = '', ...lines] = readFileSync(data, 'utf8').trim().split('\n')
  const names = header.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    const cell = (name: string) => cells[names.indexOf(name)] ?? ''
    return {
      time: Date.parse(`${cell('time')}Z`),
      values: live.columns.map((name) => (cell(name) === '' ? Number.NaN : Number(cell(name)))),
    }
  })
}

describe('LiveForecast', () => {
  it('forecasts after a row what predict does of the table that ends there, gaps and holidays among them', async () => {
    const live = new LiveForecast(model, holidays)
    const text = readFileSync(data, 'utf8').trim().split('\n')
    const compared: number[] = []
    for (const [row, { time, values }] of rowsOf(live).entries()) {
      const forecasts = live.update(time, values)
      if (row < 23) expect(forecasts).toBeUndefined()
      // After the gap, within it, and elsewhere.
      if (![23, 60, 149, 150, 155, 170, 196].includes(row)) continue
      writeFileSync(at('until.csv'), `${text.slice(0, row + 2).join('\n')}\n`)
      const [predicted] = (await predict(at('until.csv'), { model: at('run') })).predictions
      expect(predicted?.rows).toHaveLength(6)
      predicted?.rows.forEach((one, lead) => {
        expect(forecasts?.mean[lead]).toBeCloseTo(one.forecast, 5)
        expect(forecasts?.lower?.[lead]).toBeCloseTo(one.lower ?? Number.NaN, 5)
        expect(forecasts?.upper?.[lead]).toBeCloseTo(one.upper ?? Number.NaN, 5)
      })
      compared.push(row)
    }
    expect(compared).toHaveLength(7)
  })

  it('says nothing after a row without a target, and begins anew after a gap longer than it looks back', () => {
    const live = new LiveForecast(model, holidays)
    const rows = rowsOf(live).slice(0, 40)
    for (const { time, values } of rows) live.push(time, values)
    expect(live.forecast()).toBeDefined()
    const [last] = rows.slice(-1)
    const hour = 3_600_000
    const after = (hours: number) => (last?.time ?? 0) + hours * hour
    expect(live.update(after(1), [Number.NaN, 1])).toBeUndefined()
    expect(live.update(after(2), [20, 1])).toBeDefined()
    expect(live.update(after(1000), [20, 1])).toBeUndefined()
  })

  it('refuses rows out of order or off the grid, which then change nothing', () => {
    const [plain, tried] = [new LiveForecast(model, holidays), new LiveForecast(model, holidays)]
    const rows = rowsOf(plain).slice(0, 30)
    for (const [row, { time, values }] of rows.entries()) {
      plain.push(time, values)
      tried.push(time, values)
      if (row < 20) continue
      expect(() => tried.push(time, values)).toThrow('expected a time after')
      expect(() => tried.push(time + 1_000_000, values)).toThrow('expected rows hourly')
      expect(tried.forecast()).toEqual(plain.forecast())
    }
  })
})
