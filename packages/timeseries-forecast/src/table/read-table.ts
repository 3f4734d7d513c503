/**
 * A table from CSV, TSV and Parquet files: which column is the time, how far apart the rows are, one series for each key, on regular axes.
 * Nothing is guessed without being said in the table's notes, and nothing wrong is passed over: it is an error that names file, row and
 * column. DuckDB reads; columns.ts, read-rows.ts and axis.ts have the parts.
 */
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { expected, UserError } from '@weft/core'
import { plural } from '@weft/core/cli'
import type { Series, Step, Table } from '../series.js'
import { inOrder, onGrid, toInstants, withoutDuplicates } from './axis.js'
import type { Axis, AxisContext, Duplicates, Grid, Unsorted } from './axis.js'
import { columnOf, timeColumns, valueColumns } from './columns.js'
import type { Sample, ValueColumns } from './columns.js'
import { damaged, findFiles, openFile } from './files.js'
import type { TableFile } from './files.js'
import { parseInstant, parseNumberedInstant } from './instants.js'
import { gapNotes, missingNotes, stepNote } from './notes.js'
import { FILENAME, readRows } from './read-rows.js'
import type { Rows } from './read-rows.js'
import { RowProblem } from './row-problem.js'
import { inferStep, parseStep } from './step.js'
import { TimeZone } from './time-zone.js'

const DAY = 86_400_000
/** Rows from which it is decided what a column holds. */
const SAMPLE = 1000
/** Memory that DuckDB may use; what is read lies outside it. */
const DUCKDB_MEMORY = '256MB'
/** One thread reads as fast as JavaScript takes the rows; with several, a streamed result may lose the order of the rows. */
const DUCKDB_THREADS = '1'

/** Which comes first in dates such as 01/02/2003. */
export type DateOrder = 'day-first' | 'month-first'

/** What to read, and what to do with what is not as it should be. */
export interface TableOptions {
  /** A file, a folder, a glob, or several; the rows of several files follow one another. */
  readonly data: string | readonly string[]
  /** The column of time, or several joined by `+`, such as `year+month+day`; inferred unless told. */
  readonly time?: string
  /** Columns that tell several series apart; `filename` stands for the name of the file. */
  readonly key?: readonly string[]
  /** Columns of values; all of numbers unless told. One of texts becomes a column `name=value` of 0 and 1 for each value. */
  readonly columns?: readonly string[]
  /** Columns that are constant within a series. */
  readonly statics?: readonly string[]
  /** Values of columns of texts, in the order of their columns, as training found them; found unless told. */
  readonly categories?: ReadonlyMap<string, readonly string[]>
  /** Such as `15min`, `1h`, `1d`, `1month`, `rows`; inferred unless told. */
  readonly step?: string
  /** IANA name, for times without an offset; default `UTC`. */
  readonly timeZone?: string
  /** Needed where dates such as 01/02/2003 could be read either way. */
  readonly dateOrder?: DateOrder
  readonly duplicates: Duplicates
  readonly unsorted: Unsorted
  /** Further texts that stand for a missing value, in any case of letters. */
  readonly missingText?: readonly string[]
  /** Rows to read at most; default: all. */
  readonly rows?: number
}

/**
 * Reads a table into memory, 8 bytes for each time and number.
 *
 * @throws UserError that names file, row (the line of the file, counted from 1) and column of what is wrong.
 */
