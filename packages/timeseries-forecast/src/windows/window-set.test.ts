import { Random } from '@weft/core/runtime'
import { describe, expect, it } from 'vitest'
import { countGaps } from './fill-gaps.js'
import type { PreparedSeries } from './prepared-series.js'
import type { WindowSetOptions } from './part-origins.js'
import { WindowSet } from './window-set.js'

/** Rows of `past` and of `future`, the first `targets` columns being targets. */
function prepared(past: number[][], future: number[][] = past.map(() => []), targets = 1, key = ''): PreparedSeries {
  const [rows, columns] = [Float32Array.from(past.flat()), past[0] ?? []]
  return {
    key,
    times: Float64Array.from(past, (_, t) => t * 1000),
    length: past.length,
    past: rows,
    gaps: countGaps(rows, columns.length),
    pastColumns: columns.map((_, column) => `p${column}`),
    targets,
    future: Float32Array.from(future.flat()),
    futureColumns: (future[0] ?? []).map((_, column) => `f${column}`),
  }
}

const column = (...values: number[]) => values.map((value) => [value])
const whole = (series: readonly PreparedSeries[], options: WindowSetOptions) =>
  WindowSet.ofParts(
    series,
    series.map(({ length }) => ({ from: 0, to: length })),
    options,
  )
const lists = (gathered: ReturnType<WindowSet['gather']>) =>
  Object.fromEntries(Object.entries(gathered).map(([name, values]) => [name, Array.from<number>(values)]))

