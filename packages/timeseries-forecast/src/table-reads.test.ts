import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { backtest } from './backtest.js'
import { FIXTURE_FORECAST, writeFixture } from './testing/fixture-tables.js'
import { train } from './train.js'

// Every read of a table opens a database of its own.
const reads = vi.spyOn(DuckDBInstance, 'create')

let folder = ''
let data = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-table-reads-'))
  data = writeFixture(folder, { rows: 200 })
})
afterAll(() => {
  reads.mockRestore()
  rmSync(folder, { recursive: true })
})

const { preset, ...WITHOUT_PRESET } = FIXTURE_FORECAST

it.each([
  ['train', () => train({ ...WITHOUT_PRESET, data, out: join(folder, 'plain') })],
  ['train with a preset', () => train({ ...WITHOUT_PRESET, preset, data, out: join(folder, 'preset') })],
  ['backtest', () => backtest({ ...WITHOUT_PRESET, data, folds: 2, testShare: 0.4, out: join(folder, 'folds') })],
])(
  '%s reads the table once',
  async (_, run) => {
    reads.mockClear()
    await run()
    expect(reads).toHaveBeenCalledTimes(1)
  },
  120_000,
)
