import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { formatNumber } from '@weft/core/cli'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { detect } from './detect.js'
import { predict } from './predict.js'
import { FIXTURE_FORECAST, fixtureCsv, fixtureTime, writeFixture } from './testing/fixture-tables.js'
import { train } from './train.js'
import { watch } from './watch.js'
import type { WatchResult } from './watching/session.js'

const ROWS = 160
/** Where what a detector was trained on ends. */
const SEEN = 100
const JUMP = 130

let folder = ''
const at = (name: string) => join(folder, name)
/** A table with a jump that no detector overlooks, its header first. */
const lines = fixtureCsv({ rows: ROWS, change: (v, row) => (row >= JUMP && row < JUMP + 3 ? v + 60 : v) })
  .trim()
  .split('\n')
const until = (rows: number) => `${lines.slice(0, rows + 1).join('\n')}\n`

interface Watching {
  readonly result: WatchResult
  readonly said: string[]
  readonly warned: string[]
  readonly noted: string[]
}

/** Watches standard input that holds this text. */
async function watchText(model: string, text: string): Promise<Watching> {
  const [said, warned, noted]: string[][] = [[], [], []]
  const result = await watch(
    { model: at(model) },
    {
      signal: new AbortController().signal,
      input: Readable.from([Buffer.from(text)]),
      print: (line) => said?.push(line),
      warn: (line) => warned?.push(line),
      note: (line) => noted?.push(line),
    },
  )
  return { result, said: said ?? [], warned: warned ?? [], noted: noted ?? [] }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-watch-'))
  const data = writeFixture(folder, { rows: 200 })
  await train({ ...FIXTURE_FORECAST, data, out: at('run') })
  writeFileSync(at('seen.csv'), until(SEEN))
  writeFileSync(at('whole.csv'), until(ROWS))
  await detect({ data: at('seen.csv'), out: at('alarms'), columns: ['value'] })
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

/** What `predict` says of the table that ends after so many rows, as `watch` prints it. */
async function predicted(rows: number): Promise<string> {
  writeFileSync(at('until.csv'), until(rows))
  const [first] = (await predict(at('until.csv'), { model: at('run') })).predictions
  const values = first?.rows.map(({ forecast }) => formatNumber(forecast, 4)).join(' ')
  return `${new Date(`${fixtureTime(rows - 1)}Z`).toISOString()}  value ${values}`
}

describe('watching with a forecaster', () => {
  it('says after each row of standard input what predict says of the table so far', async () => {
    const { result, said } = await watchText('run', until(40))
    expect(result).toMatchObject({ rows: 40, alarms: 0, refused: 0 })
    expect(said).toHaveLength(40 - 23)
    expect(said[0]).toBe(await predicted(24))
    expect(said.at(-1)).toBe(await predicted(40))
  })

  it('looks back on what is in a file, and forecasts once and then as rows are appended, until it is stopped', async () => {
    writeFileSync(at('growing.csv'), until(50))
    const stop = new AbortController()
    const said: string[] = []
    const result = await watch(
      { model: at('run'), data: at('growing.csv') },
      {
        signal: stop.signal,
        print(line) {
          said.push(line)
          // Each row is written when the one before was answered, the last in two pieces.
          const next = lines[50 + said.length] ?? ''
          if (said.length === 3) stop.abort()
          else appendFileSync(at('growing.csv'), `${next}\n`)
        },
        warn: (line) => expect(line).toBe(''),
      },
    )
    expect(said).toEqual([await predicted(50), await predicted(51), await predicted(52)])
    expect(result).toMatchObject({ rows: 52, refused: 0 })
  })

  it('names rows that cannot be used and passes them over', async () => {
    const odd = [...lines.slice(0, 31)]
    odd.splice(10, 0, 'tomorrow,1,2', `${fixtureTime(9)},many,2`, `${fixtureTime(9)},1`, `${fixtureTime(3)},1,2`, '')
    const { result, said, warned } = await watchText('run', `\uFEFF${odd.join('\r\n')}`)
    expect(warned).toEqual([
      'row 11: expected a time for time, received "tomorrow"',
      'row 12: expected a finite number for value, received "many"',
      'row 13: expected 3 cells, received 2',
      expect.stringContaining('row 14: watching a table: expected a time after 2024-01-01T08:00:00.000Z'),
    ])
    expect(result).toMatchObject({ rows: 30, refused: 4 })
    expect(said.at(-1)).toBe(await predicted(30))
  })

  it('refuses a table without its column, and a file that is not there', async () => {
    await expect(watchText('run', 'time,warmth\n')).rejects.toThrow(
      'expected the column value in the first line, received time, warmth',
    )
    const hooks = { signal: new AbortController().signal, print: () => {}, warn: () => {} }
    await expect(watch({ model: at('run'), data: at('none.csv') }, hooks)).rejects.toThrow(
      /none\.csv: there is no such/,
    )
  })
})

describe('watching with a detector', () => {
  it('goes on where it stopped: the alarms of the whole table, and no row twice', async () => {
    const whole = await detect({ data: at('whole.csv'), columns: ['value'], probation: 60 })
    const { result, said, noted } = await watchText('alarms', until(ROWS))
    expect(noted).toEqual([
      `Passed over ${SEEN} rows up to 2024-01-05T03:00:00.000Z, which the detector has seen already.`,
    ])
    expect(said).toHaveLength(ROWS - SEEN)
    const alarmed = said.filter((line) => line.endsWith('ALARM')).map((line) => line.slice(0, 24))
    const wanted = whole.tables[0]?.alarms.filter(({ from }) => from > `${fixtureTime(SEEN - 1).replace(' ', 'T')}Z`)
    expect(wanted?.[0]?.from).toBe(new Date(`${fixtureTime(JUMP)}Z`).toISOString())
    expect(alarmed[0]).toBe(wanted?.[0]?.from)
    expect(result.alarms).toBe(wanted?.reduce((sum, { rows }) => sum + rows, 0))
  })

  it('fills in rows that are missing, as a table does', async () => {
    const without = lines.filter((_, line) => line < 111 || line > 114)
    writeFileSync(at('gap.csv'), `${without.join('\n')}\n`)
    const whole = await detect({ data: at('gap.csv'), columns: ['value'], probation: 60, out: at('gap') })
    const { said } = await watchText('alarms', readFileSync(at('gap.csv'), 'utf8'))
    expect(said).toHaveLength(ROWS - SEEN - 4)
    expect(said.filter((line) => line.endsWith('ALARM'))).toHaveLength(
      whole.tables[0]?.alarms.reduce((sum, { rows }) => sum + rows, 0) ?? -1,
    )
  })

  it('says which file of a detector is damaged', async () => {
    await detect({ data: at('seen.csv'), out: at('damaged'), columns: ['value'] })
    writeFileSync(at('damaged/detector/table.json'), '{"timeColumn": 3}')
    await expect(watchText('damaged', until(3))).rejects.toThrow(/detector: expected timeColumn, .* in table\.json/)
  })
})
