import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '@weft/core/runtime'
import { writeFileAtomic } from '@weft/core/files'
import { resolveOptions } from '@weft/core/cli'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backtest } from '../backtest.js'
import { evaluate } from '../evaluate.js'
import type { Layout } from '../features.js'
import { LiveForecast } from '../forecasting/live-forecast.js'
import { ForecastModel } from '../model.js'
import { trainOptions, type GivenTrainOptions } from '../options.js'
import { predict } from '../predict.js'
import type { Series, Step, Table } from './series.js'
import { gridOf, joinStations, optionsForGrid } from './station-grid.js'
import { fixtureTime } from '../testing/fixture-tables.js'
import { train } from '../train.js'

const HOUR = 3_600_000

function station(key: string, place: [number, number], from: number, values: number[]): Series {
  return {
    key,
    times: Float64Array.from(values, (_, t) => (from + t) * HOUR),
    columns: new Map([
      ['y', Float64Array.from(values, () => place[0])],
      ['x', Float64Array.from(values, (_, t) => (t === 1 ? NaN : place[1]))],
      ['pm', Float64Array.from(values)],
      ['price', Float64Array.from(values, (_, t) => 100 + from + t)],
    ]),
  }
}

function table(series: Series[], step: Step = { unit: 'ms', count: HOUR }): Table {
  return { series, step, timeColumn: 'time', rows: 0, timeZone: 'UTC', notes: [] }
}

const layout: Layout = { targets: ['pm'], past: [], knownAhead: ['price'], missing: 'interpolate' }
const optionsOf = (more: GivenTrainOptions = {}) =>
  resolveOptions(trainOptions, {
    data: 'none',
    out: 'none',
    network: 'grid',
    key: ['station'],
    gridRow: 'y',
    gridColumn: 'x',
    ...more,
  } satisfies GivenTrainOptions)
const joined = (of: Table) => joinStations(of, layout, gridOf(of, layout, optionsOf()))
const numbers = (values: Float64Array | undefined) => [...(values ?? [])]

describe('joinStations', () => {
  it('lays stations out row by row, empty cells missing, on all times, beside what is known ahead', () => {
    const of = table([station('a', [4, 3], 0, [1, 2]), station('b', [5, 2], 1, [5]), station('c', [4, 2], 3, [7])])
    expect(gridOf(of, layout, optionsOf())).toEqual({
      rows: 2,
      columns: 2,
      stations: ['c', 'a', 'b', null],
      target: 'pm',
    })
    const { table: joint, layout: cells } = joined(of)
    expect(cells.targets).toEqual(['pm@c', 'pm@a', 'pm@b', 'pm@(3)'])
    const [series] = joint.series
    expect(numbers(series?.times)).toEqual([0, HOUR, 2 * HOUR, 3 * HOUR])
    expect([...(series?.columns.values() ?? [])].map(numbers)).toEqual([
      [NaN, NaN, NaN, 7],
      [1, 2, NaN, NaN],
      [NaN, 5, NaN, NaN],
      [NaN, NaN, NaN, NaN],
      [100, 101, NaN, 103],
    ])
  })

  it('joins all times that occur when rows have nothing but an order', () => {
    const apart = table([station('a', [0, 0], 0, [1]), station('b', [0, 1], 9, [2])], { unit: 'row', count: 1 })
    expect(numbers(joined(apart).table.series[0]?.times)).toEqual([0, 9 * HOUR])
  })

  it('says what is wrong with a table', () => {
    const a = station('a', [0, 0], 0, [1])
    const refused = (...series: Series[]) => expect(() => joined(table(series)))
    refused(a, station('b', [0, 0], 0, [1])).toThrow(
      'laying out a grid: expected one station for cell 0,0, received "a, b"',
    )
    refused(a, station('b', [0, 1], 0.5, [1])).toThrow(
      'expected times 3600000 ms apart from 1970-01-01T00:00:00.000Z on for series b, received "1970-01-01T00:30:00.000Z"',
    )
    refused(station('b', [0, 1.5], 0, [1])).toThrow('expected one whole number for x of series b')
    refused({ ...a, columns: new Map() }).toThrow('expected the column y for series a')
    const other = station('b', [0, 1], 0, [1])
    refused(a, { ...other, columns: new Map([...other.columns, ['price', Float64Array.of(7)]]) }).toThrow(
      'expected 100 at 1970-01-01T00:00:00.000Z as at other stations for price of series b, received 7',
    )
  })

  it.each([
    [{ key: [] }, 'expected the column that tells stations apart for --key'],
    [{ gridColumn: undefined }, 'expected a column that holds where a station stands for --grid-column'],
    [{ past: ['wind'] }, 'expected nothing for --past, received "wind"'],
    [{ statics: ['height'] }, 'expected nothing for --statics'],
    [{ missing: 'mask' }, 'expected interpolate or carry for --missing'],
    [{ multiStep: 'recursive' }, 'expected direct for --multi-step'],
  ] satisfies [GivenTrainOptions, string][])('refuses %j', (given, message) => {
    const of = table([station('a', [0, 0], 0, [1])])
    expect(() => gridOf(of, layout, optionsOf(given))).toThrow(message)
  })

  it('refuses places without a grid, and makes its cells one', () => {
    expect(() => optionsForGrid(optionsOf({ network: 'lstm' }))).toThrow(
      'laying out a grid: --grid-row needs --network grid',
    )
    expect(optionsForGrid(optionsOf({ channels: 'independent' })).channels).toBe('joint')
    expect(gridOf(table([]), layout, optionsOf({ network: 'lstm' }))).toBeUndefined()
  })
})

