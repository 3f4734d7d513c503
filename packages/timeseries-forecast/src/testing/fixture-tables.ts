/** Small tables for tests, made from a seed and written as CSV files into a folder. */
import { join } from 'node:path'
import { Random } from '@weft/core/runtime'
import { writeFileAtomic } from '@weft/core/files'
import type { GivenTrainOptions } from '../options.js'

export interface FixtureOptions {
  readonly rows: number
  readonly seed?: number
  /** Series told apart by a column `station`; without them there is no such column. */
  readonly stations?: readonly string[]
  /** Rows at the end in which only what is known ahead stands. */
  readonly ahead?: number
  /** Changes a row's value after it was made, NaN for an empty cell. */
  readonly change?: (value: number, row: number) => number
}

const HOUR_MS = 3_600_000
const START_MS = Date.UTC(2024, 0, 1)

/** When a row of a fixture is, ISO 8601. */
export function fixtureTime(row: number): string {
  return new Date(START_MS + row * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ')
}

/** Hourly rows of `time[,station],value,warmth`: a day's season, what `warmth` adds, and a little noise. */
export function fixtureCsv({ rows, seed = 1, stations = [''], ahead = 0, change = (v) => v }: FixtureOptions): string {
  const keyed = stations.length > 1 || stations[0] !== ''
  const lines = [keyed ? 'time,station,value,warmth' : 'time,value,warmth']
  for (const station of stations) {
    const random = new Random(seed, 'fixture', station)
    const level = random.uniform(10, 40)
    for (let row = 0; row < rows; row++) {
      const warmth = Math.sin((2 * Math.PI * row) / 61) + 0.1 * random.normal()
      const made = level + 3 * Math.sin((2 * Math.PI * row) / 24) + 2 * warmth + 0.2 * random.normal()
      const value = row < rows - ahead ? change(made, row) : Number.NaN
      const cell = Number.isNaN(value) ? '' : value.toFixed(4)
      lines.push([fixtureTime(row), ...(keyed ? [station] : []), cell, warmth.toFixed(4)].join(','))
    }
  }
  return `${lines.join('\n')}\n`
}

/** Writes a fixture and gives its path. */
export function writeFixture(folder: string, options: FixtureOptions, name = 'table.csv'): string {
  const path = join(folder, name)
  writeFileAtomic(path, fixtureCsv(options))
  return path
}

/** Options of a network that learns a fixture's `value` in no time. */
export const FIXTURE_FORECAST = {
  preset: 'energy',
  target: ['value'],
  lookBack: 24,
  horizon: 6,
  segmentLength: 6,
  units: 4,
  dropout: 0,
  batchSize: 64,
  epochs: 1,
  baselines: ['last', 'mean'],
} satisfies GivenTrainOptions
