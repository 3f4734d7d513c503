import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { Random } from '@weft/core/runtime'
import { UserError } from '@weft/core/errors'
import { afterAll, describe, expect, it } from 'vitest'
import type { Series, Table } from '../series/series.js'
import { openFile } from './files.js'
import { parseInstant } from './instants.js'
import { readRows } from './read-rows.js'
import { readTable } from './read-table.js'
import type { TableOptions } from './table-options.js'

const folder = mkdtempSync(join(tmpdir(), 'weft-table-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0

/** Writes a file and gives its path. */
function file(content: string | Uint8Array, ending = '.csv'): string {
  const path = join(folder, `t${files++}${ending}`)
  writeFileSync(path, content)
  return path
}

function read(data: TableOptions['data'], options: Partial<TableOptions> = {}): Promise<Table> {
  return readTable({ data, duplicates: 'error', unsorted: 'error', ...options })
}

/** The message and the hint of what reading throws. */
async function refusal(data: TableOptions['data'], options: Partial<TableOptions> = {}): Promise<string> {
  const error: unknown = await read(data, options).then(
    () => new Error('nothing was refused'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof UserError)) throw error
  return `${error.message.replaceAll(folder, '')} ${error.hint ?? ''}`.trim()
}

function only({ series }: Table): Series {
  const [first, ...more] = series
  if (first === undefined || more.length > 0) throw new Error(`${series.length} series`)
  return first
}

const column = (table: Table, name: string) => [...(only(table).columns.get(name) ?? [])]
const stamps = (table: Table) => [...only(table).times].map((time) => new Date(time).toISOString().slice(0, 16))

const HOURLY = 'time,a,b\n2020-01-01 00:00:00,1,2.5\n2020-01-01 01:00:00,NA,-3\n2020-01-01 02:00:00,4,1e3\n'

describe('readTable', () => {
  it('reads a CSV file and says what it inferred', async () => {
    const table = await read(file(HOURLY))
    expect(column(table, 'a')).toEqual([1, NaN, 4])
    expect(column(table, 'b')).toEqual([2.5, -3, 1000])
    expect(stamps(table)).toEqual(['2020-01-01T00:00', '2020-01-01T01:00', '2020-01-01T02:00'])
    expect(table).toMatchObject({
      timeColumn: 'time',
      timeZone: 'UTC',
      rows: 3,
      step: { unit: 'ms', count: 3_600_000 },
    })
    expect(table.notes).toEqual([
      'The time is in column time, inferred.',
      'Missing values: a in 1 row.',
      'The step is hourly, inferred: the commonest difference.',
    ])
  })

  it.each([
    ['semicolons', HOURLY.replaceAll(',', ';'), '.csv'],
    ['tabs', HOURLY.replaceAll(',', '\t'), '.tsv'],
    ['quotes', HOURLY.replaceAll(/[^,\n]+/g, '"$&"'), '.csv'],
    ['CRLF, a mark of byte order, empty lines', `\uFEFF${HOURLY.replaceAll('\n', '\r\n')}\r\n\r\n`, '.csv'],
    ['empty lines before the header', `\n\n${HOURLY}`, '.csv'],
    ['no end of the last line', HOURLY.trimEnd(), '.csv'],
    ['gzip', gzipSync(HOURLY), '.csv.gz'],
  ])('reads the same with %s', async (_, content, ending) => {
    const table = await read(file(content, ending))
    expect(column(table, 'a')).toEqual([1, NaN, 4])
    expect(column(table, 'b')).toEqual([2.5, -3, 1000])
    expect(table.rows).toBe(3)
  })

  it('reads Parquet, with times with and without a zone', async () => {
    const path = join(folder, 'typed.parquet')
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    await connection.run(
      `COPY (SELECT TIMESTAMP '2020-07-01 00:00:00' + INTERVAL 15 MINUTE * i AS t, i / 2 AS x, i AS y
       FROM range(5) r(i)) TO '${path}'`,
    )
    connection.closeSync()
    instance.closeSync()
    const table = await read(path, { timeZone: 'Europe/Berlin' })
    expect(column(table, 'x')).toEqual([0, 0.5, 1, 1.5, 2])
    expect(table.notes).toContain('Left out, since it only counts the rows: y.')
    expect(stamps(table)[0]).toBe('2020-06-30T22:00')
    expect(table.timeZone).toBe('Europe/Berlin')
  })

  it('keeps the order of a file of many rows, whose blocks it joins', async () => {
    const rows = Array.from({ length: 140_000 }, (_, i) => `${1_577_836_800 + 60 * i},${(i * 7) % 1000}`)
    const table = await read(file(`time,x\n${rows.join('\n')}\n`))
    const { times, columns } = only(table)
    expect(times.length).toBe(140_000)
    expect(times.every((time, i) => time === 1000 * (1_577_836_800 + 60 * i))).toBe(true)
    expect(columns.get('x')?.every((value, i) => value === (i * 7) % 1000)).toBe(true)
  })

  it('reads globs, lists and folders, and series by key or by the name of the file', async () => {
    const sub = join(folder, 'many')
    mkdirSync(sub)
    writeFileSync(join(sub, 'b.csv'), 'day,shop,x\n2020-01-01,north,1\n2020-01-01,south,5\n2020-01-02,south,6\n')
    writeFileSync(join(sub, 'c.csv'), 'shop,x,day\nnorth,2,2020-01-02\n')
    for (const data of [sub, join(sub, '*.csv'), [join(sub, 'b.csv'), join(sub, 'c.csv')]]) {
      const { series } = await read(data, { key: ['shop'] })
      expect(series.map(({ key, columns }) => [key, [...(columns.get('x') ?? [])]])).toEqual([
        ['north', [1, 2]],
        ['south', [5, 6]],
      ])
    }
    const { series } = await read(sub, { key: ['filename', 'shop'] })
    expect(series.map(({ key }) => key)).toEqual(['b/north', 'b/south', 'c/north'])
  })

  it('makes a column of 0 and 1 of each text, as training did', async () => {
    const path = file('day,wind\n2020-01-01,N\n2020-01-02,\n2020-01-03,E\n2020-01-04,W\n')
    const found = await read(path, { columns: ['wind'] })
    expect(found.categories).toEqual(new Map([['wind', ['E', 'N', 'W']]]))
    expect(column(found, 'wind=N')).toEqual([1, NaN, 0, 0])
    const known = await read(path, { columns: ['wind'], categories: new Map([['wind', ['N', 'S']]]) })
    expect([...only(known).columns.keys()]).toEqual(['wind=N', 'wind=S'])
    expect(column(known, 'wind=S')).toEqual([0, NaN, 0, 0])
    expect(known.notes).toContain('Values of wind that are not among those known, all of whose columns are 0: E, W.')
  })

  it('keeps what is constant in a series beside it', async () => {
    const text = 'day,shop,size,x\n2020-01-01,a,10,3\n2020-01-02,a,10,2\n2020-01-01,b,20,3\n2020-01-02,b,20,4\n'
    const { series } = await read(file(text), { key: ['shop'], statics: ['size'] })
    expect(series.map(({ statics, columns }) => [statics?.get('size'), [...columns.keys()]])).toEqual([
      [10, ['x']],
      [20, ['x']],
    ])
    expect(await refusal(file(text.replace('02,b,20', '02,b,21')), { key: ['shop'], statics: ['size'] })).toContain(
      'row 5: expected one value throughout a series (20 so far) for column "size", received "21"',
    )
  })

  it('reads times alike, whether DuckDB reads them or we do', async () => {
    const random = new Random(7)
    const days = Array.from({ length: 400 }, () => Date.UTC(1600, 0, 1) + Math.floor(random.next() * 1.7e10) * 1000)
    const ordered = [...new Set(days)].sort((a, b) => a - b).map((time) => new Date(time).toISOString())
    const written = (end: number, mark: string) =>
      ordered.map((text) => `${text.slice(0, end).replace('T', mark)},1\n`).join('')
    const [ours, ...others] = await Promise.all(
      [written(23, ' '), written(19, ' '), written(19, 'T'), written(24, 'T')].map(async (text) => {
        const table = await read(file(`time,x\n${text}`), { step: 'rows' })
        return [...only(table).times]
      }),
    )
    expect(ours?.map((time) => new Date(time).toISOString())).toEqual(ordered)
    for (const other of others) expect(other).toEqual(ours)
  })

  it('reads no more rows than the option says', async () => {
    expect((await read(file(HOURLY), { rows: 2 })).rows).toBe(2)
  })

  it('joins several columns to a time', async () => {
    const parts = await read(file('year,month,day,hour,x\n2010,1,1,0,5\n2010,1,1,1,6\n'))
    expect(parts.timeColumn).toBe('year+month+day+hour')
    expect(stamps(parts)).toEqual(['2010-01-01T00:00', '2010-01-01T01:00'])
    const two = await read(file('d,at,x\n2010-01-01,10:30,5\n2010-01-01,11:30,6\n'), { time: 'd+at' })
    expect(stamps(two)).toEqual(['2010-01-01T10:30', '2010-01-01T11:30'])
  })

  it('finds out whether the day or the month comes first', async () => {
    const dates = (...days: string[]) => file(`date,x\n${days.map((day, i) => `${day},${i * 2}\n`).join('')}`)
    expect(stamps(await read(dates('12/01/2020', '13/01/2020')))[0]).toBe('2020-01-12T00:00')
    expect(stamps(await read(dates('01/12/2020', '01/13/2020')))[0]).toBe('2020-01-12T00:00')
    expect(stamps(await read(dates('01.02.2020', '02.02.2020')))[0]).toBe('2020-02-01T00:00')
    expect(await refusal(dates('01/02/2020', '02/02/2020'))).toContain(
      'expected dates that can be read in one way for date, received "01/02/2020" Say --date-order',
    )
    expect(stamps(await read(dates('01/02/2020', '02/02/2020'), { dateOrder: 'day-first' }))[1]).toBe(
      '2020-02-02T00:00',
    )
    expect(await refusal(dates('13/01/2020', '01/14/2020'))).toContain(
      'row 3: expected a date or time that exists for column "date", received "01/14/2020"',
    )
  })
})

describe('the axis of a table', () => {
  const hourly = (...hours: string[]) =>
    file(`time,x\n${hours.map((hour, i) => `2020-10-25 ${hour},${i * i}\n`).join('')}`)

  it('fills gaps with missing rows and says so', async () => {
    const table = await read(hourly('00:00', '01:00', '04:00', '05:00', '07:00'))
    expect(column(table, 'x')).toEqual([0, 1, NaN, NaN, 4, 9, NaN, 16])
    expect(table.rows).toBe(5)
    expect(table.notes).toContain(
      '2 gaps, 3 rows, are filled in as missing: the longest, 2 rows, between 2020-10-25 01:00 and 2020-10-25 04:00.',
    )
  })

  it('moves rows a little, and refuses those that are far off', async () => {
    const table = await read(hourly('00:00', '01:00', '02:00:07', '03:00', '04:00'))
    expect(stamps(table)[2]).toBe('2020-10-25T02:00')
    expect(table.notes).toContain('1 row up to 7 s off the grid are moved onto it.')
    const many = Array.from({ length: 20 }, (_, i) => `${String(i).padStart(2, '0')}:${i === 11 ? '30' : '00'}`)
    expect(await refusal(hourly(...many))).toContain(
      'row 13: expected rows hourly for column "time", received "2020-10-25 11:30 after 2020-10-25 10:00"',
    )
    expect((await read(hourly(...many), { step: 'rows' })).step.unit).toBe('row')
  })

  it('keeps trading days as they come', async () => {
    const days = Array.from({ length: 40 }, (_, i) => new Date(Date.UTC(2024, 0, 1 + i)))
    const open = days.filter((day) => day.getUTCDay() % 6 !== 0).map((day) => `${day.toISOString().slice(0, 10)},1`)
    const table = await read(file(`Date,Close\n${open.join('\n')}\n`))
    expect(table.step).toEqual({ unit: 'row', count: 1 })
    expect(only(table).times.length).toBe(open.length)
    expect(table.notes).toContain('Trading days, since some days of the week never occur: rows as they come.')
  })

  it('fills months of the calendar', async () => {
    const table = await read(file('Month,x\n1949-01,1\n1949-02,2\n1949-04,7\n1949-05,3\n'))
    expect(stamps(table)).toEqual(['01', '02', '03', '04', '05'].map((month) => `1949-${month}-01T00:00`))
    expect(column(table, 'x')).toEqual([1, 2, NaN, 7, 3])
  })

  it('refuses to make twenty rows of one', async () => {
    const message = await refusal(hourly('00:00:00', '00:00:01', '00:00:02', '23:00:00'))
    expect(message).toContain('row 5: expected about as many rows every second as there are')
    expect(message).toContain('the longest gap is from 2020-10-25 00:00:02 to 2020-10-25 23:00')
  })

  it('goes through the hour that occurs twice, in its zone', async () => {
    const path = hourly('01:30', '02:00', '02:30', '02:00', '02:30', '03:00')
    const table = await read(path, { timeZone: 'Europe/Berlin' })
    expect(stamps(table)).toEqual(
      ['24T23:30', '25T00:00', '25T00:30', '25T01:00', '25T01:30', '25T02:00'].map((t) => `2020-10-${t}`),
    )
    expect(await refusal(path)).toBe(
      `reading ${path.replace(folder, '')}, row 5: expected times in ascending order for column "time", received "2020-10-25 02:00 after 2020-10-25 02:30" ` +
        'Sort them with --unsorted sort, or name with --key the column that tells several series apart (filename, when each file is one). If the clock was put back there, name its zone with --time-zone.',
    )
  })

  it('refuses an hour that was left out, and leaves no gap there', async () => {
    const spring = (...hours: string[]) =>
      file(`time,x\n${hours.map((hour, i) => `2020-03-29 ${hour},${i * i}\n`).join('')}`)
    const options = { timeZone: 'Europe/Berlin' }
    expect(column(await read(spring('00:00', '01:00', '03:00', '04:00'), options), 'x')).toEqual([0, 1, 4, 9])
    expect(await refusal(spring('00:00', '01:00', '02:00', '03:00'), options)).toContain(
      'row 4: expected a time that exists in Europe/Berlin for column "time", received "2020-03-29 02:00"',
    )
  })

  it('keeps days as the clock shows them', async () => {
    const table = await read(file('day,x\n2020-03-28,1\n2020-03-29,2\n2020-03-30,4\n'), { timeZone: 'Europe/Berlin' })
    expect(stamps(table)[0]).toBe('2020-03-28T00:00')
    expect(table).toMatchObject({ timeZone: 'UTC', step: { unit: 'ms', count: 86_400_000 } })
  })

  it('counts a row once that stands there twice', async () => {
    const path = file('time,x\n2024-01-01,0\n2024-01-02,1\n2024-01-02,1\n2024-01-03,2\n2024-01-04,3\n')
    const table = await read(path)
    expect(column(table, 'x')).toEqual([0, 1, 2, 3])
    expect(table.notes.join(' ')).toContain('1 row at a time that was there already: the same values, once.')
  })

  it('treats duplicates and disorder as the options say', async () => {
    const path = hourly('00:00', '01:00', '01:00', '01:00', '02:00')
    expect(await refusal(path)).toContain(
      'row 4: expected each time once for column "time", received "2020-10-25 01:00 again"',
    )
    expect(column(await read(path, { duplicates: 'first' }), 'x')).toEqual([0, 1, 16])
    expect(column(await read(path, { duplicates: 'last' }), 'x')).toEqual([0, 9, 16])
    const mean = await read(path, { duplicates: 'mean' })
    expect(column(mean, 'x')).toEqual([0, (1 + 4 + 9) / 3, 16])
    expect(mean.notes).toContain('2 rows at a time that was there already: the mean counts.')
    const mixed = await read(hourly('02:00', '00:00', '01:00'), { unsorted: 'sort' })
    expect(column(mixed, 'x')).toEqual([1, 4, 0])
    expect(mixed.notes).toContain('1 row went back in time; the rows are sorted.')
  })
})

describe('bad tables', () => {
  it('that are not there or empty', async () => {
    expect(await refusal(join(folder, 'nowhere.csv'))).toContain('expected a file, a folder or a glob for data')
    expect(await refusal(join(folder, 'nowhere*.csv'))).toContain(
      'expected at least 1 CSV, TSV or Parquet file for data',
    )
    expect(await refusal(file(''))).toMatch(/expected a header and rows for the table, received "an empty file"/)
    expect(await refusal(file('time,x\n'))).toMatch(/expected rows below the header for the table, received "none"/)
    expect(await refusal(file('2020-01-01,5\n2020-01-02,6\n'))).toContain(
      'row 1: expected a header that names the columns',
    )
    expect(await refusal(file('time,x,x\n2020-01-01,5,6\n'))).toContain(
      'row 1: expected each name once for the header, received "x"',
    )
  })

  it('whose columns are not what is needed', async () => {
    expect(await refusal(file('a,b\n1,2\n3,4\n'))).toContain(
      'expected a column of dates or times for the time column, received "only a, b" Say with --time',
    )
    expect(await refusal(file('opened,closed,x\n2020-01-01,2020-01-02,1\n'))).toContain(
      'expected one column of times for the time column, received "opened and closed" Say with --time',
    )
    expect(await refusal(file('time,name\n2020-01-01,x\n'))).toContain(
      'expected a column of numbers for the table, received "only name"',
    )
    expect(await refusal(file(HOURLY), { columns: ['humidty'] })).toContain(
      'expected one of the columns a, b for a column that is wanted, received "humidty"',
    )
    expect(await refusal(file(HOURLY.replace('a,', 'humidity,')), { columns: ['humidty'] })).toContain(
      'Did you mean humidity?',
    )
    expect(await refusal(file('time,a,b\n2020-01-01,NA,1\n2020-01-02,,2\n'), { columns: ['a'] })).toContain(
      'expected at least 1 number for column "a", received "only missing values"',
    )
    const [first, second] = [file(HOURLY), file(HOURLY.replace('b', 'c'))]
    expect(await refusal([first, second])).toContain(
      `reading ${second.replace(folder, '')}: expected one of the columns time, a, c`,
    )
  })

  it('with a cell that is no number, on its line of the file', async () => {
    // A line end within quotes and an empty line come before it.
    const path = file('time,note,x\n2020-01-01,"two\nlines",1\n\n2020-01-02,b,oops\n2020-01-03,c,3\n2020-01-04,c,4\n')
    expect(await refusal(path)).toContain('row 5: expected a finite number for column "x", received "oops"')
    expect(column(await read(path, { missingText: ['OOPS'] }), 'x')).toEqual([1, NaN, 3, 4])
    expect(await refusal(file(HOURLY.replace('1e3', 'inf')))).toContain(
      'row 4: expected a finite number for column "b", received "inf"',
    )
    expect(await refusal(file(HOURLY.replace('2.5', '"2,5"')))).toContain(
      'row 2: expected a finite number for column "b", received "2,5"',
    )
  })

  it('in the second file, far down, named with both', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `${1_600_000_000 + i},${i === 4321 ? '1.2.3' : i % 9}\n`)
    const first = file('time,x\n1500000000,1\n1500000001,1\n')
    const second = file(`time,x\n${rows.join('')}`)
    expect(await refusal([first, second])).toContain(
      `reading ${second.replace(folder, '')}, row 4323: expected a finite number for column "x", received "1.2.3"`,
    )
  })

  it('with times that are wrong, missing or written in two ways', async () => {
    expect(await refusal(file(HOURLY.replace('01 01:00', '41 01:00')))).toContain(
      'row 3: expected a date or time that exists for column "time", received "2020-01-41 01:00:00"',
    )
    expect(await refusal(file(HOURLY.replace('2020-01-01 01:00:00', '')))).toContain(
      'row 3: expected a date or time that exists',
    )
    expect(await refusal(file(HOURLY.replace('2020-01-01 01:00:00', '2020-01-01T01:00:00Z')))).toContain(
      'row 3: expected times written as in the first row for column "time", received "2020-01-01T01:00:00Z"',
    )
    expect(await refusal(file(HOURLY.replace('2020-01-01 01:00:00', '1577840400')))).toContain(
      'row 3: expected times written as in the first row',
    )
  })

  it('with ragged rows, open quotes and other encodings', async () => {
    expect(await refusal(file(HOURLY.replace('NA,-3', 'NA')))).toContain(
      'row 3: expected 3 cells (one for each column) for the row, received "2: ',
    )
    expect(await refusal(file(HOURLY.replace('NA,-3', 'NA,-3,7')))).toContain(
      'row 3: expected 3 cells (one for each column) for the row, received "4: ',
    )
    expect(await refusal(file(Buffer.from(HOURLY.replace('NA', '\u00e9'), 'latin1')))).toContain(
      'row 3: expected UTF-8 for the text',
    )
  })

  it('among several files, with the one that is ragged', async () => {
    const [first, second] = [file('date,x\n01/02/2020,1\n02/02/2020,5\n'), file('date,x\n13/02/2020,1\n14/02/2020\n')]
    expect(await refusal([first, second])).toContain(`reading ${second.replace(folder, '')}, row 3: expected 2 cells`)
  })

  it('that are damaged', async () => {
    expect(await refusal(file(`PAR1${'x'.repeat(40)}PAR1`, '.parquet'))).toContain(
      'expected a whole Parquet file for the file, received',
    )
    const whole = gzipSync(
      `time,x\n${Array.from({ length: 500 }, (_, i) => `${1_600_000_000 + i},${(i * 7919) % 1013}\n`).join('')}`,
    )
    expect(await refusal(file(whole.subarray(0, whole.length / 2), '.csv.gz'))).toContain('Is it a whole gzip file?')
  })

  it('to which something is being appended, up to the last whole line', async () => {
    const path = file(`${HOURLY}2020-01-01 03:00:00,5`)
    const table = await read(path)
    expect(column(table, 'a')).toEqual([1, NaN, 4])
    expect(table.notes).toContain(`${path} ends in the middle of a line: read are the 3 rows that were complete.`)
  })
  it('which grow while they are read, up to what was complete when reading began', async () => {
    const columns = { time: ['time'], keys: [], numbers: ['a', 'b'], texts: [] }
    const plan = { ...columns, parse: parseInstant, missingText: [], limit: Infinity, capacity: 1 }
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
    const connection = await instance.connect()
    // The first looks whole, but was half written; what follows is wrong, which is not yet of interest.
    for (const before of [`${HOURLY}2020-01-01 03:00:00,5,1`, HOURLY]) {
      const path = file(before)
      const open = await openFile(connection, path)
      appendFileSync(path, '2\n2020-01-01 04:00:00,6,oops\n2020-01-01 05:00:00,6\n')
      const rows = await readRows(connection, [open], plan, [])
      expect(rows.times.length).toBe(3)
      expect([...(rows.numbers.get('b') ?? [])]).toEqual([2.5, -3, 1000])
      expect(rows.notes).toEqual([`${path} grew while it was read: read are the 3 rows that were complete.`])
    }
    connection.closeSync()
    instance.closeSync()
  })
})
