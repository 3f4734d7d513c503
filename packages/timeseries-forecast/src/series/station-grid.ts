/**
 * Stations at places of a grid as one series whose rows are pictures, for networks that convolve over space (ConvLSTM): a target for
 * each cell, and what is known ahead and the same everywhere. Where a station stands is said by two of its columns, a row's and a
 * column's number, which never change. Cells without a station are missing always.
 */
import { expected, UserError } from '@weft/core/errors'
import { flagOf, plural } from '@weft/core/cli'
import type { Layout } from '../features.js'
import type { ColumnOptions, ReadingOptions, WindowOptions } from '../options/data.js'
import type { NetworkOptions } from '../options/network.js'
import type { Series, Step, Table } from './series.js'

/** Where the stations of a model stand. */
export interface StationGrid {
  /** Height R of the grid. */
  readonly rows: number
  /** Width Q of the grid. */
  readonly columns: number
  /** Keys of the stations, cell by cell, row after row; null for a cell without one, [R · Q]. */
  readonly stations: readonly (string | null)[]
  /** The column of the stations that is forecast. */
  readonly target: string
}

type GridOptions = ReadingOptions & ColumnOptions & NetworkOptions & Pick<WindowOptions, 'channels'>

const DOING = 'laying out a grid'

/** The options of a run as its network needs them: the cells of a grid are always forecast together. */
export function optionsForGrid<O extends GridOptions>(options: O): O {
  const { network, gridRow, gridColumn } = options
  if (network === 'grid') return { ...options, channels: 'joint' }
  const [name] = [gridRow && ('gridRow' as const), gridColumn && ('gridColumn' as const)].filter((one) => !!one)
  if (name !== undefined) throw new UserError(`${DOING}: ${flagOf(name)} needs ${flagOf('network')} grid`)
  return options
}

/**
 * Where the stations of a table stand; undefined for other networks.
 *
 * @throws UserError when two stations share a cell, a place changes or is no whole number, or for options that a grid does not know.
 */
export function gridOf({ series }: Table, { targets }: Layout, options: GridOptions): StationGrid | undefined {
  if (options.network !== 'grid') return undefined
  const { gridRow, gridColumn } = checkOptions(options)
  const [target = '', ...others] = targets
  if (others.length > 0)
    throw expected({ doing: DOING, want: 'one column', of: flagOf('target'), got: targets.join(', ') })
  const places = series.map((one) => ({ key: one.key, y: placeOf(one, gridRow), x: placeOf(one, gridColumn) }))
  const [ys, xs] = [places.map(({ y }) => y), places.map(({ x }) => x)].map((all) => all.toSorted((a, b) => a - b))
  const [top = 0, left = 0] = [ys?.[0], xs?.[0]]
  const [rows, columns] = [(ys?.at(-1) ?? 0) - top + 1, (xs?.at(-1) ?? 0) - left + 1]
  const stations = new Array<string | null>(rows * columns).fill(null)
  for (const { key, y, x } of places) {
    const cell = (y - top) * columns + x - left
    const other = stations[cell] ?? null
    if (other !== null)
      throw expected({ doing: DOING, want: 'one station', of: `cell ${y},${x}`, got: `${other}, ${key}` })
    stations[cell] = key
  }
  return { rows, columns, stations, target }
}

function checkOptions(options: GridOptions): { gridRow: string; gridColumn: string } {
  const { key, gridRow, gridColumn, missing, multiStep } = options
  if (key.length === 0)
    throw expected({ doing: DOING, want: 'the column that tells stations apart', of: flagOf('key'), got: 'nothing' })
  if (gridRow === undefined || gridColumn === undefined) {
    const name = flagOf(gridRow === undefined ? 'gridRow' : 'gridColumn')
    throw expected({ doing: DOING, want: 'a column that holds where a station stands', of: name, got: 'nothing' })
  }
  const hint = 'A grid is forecast from its target, the calendar and what is known ahead.'
  for (const name of ['past', 'features', 'statics'] as const)
    if (options[name].length > 0)
      throw expected({ doing: DOING, want: 'nothing', of: flagOf(name), got: options[name].join(', '), hint })
  if (missing === 'mask')
    throw expected({ doing: DOING, want: 'interpolate or carry', of: flagOf('missing'), got: missing })
  if (multiStep !== 'direct') throw expected({ doing: DOING, want: 'direct', of: flagOf('multiStep'), got: multiStep })
  return { gridRow, gridColumn }
}

/** The one whole number that a column holds. */
function placeOf(station: Series, name: string): number {
  const values = columnOf(station, name).filter((value) => !Number.isNaN(value))
  const [place = NaN] = values
  const wrong = Number.isInteger(place) ? values.find((value) => value !== place) : place
  if (wrong !== undefined)
    throw expected({ doing: DOING, want: 'one whole number', of: `${name} of series ${station.key}`, got: wrong })
  return place
}