export async function readTable(options: TableOptions): Promise<Table> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: DUCKDB_MEMORY, threads: DUCKDB_THREADS })
  const connection = await instance.connect()
  try {
    return await readWith(connection, options)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** What was decided about the columns. */
interface Plan extends ValueColumns {
  readonly time: readonly string[]
  readonly key: readonly string[]
  readonly notes: readonly string[]
}

async function readWith(connection: DuckDBConnection, options: TableOptions): Promise<Table> {
  const files: TableFile[] = []
  for (const path of await findFiles(connection, options.data)) files.push(await openFile(connection, path))
  const [first] = files
  if (first === undefined) throw expected('reading a table', 'at least 1 file', 'data', 'none')
  const sample = await readSample(connection, first)
  const plan = planColumns(sample, options)
  for (const file of files) checkColumns(file, plan)
  const dayFirst = await isDayFirst(connection, files, plan.time, sample, options.dateOrder)
  const starts: number[] = []
  try {
    const rows = await readRows(
      connection,
      files,
      {
        time: plan.time,
        parse: (text) => parseInstant(text, dayFirst) ?? parseNumberedInstant(text),
        keys: plan.key,
        numbers: plan.numbers,
        texts: plan.texts,
        missingText: options.missingText ?? [],
        limit: options.rows ?? Infinity,
      },
      starts,
    )
    return buildTable(rows, plan, options, first.path)
  } catch (error) {
    throw error instanceof RowProblem ? await located(connection, files, starts, error) : error
  }
}

async function readSample(connection: DuckDBConnection, file: TableFile): Promise<Sample> {
  const columns = file.names.map((_, at) => `coalesce(CAST(${file.column(at)} AS VARCHAR), '')`).join(', ')
  try {
    const found = await connection.runAndReadAll(`SELECT ${columns} FROM ${file.from} LIMIT ${SAMPLE}`)
    const cells = found.getColumns().map((column) => column.map(String))
    if (found.currentRowCount > 0) return { path: file.path, names: file.names, types: file.types, cells }
  } catch (error) {
    throw damaged(file.path, error)
  }
  await file.finish(connection, 0)
  throw expected(`reading ${file.path}`, 'rows below the header', 'the table', 'none')
}

function planColumns(sample: Sample, options: TableOptions): Plan {
  const time = timeColumns(sample, options.time)
  const key = options.key ?? []
  for (const name of key) if (name !== FILENAME) columnOf(sample.path, sample.names, name, '--key')
  const statics = options.statics ?? []
  for (const name of statics) columnOf(sample.path, sample.names, name, '--statics')
  const wanted = options.columns === undefined ? undefined : [...new Set([...options.columns, ...statics])]
  const categories = options.categories ?? new Map<string, readonly string[]>()
  const found = valueColumns(sample, wanted, [...time, ...key], categories)
  const more = wanted === undefined ? statics.filter((name) => !found.numbers.includes(name)) : []
  const texts = [...found.texts, ...more]
  const leftOut = found.leftOut.filter((name) => !texts.includes(name))
  const notes = [`The time is in column ${time.join('+')}${options.time === undefined ? ', inferred' : ''}.`]
  if (leftOut.length > 0) notes.push(`Left out, since they hold texts: ${leftOut.join(', ')}.`)
  return { time, key, numbers: found.numbers, texts, leftOut, notes }
}

function checkColumns(file: TableFile, { time, key, numbers, texts }: Plan): void {
  for (const name of [...time, ...key.filter((one) => one !== FILENAME), ...numbers, ...texts]) {
    columnOf(file.path, file.names, name, 'a column that the first file has')
  }
}

/**
 * Whether 01/02/2003 is in February: as told, by the dots between, or because some date of the column can be read in one way alone.
 *
 * @throws UserError when all can be read in both ways.
 */
async function isDayFirst(
  connection: DuckDBConnection,
  files: readonly TableFile[],
  time: readonly string[],
  sample: Sample,
  order: DateOrder | undefined,
): Promise<boolean> {
  if (order !== undefined) return order === 'day-first'
  const slashed = (name: string) =>
    sample.cells[sample.names.indexOf(name)]?.some((cell) => /^\s*\d{1,2}([-/.])\d{1,2}\1\d{4}/.test(cell))
  const name = time.find(slashed)
  if (name === undefined) return false
  let dots = false
  for (const file of files) {
    const cell = `CAST(${file.column(file.names.indexOf(name))} AS VARCHAR)`
    const part = (at: number) =>
      `max(TRY_CAST(regexp_extract(${cell}, '^\\s*(\\d{1,2})[-/.](\\d{1,2})', ${at}) AS INTEGER))`
    const found = await connection.runAndReadAll(
      `SELECT ${part(1)}, ${part(2)}, bool_or(contains(${cell}, '.')) FROM ${file.from}`,
    )
    const [first, second, dotted] = found.getRows()[0] ?? []
    if (Number(first) > 12) return true
    if (Number(second) > 12) return false
    dots ||= dotted === true
  }
  if (dots) return true
  const hint = 'Say --date-order day-first or month-first.'
  throw expected(
    `reading ${sample.path}`,
    'dates that can be read in one way',
    name,
    sample.cells[sample.names.indexOf(name)]?.[0],
    hint,
  )
}

/** The error of a row with its file and its line. */
async function located(
  connection: DuckDBConnection,
  files: readonly TableFile[],
  starts: readonly number[],
  problem: RowProblem,
): Promise<UserError> {
  const at = starts.findLastIndex((start) => start <= problem.row)
  const file = files[at]
  if (file === undefined) return new UserError(problem.message, problem.hint)
  const within = problem.row - (starts[at] ?? 0)
  const column = file.names.indexOf(problem.column)
  let received = problem.received
  if (received === undefined && column >= 0) {
    const sql = `SELECT CAST(${file.column(column)} AS VARCHAR) FROM ${file.from} LIMIT 1 OFFSET ${within}`
    received = String((await connection.runAndReadAll(sql)).getRows()[0]?.[0])
  }
  const where = `reading ${file.path}, row ${await file.row(within)}`
  return expected(where, problem.what, `column "${problem.column}"`, received, problem.hint)
}

/** Rows of the table become series. */
function buildTable(rows: Rows, plan: Plan, options: TableOptions, path: string): Table {
  const notes = [...plan.notes, ...rows.notes]
  if (rows.times.length === 0) throw expected(`reading ${path}`, 'complete rows below the header', 'the table', 'none')
  const { columns, categories } = expandTexts(rows, options.categories, notes)
  dropUseless(columns, options, path, notes)
  notes.push(...missingNotes(columns))
  const timeColumn = plan.time.join('+')
  const zone = new TimeZone(rows.zoned || areDays(rows.times) ? 'UTC' : (options.timeZone ?? 'UTC'))
  const shown = new TimeZone(rows.zoned ? (options.timeZone ?? 'UTC') : zone.name)
  const context: AxisContext = { timeColumn, zone: shown }
  if (!rows.zoned && zone.name !== (options.timeZone ?? zone.name)) {
    notes.push('The times are whole days apart and are kept as the clock showed them, without a time zone.')
  }
  const axes = splitByKey(rows).map((axis) => settle(axis, zone, options, columns, context))
  const inferred = options.step === undefined ? inferStep(axes.map(({ axis }) => axis.times)) : undefined
  const step: Step = inferred?.step ?? parseStep(options.step ?? 'rows')
  notes.push(stepNote(step, inferred?.why))
  const [back, merged] = [sum(axes.map((one) => one.back)), sum(axes.map((one) => one.merged))]
  if (back > 0) notes.push(`${plural(back, 'row')} went back in time; the rows are sorted.`)
  if (merged > 0)
    notes.push(
      `${plural(merged, 'row')} at a time that was there already: ${options.duplicates === 'mean' ? 'the mean counts' : `the ${options.duplicates} counts`}.`,
    )
  const grids = axes.map(({ axis }) => onGrid(axis, step, context))
  notes.push(...gapNotes(grids, rows.keys, shown))
  const series = gather(grids, rows.keys, columns, options.statics ?? [], categories, context)
  return { series, step, timeColumn, rows: rows.times.length, timeZone: shown.name, notes, categories }
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0)
}

