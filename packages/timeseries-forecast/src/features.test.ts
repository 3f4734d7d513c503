import { describe, expect, it } from 'vitest'
import { fillingOf, gappyColumns, type Layout, prepareSeries, restorerOf, transformTargets } from './features.js'
import { Scaler } from './series/scaling.js'
import type { Series } from './series/series.js'

const series: Series = {
  key: 'north',
  times: Float64Array.from([0, 1000, 2000]),
  columns: new Map([
    ['wind', Float64Array.from([10, NaN, 30])],
    ['load', Float64Array.from([1, Math.E, Math.E ** 2])],
    ['holiday', Float64Array.from([0, 1, 0])],
  ]),
}
const layout: Layout = { targets: ['load'], past: ['wind'], knownAhead: ['holiday'], missing: 'interpolate' }
const unscaled = Scaler.from(series.columns, [], { from: 0, to: 3 }, 'none')

describe('prepareSeries', () => {
  it('puts targets first, then past, then known columns, scaled, gaps left open', () => {
    const scaler = Scaler.from(series.columns, ['wind'], { from: 0, to: 3 }, 'standard')
    const prepared = prepareSeries(series, layout, scaler)
    expect(prepared).toMatchObject({ key: 'north', length: 3, targets: 1, pastColumns: ['load', 'wind', 'holiday'] })
    expect([...prepared.past]).toEqual([1, -1, 0, Math.fround(Math.E), NaN, 1, Math.fround(Math.E ** 2), 1, 0])
    expect([...prepared.future]).toEqual([0, 1, 0])
  })

  it('tells the network where values were missing', () => {
    expect(gappyColumns(series, layout, { from: 0, to: 3 })).toEqual(['wind'])
    expect(gappyColumns(series, layout, { from: 0, to: 1 })).toEqual([])
    // From row 1 on the wind is missing before its first value only.
    expect(gappyColumns(series, layout, { from: 1, to: 3 })).toEqual([])
    const prepared = prepareSeries(series, { ...layout, missing: 'mask', masked: ['wind'] }, unscaled)
    expect(prepared.pastColumns).toEqual(['load', 'wind', 'holiday', 'missing(wind)'])
    expect([3, 7, 11].map((at) => prepared.past[at])).toEqual([0, 1, 0])
  })

  it('takes known columns that go on after the last row', () => {
    const ahead = new Map([['holiday', Float64Array.from([0, 1, 0, 1, 1])]])
    const prepared = prepareSeries(series, layout, unscaled, ahead)
    expect([...prepared.future]).toEqual([0, 1, 0, 1, 1])
    expect([2, 5, 8].map((at) => prepared.past[at])).toEqual([0, 1, 0])
  })

  it('takes logarithms of targets, and gives forecasts back in the units of the table', () => {
    const logs: Layout = { ...layout, transform: 'log' }
    const columns = transformTargets(series, logs)
    const scaler = Scaler.from(columns, ['load'], { from: 0, to: 3 }, 'standard')
    const { past } = prepareSeries(series, logs, scaler)
    const scaled = [0, 3, 6].map((at) => past[at] ?? NaN)
    expect(scaled[1]).toBeCloseTo(0, 6)
    scaled.map(restorerOf('load', logs, scaler)).forEach((value, t) => {
      expect(value).toBeCloseTo(series.columns.get('load')?.[t] ?? NaN, 5)
    })
    expect([-1, 2].map(restorerOf('load', layout, unscaled))).toEqual([-1, 2])
  })

  it('says what is wrong', () => {
    expect(() => prepareSeries(series, { ...layout, past: ['rain'] }, unscaled)).toThrow(
      'preparing a series: expected the column rain for series north, received wind,load,holiday',
    )
    expect(() => transformTargets(series, { ...layout, targets: ['holiday'], transform: 'log' })).toThrow(
      'taking logarithms: expected a number above 0 for holiday in row 0 (1970-01-01T00:00:00.000Z) of series north, received 0',
    )
    expect(() => prepareSeries(series, layout, unscaled, new Map([['holiday', new Float64Array(2)]]))).toThrow(
      'expected the same number of rows (3 or more) for the columns known in advance (holiday), received 2',
    )
  })
})

describe('fillingOf', () => {
  it('draws lines unless values are to be carried forward', () => {
    expect((['interpolate', 'carry', 'mask'] as const).map(fillingOf)).toEqual(['interpolate', 'carry', 'interpolate'])
  })
})
