import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LiveForecast } from './live-forecast.js'
import { ForecastModel } from '../model.js'
import { predict } from '../predict.js'
import { prepareEnd } from './series-end.js'
import { readTable } from '../table/read-table.js'
import { writeFixture } from '../testing/fixture-tables.js'
import { train } from '../train.js'

/** Window by window in float32, in another batch. */
const CLOSE = 5

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-forecast-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the end of a series', () => {
  it('is forecast alike from a table and from rows as they come, and shows no row after it', async () => {
    const data = writeFixture(folder, { rows: 300 })
    const out = join(folder, 'run')
    await train({
      ...{ data, out, network: 'gru', target: ['value'], past: ['warmth'], features: ['difference(value,24)'] },
      ...{ calendar: ['hourOfDay'], lookBack: 24, horizon: 6, units: 8, epochs: 1, missing: 'carry' },
    })
    const { predictions } = await predict(data, { model: out })
    const model = await ForecastModel.load(out)
    const live = new LiveForecast(model)
    const { series } = await readTable({ data, duplicates: 'error', unsorted: 'error' })
    const [one] = series
    if (one === undefined) throw new Error('no series')
    const row = (t: number) => live.columns.map((name) => one.columns.get(name)?.[t] ?? NaN)
    const forecasts = [...one.times].map((time, t) => live.update(time, row(t)))
    const mean = forecasts.at(-1)?.mean ?? []
    predictions[0]?.rows.forEach(({ forecast }, h) => {
      expect(mean[h]).toBeCloseTo(forecast, CLOSE)
    })

    const whole = { ...one, columns: new Map([...one.columns, ['difference(value,24)', new Float64Array(300)]]) }
    const ahead = one.times.subarray(200, 206)
    const { length, past, future, futureColumns } = prepareEnd(model, whole, 200, ahead)
    expect([length, future.length]).toEqual([24, (24 + 6) * futureColumns.length])
    const changed = new Map(
      [...whole.columns].map(([name, values]) => [name, values.map((v, t) => (t < 200 ? v : NaN))]),
    )
    expect(prepareEnd(model, { ...whole, columns: changed }, 200, ahead).past).toEqual(past)
    model.network.dispose()
  })
})
