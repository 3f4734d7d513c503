/**
 * The rows of files as columns of numbers: DuckDB parses and converts, its chunks are taken in their order, and only the columns that are
 * wanted are held, 8 bytes a cell. A cell that does not hold what its column should ends the reading; it is never silently missing.
 */
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { damaged, nameOf, sqlText } from './files.js'
import type { TableFile } from './files.js'
import type { Instant } from './instants.js'
import { RowProblem } from './row-problem.js'
import { cell, NumberColumnBuilder, TextColumnBuilder, TimeColumnBuilder } from './column-builders.js'
import type { ColumnBuilder } from './column-builders.js'

/** Most values of a column of texts. */
const MOST_VALUES = 100
/** A name of a key column that stands for the name of the file. */
export const FILENAME = 'filename'

/** What to read. */
export interface RowPlan {
  /** Columns that are one time together, and how their text is read. */
  readonly time: readonly string[]
  readonly parse: (text: string) => Instant | undefined
  readonly keys: readonly string[]
  readonly numbers: readonly string[]
  readonly texts: readonly string[]
  readonly missingText: readonly string[]
  /** Most rows of all files. */
  readonly limit: number
  /** About how many rows there are. */
  readonly capacity: number
}

/** Rows of all files, one after another. */
export interface Rows {
  /** Milliseconds; as the clock shows them unless `zoned`. */
  readonly times: Float64Array
  readonly zoned: boolean
  /** Number of the series of each row; undefined without keys. */
  readonly codes: Float64Array | undefined
  /** Names of the series; one that is empty without keys. */
  readonly keys: readonly string[]
  readonly numbers: Map<string, Float64Array>
  /** Numbers of values, NaN where missing, and the values themselves in order of appearance. */
  readonly texts: ReadonlyMap<string, { readonly codes: Float64Array; readonly values: readonly string[] }>
  readonly notes: readonly string[]
}

function keySql(file: TableFile, keys: readonly string[]): string {
  const one = (name: string) => {
    if (name === FILENAME && !file.names.includes(FILENAME)) return sqlText(nameOf(file.path))
    return `trim(CAST(${cell(file, name)} AS VARCHAR))`
  }
  // One part that is missing makes the whole key NULL.
  return keys.map(one).join(` || '/' || `)
}

/**
 * Reads the rows of all files.
 *
 * @param starts Gets the number of the first row of each file as it is begun.
 * @throws RowProblem at the first wrong cell; UserError for a file that is damaged or whose rows are ragged.
 */
export async function readRows(
  connection: DuckDBConnection,
  files: readonly TableFile[],
  plan: RowPlan,
  starts: number[],
): Promise<Rows> {
  const time = new TimeColumnBuilder(plan.time, plan.parse, plan.capacity)
  const numbers = plan.numbers.map((name) => new NumberColumnBuilder(name, plan.missingText, plan.capacity))
  const texts = plan.texts.map(
    (name) => new TextColumnBuilder(name, (file) => `CAST(${cell(file, name)} AS VARCHAR)`, MOST_VALUES, plan.capacity),
  )
  const keys =
    plan.keys.length === 0
      ? []
      : [new TextColumnBuilder(plan.keys.join('+'), (file) => keySql(file, plan.keys), Infinity, plan.capacity)]
  const builders: ColumnBuilder[] = [time, ...numbers, ...texts, ...keys]
  const notes: string[] = []
  for (const file of files) {
    const before = time.column.length
    starts.push(before)
    if (before >= plan.limit) break
    const problem = await readFile(connection, file, builders, plan.limit - before)
    const read = problem === undefined ? time.column.length : problem.row + 1
    const { rows, note } = await file.finish(connection, read - before)
    // A cell is not wrong when its row was not yet written to the end.
    if (problem !== undefined && before + rows > problem.row) throw problem
    for (const builder of builders) builder.column.truncate(before + rows)
    if (note !== undefined) notes.push(note)
  }
  return {
    times: time.column.values,
    zoned: time.zoned,
    codes: keys[0]?.column.values,
    keys: keys[0]?.values ?? [''],
    numbers: new Map(numbers.map((builder) => [builder.name, builder.column.values])),
    texts: new Map(
      texts.map((builder, at) => [plan.texts[at] ?? '', { codes: builder.column.values, values: builder.values }]),
    ),
    notes,
  }
}

/** @returns the wrong cell at which reading ended, if there was one. */
async function readFile(
  connection: DuckDBConnection,
  file: TableFile,
  builders: readonly ColumnBuilder[],
  limit: number,
): Promise<RowProblem | undefined> {
  const columns = builders.map((builder) => builder.sql(file))
  const limited = limit === Infinity ? '' : ` LIMIT ${limit}`
  const sql = `SELECT ${columns.flat().join(', ')} FROM ${file.from}${limited}`
  try {
    for await (const chunk of chunksAhead(connection, sql)) {
      const row = builders[0]?.column.length ?? 0
      let at = 0
      for (const [number, builder] of builders.entries()) {
        const vectors = columns[number]?.map(() => chunk.getColumnVector(at++)) ?? []
        builder.add(vectors, chunk.rowCount, row)
      }
    }
    return undefined
  } catch (error) {
    if (error instanceof RowProblem) return error
    throw damaged(file.path, error)
  }
}

/** The chunks of a result; DuckDB prepares the next one while one is used. */
async function* chunksAhead(connection: DuckDBConnection, sql: string): AsyncGenerator<DuckDBDataChunk> {
  const result = await connection.stream(sql)
  let next = result.fetchChunk()
  try {
    for (let chunk = await next; chunk !== null && chunk.rowCount > 0; chunk = await next) {
      next = result.fetchChunk()
      yield chunk
    }
  } finally {
    // The connection must not be closed while a chunk is on its way; an error of it has been thrown already.
    await next.catch(() => null)
  }
}
