import { describe, expect, it } from 'vitest'
import type { Series, Step } from '../series.js'
import { pivotGrid } from './pivot-grid.js'

const HOUR = 3_600_000
const step: Step = { unit: 'ms', count: HOUR }
function station(key: string, place: [number, number], from: number, values: number[]): Series {
  return {
    key,
    times: Float64Array.from(values, (_, t) => (from + t) * HOUR),
    columns: new Map([
      ['y', Float64Array.from(values, () => place[0])],
      ['x', Float64Array.from(values, (_, t) => (t === 1 ? NaN : place[1]))],
      ['pm', Float64Array.from(values)],
    ]),
  }
}
const options = { row: 'y', column: 'x', values: ['pm'], step }
const numbers = (values: Float64Array | undefined) => [...(values ?? [])]

describe('pivotGrid', () => {
  it('lays stations out row by row, empty cells missing, on all times', () => {
    const { series, rows, columns, cells } = pivotGrid(
      [station('a', [4, 3], 0, [1, 2]), station('b', [5, 2], 1, [5]), station('c', [4, 2], 3, [7])],
      options,
    )
    expect([rows, columns]).toEqual([2, 2])
    expect(cells.get('pm')).toEqual(['pm@c', 'pm@a', 'pm@b', 'pm@5,3'])
    expect(numbers(series.times)).toEqual([0, HOUR, 2 * HOUR, 3 * HOUR])
    expect([...series.columns.values()].map(numbers)).toEqual([
      [NaN, NaN, NaN, 7],
      [1, 2, NaN, NaN],
      [NaN, 5, NaN, NaN],
      [NaN, NaN, NaN, NaN],
    ])
  })

  it('joins all times that occur when rows have nothing but an order', () => {
    const apart = [station('a', [0, 0], 0, [1]), station('b', [0, 1], 9, [2])]
    expect(numbers(pivotGrid(apart, { ...options, step: { unit: 'row', count: 1 } }).series.times)).toEqual([
      0,
      9 * HOUR,
    ])
  })

  it('says what is wrong', () => {
    const a = station('a', [0, 0], 0, [1])
    expect(() => pivotGrid([a, station('b', [0, 0], 0, [1])], options)).toThrow(
      'laying out a grid: expected one station for cell 0,0, received "a, b"',
    )
    expect(() => pivotGrid([a, station('b', [0, 1], 0.5, [1])], options)).toThrow(
      'expected times 3600000 ms apart from 1970-01-01T00:00:00.000Z on for series b, received "1970-01-01T00:30:00.000Z"',
    )
    expect(() => pivotGrid([station('b', [0, 1.5], 0, [1])], options)).toThrow(
      'expected one whole number for x of series b',
    )
    expect(() => pivotGrid([a], { ...options, values: ['no'] })).toThrow('expected the column no for series a')
    expect(() => pivotGrid([], options)).toThrow('expected at least 1 for stations, received 0')
  })
})