describe('WindowSet', () => {
  it('cuts windows of two columns with what is known in advance', () => {
    const series = prepared(
      [
        [1, 10],
        [2, 20],
        [3, 30],
        [4, 40],
        [5, 50],
      ],
      column(-1, -2, -3, -4, -5, -6),
    )
    const windows = whole([series], { lookBack: 2, horizon: 2 })
    expect(windows).toMatchObject({ length: 2, leftOut: 0, inputs: 2, futureInputs: 1, targets: 1, seriesCount: 1 })
    expect(lists(windows.gather([1, 0]))).toEqual({
      past: [2, 20, 3, 30, 1, 10, 2, 20],
      future: [-4, -5, -3, -4],
      series: [0, 0],
      y: [4, 5, 3, 4],
      offsets: [0, 0],
    })
    expect(windows.locate(1)).toEqual({ series: 0, channel: 0, origin: 3 })
    expect([...windows.originsOf(0)]).toEqual([2, 3])
  })

  it('makes each target a series of its own beside the other columns', () => {
    const rows = [
      [1, 10, 7],
      [2, 20, 8],
      [3, 30, 9],
    ]
    const windows = whole([prepared(rows, undefined, 2, 'a'), prepared(rows, undefined, 2, 'b')], {
      lookBack: 2,
      horizon: 1,
      channels: 'independent',
      centring: 'last',
    })
    expect(windows).toMatchObject({ length: 4, inputs: 2, targets: 1, seriesCount: 4 })
    expect(lists(windows.gather([3, 0]))).toEqual({
      past: [-10, 7, 0, 8, -1, 7, 0, 8],
      future: [],
      series: [3, 0],
      y: [10, 1],
      offsets: [20, 2],
    })
    expect(windows.locate(3)).toEqual({ series: 1, channel: 1, origin: 2 })
  })

  it('centres targets alone, on the last value or on the mean of the look-back, and says by how much', () => {
    const series = prepared([
      [1, 5],
      [3, 6],
      [8, 7],
      [10, 8],
    ])
    const last = whole([series], { lookBack: 3, horizon: 1, centring: 'last' }).gather([0])
    expect([...last.past]).toEqual([-7, 5, -5, 6, 0, 7])
    expect([...last.y, ...last.offsets]).toEqual([2, 8])
    const mean = whole([series], { lookBack: 3, horizon: 1, centring: 'mean' }).gather([0])
    expect([...mean.past]).toEqual([-3, 5, -1, 6, 4, 7])
    expect([...mean.y, ...mean.offsets]).toEqual([6, 4])
  })

  it('fills gaps of a look-back from its own values, and none of the truth', () => {
    const series = prepared(column(0, NaN, 2, NaN, NaN, 6, NaN), column(1, 1, 1, 1, NaN, 3, NaN))
    const windows = whole([series], { lookBack: 4, horizon: 3 })
    expect(lists(windows.gather([0]))).toMatchObject({ past: [0, 1, 2, 2], y: [NaN, 6, NaN], future: [3, 3, 3] })
    const carried = whole([series], { lookBack: 3, horizon: 1, filling: 'carry' })
    expect([...carried.originsOf(0)]).toEqual([5])
    expect([...carried.gather([0]).past]).toEqual([2, 2, 2])
  })

  it('centres on the last known value where the look-back ends in a gap', () => {
    const series = prepared(column(1, 4, NaN, 9))
    const { past, y, offsets } = whole([series], { lookBack: 3, horizon: 1, centring: 'last' }).gather([0])
    expect([...past, ...y, ...offsets]).toEqual([-3, 0, 0, 5, 4])
  })

  it('leaves out windows without truth and counts them, for each channel when they are independent', () => {
    const rows = [
      [1, 1],
      [2, NaN],
      [NaN, NaN],
      [NaN, 4],
    ]
    const options = { lookBack: 1, horizon: 1 }
    const joint = whole([prepared(rows, undefined, 2)], options)
    expect([...joint.originsOf(0)]).toEqual([1, 3])
    expect(joint.leftOut).toBe(1)
    const apart = whole([prepared(rows, undefined, 2)], { ...options, channels: 'independent' })
    expect([...apart.originsOf(0)]).toEqual([1])
    expect([...apart.originsOf(0, 1)]).toEqual([3])
    expect(apart.leftOut).toBe(4)
  })

  it('looks back beyond the beginning of a part', () => {
    const windows = WindowSet.ofParts([prepared(column(1, 2, 3, 4))], [{ from: 2, to: 4 }], { lookBack: 2, horizon: 1 })
    expect([...windows.gather([0, 1]).past]).toEqual([1, 2, 2, 3])
  })

  it('forecasts what comes after a series', () => {
    const series = prepared(column(1, 2, 3), column(7, 8, 9, 10, 11))
    const windows = WindowSet.atOrigins([series], [[3]], { lookBack: 2, horizon: 2, centring: 'last' })
    expect(lists(windows.gather([0]))).toEqual({
      past: [-1, 0],
      future: [10, 11],
      series: [0],
      y: [NaN, NaN],
      offsets: [3],
    })
  })

  it('gathers the windows of any series at any origin as a plain copy would', () => {
    const random = new Random(5, 'windows')
    const [lookBack, horizon] = [4, 3]
    const series = [9, 7, 15, 6].map((length) =>
      prepared(Array.from({ length }, () => [random.next(), random.next(), random.next()])),
    )
    const windows = whole(series, { lookBack, horizon, stride: 2 })
    const places = random.permutation(windows.length)
    const { past, y } = windows.gather(places)
    places.forEach((place, b) => {
      const { series: s, origin } = windows.locate(place)
      const rows = series[s]?.past ?? new Float32Array(0)
      expect([...past.subarray(b * 12, b * 12 + 12)]).toEqual([...rows.subarray((origin - 4) * 3, origin * 3)])
      expect([...y.subarray(b * 3, b * 3 + 3)]).toEqual([0, 1, 2].map((h) => rows[(origin + h) * 3]))
    })
    expect(windows.length).toBe(2 + 1 + 5 + 0)
  })

  it('says what is wrong', () => {
    const options = { lookBack: 2, horizon: 2 }
    const short = prepared(column(1, 2, 3), column(7, 8, 9, 10), 1, 'north')
    expect(() => WindowSet.atOrigins([short], [[3]], options).gather([0])).toThrow(
      'gathering windows: expected 2 rows after the last of series north for the columns known in advance (f0), received 1',
    )
    expect(() => WindowSet.atOrigins([short], [[1]], options)).toThrow(
      'expected an origin from the look-back of 2 rows to the 3 rows there are for series north, received 1',
    )
    expect(() => whole([short], { lookBack: 1, horizon: 1 }).gather([2])).toThrow(
      'gathering windows: expected a number below 2 for window 0, received 2',
    )
    expect(() => whole([short, prepared(column(1))], options)).toThrow(
      'cutting windows: expected the columns p0; f0; 1 for the series, received "p0; ; 1"',
    )
    expect(() => whole([], options)).toThrow('cutting windows: expected at least 1 series, received none')
  })
})
