/**
 * Stations at places of a grid as one series whose rows are pictures, for networks that convolve over space (ConvLSTM). Where a station
 * stands is said by two of its columns, a row's and a column's number, which never change. Cells without a station are missing always.
 */
import { expected } from '@weft/core'
import type { Series, Step } from '../series.js'

export interface GridOptions {
  /** Column that holds the row of the grid, a whole number; the smallest is the first. */
  readonly row: string
  /** Column that holds the column of the grid. */
  readonly column: string
  /** Columns that the joint series has of each cell. */
  readonly values: readonly string[]
  /** What lies between two rows of the stations. */
  readonly step: Step
}

/** A joint series and its grid. */
export interface Grid {
  readonly series: Series
  /** Height H of the grid. */
  readonly rows: number
  /** Width W of the grid. */
  readonly columns: number
  /** For each of `values`, the names of its H · W columns, cell by cell, row by row: `PM2.5@Dongsi`, or `PM2.5@0,2` without a station. */
  readonly cells: ReadonlyMap<string, readonly string[]>
}

const DOING = 'laying out a grid'

/**
 * Joins stations on all times that one of them has (with a step in ms, on all from the first to the last).
 *
 * @throws UserError when two stations share a cell, a place changes or is no whole number, a column is missing, or times do not fit
 * one axis.
 */
export function pivotGrid(stations: readonly Series[], options: GridOptions): Grid {
  const places = stations.map((station) => [placeOf(station, options.row), placeOf(station, options.column)] as const)
  if (places.length === 0) throw expected(DOING, 'at least 1', 'stations', 0)
  const least = (at: 0 | 1) => places.reduce((least, place) => Math.min(least, place[at]), Infinity)
  const size = (at: 0 | 1) => places.reduce((most, place) => Math.max(most, place[at]), -Infinity) - least(at) + 1
  const [top, left, rows, columns] = [least(0), least(1), size(0), size(1)]
  const byCell = new Map<number, Series>()
  places.forEach(([row, column], at) => {
    const cell = (row - top) * columns + column - left
    const station = stations[at]
    const other = byCell.get(cell)
    if (other !== undefined)
      throw expected(DOING, 'one station', `cell ${row},${column}`, `${other.key}, ${station?.key}`)
    if (station !== undefined) byCell.set(cell, station)
  })
  const times = jointTimes(stations, options.step)
  const joint = new Map<string, Float64Array>()
  const cells = new Map<string, string[]>()
  for (const name of options.values) {
    const names = Array.from({ length: rows * columns }, (_, cell) => {
      const station = byCell.get(cell)
      const place = `${top + Math.floor(cell / columns)},${left + (cell % columns)}`
      const joined = `${name}@${station?.key ?? place}`
      joint.set(joined, station ? onTimes(times, station, columnOf(station, name)) : times.map(() => NaN))
      return joined
    })
    cells.set(name, names)
  }
  return { series: { key: '', times, columns: joint }, rows, columns, cells }
}

function columnOf({ columns, key }: Series, name: string): Float64Array {
  const values = columns.get(name)
  if (values === undefined) throw expected(DOING, `the column ${name}`, `series ${key}`, [...columns.keys()])
  return values
}

/** The one whole number that a column holds. */
function placeOf(station: Series, name: string): number {
  const values = columnOf(station, name).filter((value) => !Number.isNaN(value))
  const [place = NaN] = values
  const wrong = Number.isInteger(place) ? values.find((value) => value !== place) : place
  if (wrong !== undefined) throw expected(DOING, 'one whole number', `${name} of series ${station.key}`, wrong)
  return place
}

function jointTimes(stations: readonly Series[], step: Step): Float64Array {
  const known = new Set(stations.flatMap(({ times }) => [...times]))
  const times = Float64Array.from(known).sort()
  if (step.unit !== 'ms') return times
  const [first = 0] = times
  for (const { times: own, key } of stations) {
    const other = own.find((time) => (time - first) % step.count !== 0)
    if (other === undefined) continue
    const what = `times ${step.count} ms apart from ${new Date(first).toISOString()} on`
    throw expected(DOING, what, `series ${key}`, new Date(other).toISOString())
  }
  const last = times[times.length - 1] ?? first
  return Float64Array.from({ length: (last - first) / step.count + 1 }, (_, t) => first + t * step.count)
}

/** A column at the times of the joint series, NaN where the station has none. */
function onTimes(times: Float64Array, station: Series, values: Float64Array): Float64Array {
  let at = 0
  return times.map((time) => {
    while ((station.times[at] ?? Infinity) < time) at++
    return station.times[at] === time ? (values[at] ?? NaN) : NaN
  })
}