/** Whether all times are whole days apart: then they are days of the calendar, which no clock that is put back makes longer. */
function areDays(times: Float64Array): boolean {
  const first = times[0] ?? 0
  return times.every((time) => (time - first) % DAY === 0)
}

/** Columns of 0 and 1 in the place of texts. */
function expandTexts(rows: Rows, known: TableOptions['categories'], notes: string[]) {
  const columns = rows.numbers
  const categories = new Map<string, readonly string[]>()
  for (const [name, { codes, values }] of rows.texts) {
    const wanted = known?.get(name) ?? [...values].sort()
    categories.set(name, wanted)
    for (const value of wanted) {
      const code = values.indexOf(value)
      columns.set(
        `${name}=${value}`,
        codes.map((one) => (Number.isNaN(one) ? NaN : Number(one === code))),
      )
    }
    const unknown = values.filter((value) => !wanted.includes(value))
    if (unknown.length > 0)
      notes.push(`Values of ${name} that are not among those known, all of whose columns are 0: ${unknown.join(', ')}.`)
  }
  return { columns, categories }
}

/** Leaves out what nobody asked for and is of no use. @throws UserError when all values of a wanted column are missing. */
function dropUseless(columns: Map<string, Float64Array>, options: TableOptions, path: string, notes: string[]): void {
  for (const [name, values] of columns) {
    const isAsked = options.columns !== undefined || options.statics?.includes(name) === true || name.includes('=')
    const isEmpty = values.every(Number.isNaN)
    if (isEmpty && isAsked && !name.includes('='))
      throw expected(`reading ${path}`, 'at least 1 number', `column "${name}"`, 'only missing values')
    const first = values[0] ?? NaN
    const counts =
      (first === 0 || first === 1) && values.length > 2 && values.every((value, at) => value === first + at)
    if (isAsked || !(isEmpty || (counts && columns.size > 1))) continue
    columns.delete(name)
    notes.push(`Left out, since ${isEmpty ? 'all its values are missing' : 'it only counts the rows'}: ${name}.`)
  }
  if (columns.size === 0) throw expected(`reading ${path}`, 'a column of numbers', 'the table', 'only missing values')
}