function columnOf({ columns, key }: Series, name: string): Float64Array {
  const values = columns.get(name)
  if (values !== undefined) return values
  throw expected({ doing: DOING, want: `the column ${name}`, of: `series ${key}`, got: [...columns.keys()].join(', ') })
}

/**
 * A table of stations as one of a single series on all times that one of them has (with a step in ms, on all from the first to the
 * last), and its layout: a target such as `PM2.5@Dongsi` for each cell, `PM2.5@(3)` for the empty cell 3. Without a grid both stay.
 *
 * @throws UserError for a station without a cell, times that do not fit one axis, and a column known ahead that differs between stations.
 */
export function joinStations(
  table: Table,
  layout: Layout,
  grid: StationGrid | undefined,
): { table: Table; layout: Layout } {
  if (grid === undefined) return { table, layout }
  const { target, stations } = grid
  const stranger = table.series.find(({ key }) => !stations.includes(key))
  if (stranger !== undefined) {
    const there = stations.filter((key) => key !== null).join(', ')
    throw new UserError(
      `${DOING}: expected a station that the model was trained on (${there}), received ${stranger.key}`,
      'A model knows the places and the scales of the stations that it was trained on only: train again with this one.',
    )
  }
  const times = jointTimes(table.series, table.step)
  const cells = stations.map((key, cell): [string, Float64Array] => {
    const station = key === null ? undefined : table.series.find((one) => one.key === key)
    const values = station
      ? onTimes(times, station, columnOf(station, target))
      : new Float64Array(times.length).fill(NaN)
    return [`${target}@${key ?? `(${cell})`}`, values]
  })
  const shared = layout.knownAhead.map((name): [string, Float64Array] => [
    name,
    sharedColumn(times, table.series, name),
  ])
  const empty = stations.filter((key) => key === null).length
  const note = `The stations stand on a grid of ${grid.rows} x ${grid.columns}${empty > 0 ? `, ${plural(empty, 'cell')} empty` : ''}.`
  return {
    table: {
      ...table,
      series: [{ key: '', times, columns: new Map([...cells, ...shared]) }],
      notes: [...table.notes, note],
    },
    layout: { ...layout, targets: cells.map(([name]) => name), targetsOnly: true },
  }
}

function jointTimes(stations: readonly Series[], step: Step): Float64Array {
  if (step.unit !== 'ms') return Float64Array.from(new Set(stations.flatMap(({ times }) => [...times]))).sort()
  const first = stations.reduce((least, { times }) => Math.min(least, times[0] ?? Infinity), Infinity)
  const last = stations.reduce((most, { times }) => Math.max(most, times.at(-1) ?? -Infinity), -Infinity)
  for (const { times, key } of stations) {
    const other = times.find((time) => (time - first) % step.count !== 0)
    if (other === undefined) continue
    const what = `times ${step.count} ms apart from ${new Date(first).toISOString()} on`
    throw expected({ doing: DOING, want: what, of: `series ${key}`, got: new Date(other).toISOString() })
  }
  return new Float64Array((last - first) / step.count + 1).map((_, t) => first + t * step.count)
}

/** A column at the times of the joint series, NaN where the station has none. */
function onTimes(times: Float64Array, station: Series, values: Float64Array): Float64Array {
  let at = 0
  return times.map((time) => {
    while ((station.times[at] ?? Infinity) < time) at++
    return station.times[at] === time ? (values[at] ?? NaN) : NaN
  })
}

/** A column that says the same at all stations that have it. */
function sharedColumn(times: Float64Array, stations: readonly Series[], name: string): Float64Array {
  const joint = new Float64Array(times.length).fill(NaN)
  for (const station of stations)
    onTimes(times, station, columnOf(station, name)).forEach((value, t) => {
      const before = joint[t] ?? NaN
      if (Number.isNaN(before)) joint[t] = value
      else if (!Number.isNaN(value) && value !== before)
        throw expected({
          doing: DOING,
          want: `${before} at ${new Date(times[t] ?? 0).toISOString()} as at other stations`,
          of: `${name} of series ${station.key}`,
          got: value,
          hint: 'What is known ahead is the same for all cells of a grid.',
        })
    })
  return joint
}

/** Whose the targets of a series are: its own, or the stations' in the cells of a grid; undefined for an empty cell. */
export function ownerOf({ key }: Series, name: string, target: number, grid: StationGrid | undefined) {
  if (grid === undefined) return { key, name }
  const station = grid.stations[target] ?? null
  return station === null ? undefined : { key: station, name: grid.target }
}
