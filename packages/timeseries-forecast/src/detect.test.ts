import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadDetector } from './anomaly/watcher.js'
import type { DetectResult } from './anomaly/table-alarms.js'
import { detect } from './detect.js'
import { fixtureCsv, fixtureTime, writeFixture } from './testing/fixture-tables.js'

const ROWS = 160
const JUMP = 120

let folder = ''
let result: DetectResult
const notes: string[] = []
const at = (...names: string[]) => join(folder, ...names)
const time = (row: number) => fixtureTime(row)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-detect-'))
  mkdirSync(at('tables'))
  const jump = (value: number, row: number) => (row >= JUMP && row < JUMP + 3 ? value + 60 : value)
  writeFixture(at('tables'), { rows: ROWS, change: jump }, 'jump.csv')
  writeFixture(at('tables'), { rows: ROWS, seed: 2 }, 'calm.csv')
  writeFixture(at('tables'), { rows: 50, seed: 3 }, 'short.csv')
  writeFileSync(at('labels.json'), JSON.stringify({ 'jump.csv': [[time(JUMP - 3), time(JUMP + 6)]], 'calm.csv': [] }))
  result = await detect(
    { data: at('tables'), columns: ['value'], labels: at('labels.json'), out: at('run') },
    { note: (line) => notes.push(line) },
  )
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

describe('detect', () => {
  it('finds the jump in one of several files, and scores it by labels', () => {
    expect(result.tables.map(({ name, rows, probation }) => [name, rows, probation])).toEqual([
      ['calm.csv', ROWS, 60],
      ['jump.csv', ROWS, 60],
    ])
    const [calm, jump] = result.tables
    expect(calm?.alarms.length).toBeLessThan(3)
    const found = jump?.alarms.find(({ from }) => from === new Date(`${time(JUMP)}Z`).toISOString())
    expect(found?.values['value']).toBeGreaterThan(50)
    expect(found?.score).toBeGreaterThan(0.99)
    expect(result.nab?.bestThreshold.standard).toBeGreaterThan(80)
    expect(result.nab?.bestThreshold.standard).toBeGreaterThanOrEqual(result.nab?.ownThreshold.standard ?? 0)
  })

  it('writes alarms, a report and a detector for each, and says what was left out', () => {
    const [header, ...rows] = readFileSync(at('run', 'alarms.csv'), 'utf8').trim().split('\n')
    expect(header).toBe('table,from,to,rows,score')
    expect(rows).toHaveLength(result.tables.reduce((sum, { alarms }) => sum + alarms.length, 0))
    expect(rows.join('\n')).toContain(`jump.csv,${new Date(`${time(JUMP)}Z`).toISOString()}`)
    expect(existsSync(result.report ?? '')).toBe(true)
    for (const name of ['jump', 'calm']) expect(existsSync(at('run', 'detectors', name, 'table.json'))).toBe(true)
    expect(notes.filter((note) => note.includes('The time is in column'))).toHaveLength(1)
    expect(notes.at(-1)).toMatch(/Left out: detecting: expected more than 60 rows for .*short\.csv, received "50 rows"/)
  })

  it('saves a detector that goes on exactly as one that was given all rows', async () => {
    const whole = fixtureCsv({ rows: ROWS, seed: 2 }).split('\n')
    writeFileSync(at('first.csv'), `${whole.slice(0, 101).join('\n')}\n`)
    const options = { columns: ['value'], probation: 60 }
    await detect({ ...options, data: at('first.csv'), out: at('first') })
    const { detector, lastTime } = await loadDetector(at('first', 'detector'))
    expect(lastTime).toBe(Date.parse(`${time(99)}Z`))
    const all = await loadDetector(at('run', 'detectors', 'calm'))
    for (let row = 100; row < ROWS; row++)
      detector.update(Date.parse(`${time(row)}Z`), [Number(whole[row + 1]?.split(',')[1])])
    expect(detector.state()).toEqual(all.detector.state())
  })

  it('sees nothing of the future: other rows later change no earlier alarm or score', async () => {
    const changed = (value: number, row: number) => {
      if (row >= 140) return 5 - 3 * value
      return row >= JUMP && row < JUMP + 3 ? value + 60 : value
    }
    const data = writeFixture(folder, { rows: ROWS, change: changed }, 'changed.csv')
    const other = await detect({ data, columns: ['value'] })
    const early = (tables: DetectResult['tables'], at: number) =>
      tables[at]?.alarms
        .filter(({ to }) => to < `${time(139).replace(' ', 'T')}Z`)
        .map(({ from, score, expected: wanted }) => ({ from, score, wanted }))
    expect(early(other.tables, 0)).toEqual(early(result.tables, 1))
    expect(early(other.tables, 0)?.length).toBeGreaterThan(0)
  })

  it('refuses a folder that is taken before it learns anything, and labels of other files', async () => {
    const data = at('tables', 'calm.csv')
    await expect(detect({ data, out: at('run') })).rejects.toThrow('expected a new or empty folder')
    writeFileSync(at('other.json'), '{"other.csv": [["2024-01-01", "2024-01-02"]]}')
    await expect(detect({ data, labels: at('other.json') })).rejects.toThrow('expected anomalies of at least one')
    writeFileSync(at('wrong.json'), '{"calm.csv": [["2024-01-01", "soon"]]}')
    await expect(detect({ data, labels: at('wrong.json') })).rejects.toThrow('expected a list of [start, end]')
  })

  it('refuses tables that are shorter than what it learns from', async () => {
    await expect(detect({ data: at('tables', 'short.csv') })).rejects.toThrow(
      /expected more than 60 rows for .*short\.csv, received "50 rows"/,
    )
    await expect(detect({ data: at('tables', 'calm.csv'), probation: ROWS })).rejects.toThrow(
      `expected more than ${ROWS} rows`,
    )
  })
})