/** The rows of each series, in their order. */
function splitByKey({ times, codes, keys }: Rows): Axis[] {
  if (codes === undefined) return [{ times, rows: undefined }]
  const counts = new Uint32Array(keys.length)
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  const rows = Array.from(counts, (count) => new Int32Array(count))
  const used = new Uint32Array(keys.length)
  codes.forEach((code, row) => {
    const [list, at] = [rows[code], used[code] ?? 0]
    if (list !== undefined) list[at] = row
    used[code] = at + 1
  })
  return rows.map((list) => ({ times: Float64Array.from(list, (row) => times[row] ?? NaN), rows: list }))
}

function settle(
  axis: Axis,
  zone: TimeZone,
  options: TableOptions,
  columns: ReadonlyMap<string, Float64Array>,
  context: AxisContext,
) {
  const instants = zone.name === 'UTC' ? axis : toInstants(axis, context)
  const { axis: sorted, back } = inOrder(instants, options.unsorted, context)
  const { axis: unique, merged } = withoutDuplicates(sorted, options.duplicates, columns.values(), context)
  return { axis: unique, back, merged }
}

/** The numbers of each series on its grid. Columns are given up one by one, so that no more than one is held twice. */
function gather(
  grids: readonly Grid[],
  keys: readonly string[],
  columns: Map<string, Float64Array>,
  statics: readonly string[],
  categories: ReadonlyMap<string, readonly string[]>,
  { timeColumn }: AxisContext,
): Series[] {
  const series = grids.map(({ axis }, at) => ({
    key: keys[at] ?? '',
    times: axis.times,
    columns: new Map<string, Float64Array>(),
    statics: new Map<string, number>(),
  }))
  const isStatic = (name: string) =>
    statics.some((one) => name === one || (categories.get(one)?.some((value) => name === `${one}=${value}`) ?? false))
  for (const [name, values] of columns) {
    columns.delete(name)
    for (const [at, { axis }] of grids.entries()) {
      if (isStatic(name)) series[at]?.statics.set(name, constant(values, axis, name, timeColumn))
      else
        series[at]?.columns.set(
          name,
          axis.rows === undefined ? values : Float64Array.from(axis.rows, (row) => values[row] ?? NaN),
        )
    }
  }
  return series
}

/** The one number of a column in a series; NaN when it is missing. @throws RowProblem where there is another. */
function constant(values: Float64Array, { rows, times }: Axis, name: string, timeColumn: string): number {
  let found = NaN
  for (let at = 0; at < times.length; at++) {
    const row = rows?.[at] ?? at
    const value = values[row] ?? NaN
    if (Number.isNaN(found)) found = value
    else if (!Number.isNaN(value) && value !== found) {
      const hint = `A static column does not change with ${timeColumn}.`
      throw new RowProblem(row, `one value throughout a series, ${found} so far,`, name, String(value), hint)
    }
  }
  return found
}
