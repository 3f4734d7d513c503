/**
 * A table from CSV, TSV and Parquet files: which column is the time, how far apart the rows are, one series for each key, on regular axes.
 * The table's notes list all that was guessed; what is wrong is never passed over but an error that names file, row and column. DuckDB
 * reads; columns.ts, read-rows.ts and build-table.ts have the parts.
 */
import { statSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { expected, UserError } from '@weft/core/errors'
import type { Table } from '../series/series.js'
import { buildTable } from './build-table.js'
import type { TablePlan } from './build-table.js'
import { columnOf, timeColumns, valueColumns } from './columns.js'
import type { Sample } from './columns.js'
import { damaged, findFiles, openFile } from './files.js'
import type { TableFile } from './files.js'
import { parseInstant, parseNumberedInstant } from './instants.js'
import { FILENAME, readRows } from './read-rows.js'
import { RowProblem } from './row-problem.js'
import type { DateOrder, TableOptions } from './table-options.js'

/** Rows from which it is decided what a column holds. */
const SAMPLE = 1000
/** Memory that DuckDB may use; what is read lies outside it. */
const DUCKDB_MEMORY = '256MB'
/** One thread reads as fast as JavaScript takes the rows; with several, a streamed result may lose the order of the rows. */
const DUCKDB_THREADS = '1'

/**
 * Reads a table into memory, 8 bytes for each time and number.
 *
 * @throws UserError that names file, row (the line of the file, counted from 1) and column of what is wrong.
 */
export function readTable(options: TableOptions): Promise<Table> {
  return connected((connection) => readWith(connection, options))
}

/**
 * The files that a name, a glob or a folder stands for.
 *
 * @throws UserError when it stands for none.
 */
export function tableFiles(data: TableOptions['data']): Promise<string[]> {
  return connected((connection) => findFiles(connection, data))
}

async function connected<T>(action: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: DUCKDB_MEMORY, threads: DUCKDB_THREADS })
  const connection = await instance.connect()
  try {
    return await action(connection)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function readWith(connection: DuckDBConnection, options: TableOptions): Promise<Table> {
  const files: TableFile[] = []
  for (const path of await findFiles(connection, options.data)) files.push(await openFile(connection, path))
  const [first] = files
  if (first === undefined)
    throw expected({ doing: 'reading a table', want: 'at least 1 file', of: 'data', got: 'none' })
  const sample = await readSample(connection, first)
  const plan = planColumns(sample, options)
  for (const file of files) checkColumns(file, plan)
  const dateOrder = await dateOrderOf(connection, files, plan.time, sample, options.dateOrder)
  const dayFirst = dateOrder === 'day-first'
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
        capacity: Math.min(options.rows ?? Infinity, rowsAbout(files, sample)),
      },
      starts,
    )
    return { ...buildTable(rows, plan, options, first.path), ...(dateOrder !== undefined && { dateOrder }) }
  } catch (error) {
    throw error instanceof RowProblem ? await located(connection, files, starts, error) : error
  }
}

/** How many rows there are if all are about as long as those of the sample, and a tenth more, so that it is rarely too few. */
function rowsAbout(files: readonly TableFile[], { cells }: Sample): number {
  const bytes = files.reduce((sum, { path }) => sum + statSync(path).size, 0)
  const marks = cells.length * (cells[0]?.length ?? 0)
  const letters = cells.reduce((sum, column) => sum + column.join('').length, 0)
  return (1.1 * bytes * (cells[0]?.length ?? 0)) / (letters + marks)
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
  throw expected({ doing: `reading ${file.path}`, want: 'rows below the header', of: 'the table', got: 'none' })
}

function planColumns(sample: Sample, options: TableOptions): TablePlan {
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

function checkColumns(file: TableFile, { time, key, numbers, texts }: TablePlan): void {
  for (const name of [...time, ...key.filter((one) => one !== FILENAME), ...numbers, ...texts]) {
    columnOf(file.path, file.names, name, 'a column that the first file has')
  }
}

/**
 * Whether 01/02/2003 begins with the day or the month; undefined where no date is written so. The option says so, or dots between the
 * numbers, or some date of the column that can be read in only one way.
 *
 * @throws UserError when all can be read in both ways.
 */
async function dateOrderOf(
  connection: DuckDBConnection,
  files: readonly TableFile[],
  time: readonly string[],
  sample: Sample,
  order: DateOrder | undefined,
): Promise<DateOrder | undefined> {
  if (order !== undefined) return order
  // Times are written as the first is; readRows names one that is not.
  const slashed = (name: string) =>
    /^\s*\d{1,2}([-/.])\d{1,2}\1\d{4}/.test(
      sample.cells[sample.names.indexOf(name)]?.find((cell) => cell.trim() !== '') ?? '',
    )
  const name = time.find(slashed)
  if (name === undefined) return undefined
  let dots = false
  for (const file of files) {
    const cell = `CAST(${file.column(file.names.indexOf(name))} AS VARCHAR)`
    const part = (at: number) =>
      `max(TRY_CAST(regexp_extract(${cell}, '^\\s*(\\d{1,2})[-/.](\\d{1,2})', ${at}) AS INTEGER))`
    const found = await connection.runAndReadAll(
      `SELECT ${part(1)}, ${part(2)}, bool_or(contains(${cell}, '.')) FROM ${file.from}`,
    )
    const [first, second, dotted] = found.getRows()[0] ?? []
    if (Number(first) > 12) return 'day-first'
    if (Number(second) > 12) return 'month-first'
    dots ||= dotted === true
  }
  if (dots) return 'day-first'
  const hint = 'Say --date-order day-first or month-first.'
  throw expected({
    doing: `reading ${sample.path}`,
    want: 'dates that can be read in one way',
    of: name,
    got: sample.cells[sample.names.indexOf(name)]?.[0],
    hint,
  })
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
  return expected({
    doing: where,
    want: problem.what,
    of: `column "${problem.column}"`,
    got: received,
    hint: problem.hint,
  })
}