const [ROWS, COLUMNS, EMPTY] = [3, 4, 6]
const keyOf = (cell: number) => `s${cell}`

/** What drifts to the right over a ring and spreads: the next row of a station is in its neighbour, not in itself. */
function driftCsv(rows: number, stations: readonly number[]): string {
  const random = new Random(3, 'drift')
  let field = Float64Array.from({ length: ROWS * COLUMNS }, () => random.normal())
  const lines = ['time,station,y,x,pm']
  for (let t = 0; t < rows; t++) {
    for (const cell of stations) {
      const level = 50 + 10 * cell
      const value = (level + 4 * (field[cell] ?? 0)).toFixed(3)
      lines.push([fixtureTime(t), keyOf(cell), 10 + Math.floor(cell / COLUMNS), cell % COLUMNS, value].join(','))
    }
    const before = field
    const at = (y: number, x: number) => before[((y + ROWS) % ROWS) * COLUMNS + ((x + COLUMNS) % COLUMNS)] ?? 0
    field = before.map((_, cell) => {
      const [y, x] = [Math.floor(cell / COLUMNS), cell % COLUMNS]
      if (x === 0) return random.normal()
      return 0.8 * at(y, x - 1) + 0.1 * at(y - 1, x - 1) + 0.1 * at(y + 1, x - 1) + 0.05 * random.normal()
    })
  }
  return `${lines.join('\n')}\n`
}

describe('a grid of stations', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weft-forecast-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const there = Array.from({ length: ROWS * COLUMNS }, (_, cell) => cell).filter((cell) => cell !== EMPTY)
  const write = (name: string, rows: number, stations: readonly number[]) => {
    const path = join(folder, name)
    writeFileAtomic(path, driftCsv(rows, stations))
    return path
  }
  const GRID: GivenTrainOptions = {
    ...{ preset: 'energy', network: 'grid', key: ['station'], target: ['pm'], gridRow: 'y', gridColumn: 'x' },
    ...{ lookBack: 4, horizon: 1, centre: 'none', filters: [8], kernelSize: 3, dropout: 0 },
    ...{ epochs: 8, batchSize: 32, learningRate: 0.02, baselines: ['last', 'mean'], calendar: ['hourOfDay'] },
  }

  it('is forecast together, better than by its last values; the saved model says the same of any of its stations', async () => {
    const data = write('table.csv', 400, there)
    const out = join(folder, 'run')
    const result = await train({ ...GRID, data, out })
    const lines = result.test?.lines ?? []
    expect(lines.map(({ line }) => [line.key, line.name])).toEqual(there.map((cell) => [keyOf(cell), 'pm']))
    // What enters from the left is noise, and the neighbour of the empty cell sees nothing of it.
    for (const cell of [1, 2, 3, 5, 9, 10, 11]) {
      const line = lines.find((one) => one.line.key === keyOf(cell))
      expect(line?.model.figures.mae, keyOf(cell)).toBeLessThan(0.5 * (line?.baselines[0]?.figures.mae ?? 0))
      expect(line?.model.figures.coverage).toBeGreaterThan(0.7)
    }
    const again = await evaluate({ model: out, data, part: 'test' })
    expect(again.judgement.standardised).toEqual(result.test?.standardised)

    const whole = await predict(data, { model: out })
    expect(whole.predictions.map(({ series, target }) => [series, target])).toEqual(
      there.map((cell) => [keyOf(cell), 'pm']),
    )
    for (const { series, rows } of whole.predictions)
      expect(Math.abs((rows[0]?.forecast ?? NaN) - 50 - 10 * Number(series.slice(1)))).toBeLessThan(20)

    const some = await predict(
      write(
        'some.csv',
        400,
        there.filter((cell) => cell !== 11),
      ),
      { model: out },
    )
    expect(some.predictions.map(({ series }) => series)).toEqual(there.filter((cell) => cell !== 11).map(keyOf))
    expect(some.predictions.every(({ rows }) => Number.isFinite(rows[0]?.forecast))).toBe(true)

    await expect(predict(write('other.csv', 400, [0, 1, 6]), { model: out })).rejects.toThrow(
      /expected a station that the model was trained on \(s0, s1, .*\), received s6/,
    )
    const model = await ForecastModel.load(out)
    expect(() => new LiveForecast(model)).toThrow(
      'expected a model of one series for the model, received "one of a grid',
    )
    model.network.dispose()
  })

  it('is backtested', async () => {
    const data = write('table.csv', 200, there)
    const { judgement } = await backtest({ ...GRID, epochs: 1, data, folds: 2, out: join(folder, 'back') })
    expect(judgement.lines.map(({ line }) => line.key)).toEqual(there.map(keyOf))
    expect(judgement.items.length).toBeGreaterThan(0)
  })
})
