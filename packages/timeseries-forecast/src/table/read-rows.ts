/**
 * The rows of files as columns of numbers: DuckDB parses and converts, its chunks are taken in their order, and only the columns that are
 * wanted are held, 8 bytes a cell. A cell that is none of what it should be ends the reading with its row; it is never silently missing.
 */
import type { DuckDBConnection, DuckDBVector } from '@duckdb/node-api'
import { MISSING_TEXTS, PARTS } from './columns.js'
import { damaged, nameOf, sqlText } from './files.js'
import type { TableFile } from './files.js'
import type { Instant } from './instants.js'
import { RowProblem } from './row-problem.js'

/** Rows of a block; blocks are joined at the end, so that growing never holds a column twice. */
const BLOCK = 1 << 17
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
}

/** Rows of all files, one after another. */
export interface Rows {
  /** Milliseconds; as the clock shows them unless `zoned`. */
  readonly times: Float64Array
  readonly zoned: boolean
  /** Number of the series of each row, and their names; all 0 and one empty name without keys. */
  readonly codes: Float64Array | undefined
  readonly keys: readonly string[]
  readonly numbers: Map<string, Float64Array>
  /** Numbers of values, NaN where missing, and the values themselves in order of appearance. */
  readonly texts: ReadonlyMap<string, { readonly codes: Float64Array; readonly values: readonly string[] }>
  readonly notes: readonly string[]
}

/** A column that grows. */
class Growing {
  #blocks: Float64Array[] = []
  #last: Float64Array = new Float64Array(0)
  #used = 0
  length = 0

  push(value: number): void {
    if (this.#used === this.#last.length) {
      this.#last = new Float64Array(BLOCK)
      this.#blocks.push(this.#last)
      this.#used = 0
    }
    this.#last[this.#used++] = value
    this.length++
  }

  truncate(length: number): void {
    this.length = Math.min(this.length, length)
    this.#blocks.length = Math.ceil(this.length / BLOCK)
    this.#last = this.#blocks.at(-1) ?? new Float64Array(0)
    this.#used = this.length - BLOCK * Math.max(0, this.#blocks.length - 1)
  }

  /** The column, which empties this. */
  take(): Float64Array {
    const all = new Float64Array(this.length)
    for (let at = 0; at < this.length; at += BLOCK) {
      all.set((this.#blocks.shift() ?? new Float64Array(0)).subarray(0, this.length - at), at)
    }
    return all
  }
}

/** A column to be filled from vectors of DuckDB. */
interface Sink {
  readonly column: Growing
  sql(file: TableFile): string
  /** @param row Number of the vector's first row. */
  add(vector: DuckDBVector, count: number, row: number): void
}

/** The SQL of a column of a file by its name. */
function cell(file: TableFile, name: string): string {
  return file.column(file.names.indexOf(name))
}

/** SQL of one text of columns that are a time together: year, month, day… as a date, anything else with blanks between. */
function joinedTime(names: readonly string[], sql: (name: string) => string): string {
  const areParts = names.length > 1 && names.every((name, at) => name.toLowerCase() === PARTS[at])
  const marks = areParts ? ['-', '-', ' ', ':', ':'] : []
  return names.map((name, at) => (at === 0 ? sql(name) : `'${marks[at - 1] ?? ' '}' || ${sql(name)}`)).join(' || ')
}

class NumberSink implements Sink {
  readonly column = new Growing()
  readonly name: string
  readonly #missing: readonly string[]

  constructor(name: string, missingText: readonly string[]) {
    this.name = name
    this.#missing = missingText
  }

  /** NaN where missing, infinity where it is no number, so that both come without NULLs. */
  sql(file: TableFile): string {
    const text = `CAST(${cell(file, this.name)} AS VARCHAR)`
    const list = (texts: readonly string[]) => texts.map((one) => sqlText(one.toLowerCase())).join(', ')
    const isMissing = (texts: readonly string[]) => `lower(trim(${text})) IN (${list(texts)})`
    const number = `coalesce(TRY_CAST(${cell(file, this.name)} AS DOUBLE),
      CASE WHEN ${text} IS NULL OR ${isMissing(MISSING_TEXTS)} THEN 'nan'::DOUBLE ELSE 'infinity'::DOUBLE END)`
    return this.#missing.length === 0
      ? number
      : `CASE WHEN ${isMissing(this.#missing)} THEN 'nan'::DOUBLE ELSE ${number} END`
  }

  add(vector: DuckDBVector, count: number, row: number): void {
    for (let i = 0; i < count; i++) {
      const value = Number(vector.getItem(i))
      if (value === Infinity || value === -Infinity) {
        const hint =
          'Name a text that stands for a missing value with --missing-text, or leave the column out of --columns.'
        throw new RowProblem(row + i, 'a finite number', this.name, undefined, hint)
      }
      this.column.push(value)
    }
  }
}

class TimeSink implements Sink {
  readonly column = new Growing()
  readonly #plan: RowPlan
  #first: Instant | undefined

  constructor(plan: RowPlan) {
    this.#plan = plan
  }

  get zoned(): boolean {
    return this.#first?.zoned === true
  }

  sql(file: TableFile): string {
    const [name = '', ...more] = this.#plan.time
    const type = file.types[file.names.indexOf(name)]
    if (more.length === 0 && (type === 'local' || type === 'zoned')) {
      const offset = type === 'zoned' ? 'Z' : ''
      return `strftime(make_timestamp(epoch_us(${cell(file, name)})), '%Y-%m-%dT%H:%M:%S.%g${offset}')`
    }
    return joinedTime(this.#plan.time, (one) => `CAST(${cell(file, one)} AS VARCHAR)`)
  }

  add(vector: DuckDBVector, count: number, row: number): void {
    const name = this.#plan.time.join('+')
    for (let i = 0; i < count; i++) {
      const text = String(vector.getItem(i) ?? '')
      const found = this.#plan.parse(text)
      if (found === undefined) throw new RowProblem(row + i, 'a date or time that exists', name, text)
      const first = (this.#first ??= found)
      if (found.form !== first.form || found.zoned !== first.zoned) {
        throw new RowProblem(
          row + i,
          'times written as in the first row',
          name,
          text,
          'All times of a column are written alike.',
        )
      }
      this.column.push(found.ms)
    }
  }
}

/** Texts as numbers of their values. */
class TextSink implements Sink {
  readonly column = new Growing()
  readonly values: string[] = []
  readonly #numbers = new Map<string, number>()
  readonly #name: string
  readonly #sql: (file: TableFile) => string
  readonly #most: number

  constructor(name: string, sql: (file: TableFile) => string, most: number) {
    this.#name = name
    this.#sql = sql
    this.#most = most
  }

  sql(file: TableFile): string {
    return this.#sql(file)
  }

  add(vector: DuckDBVector, count: number, row: number): void {
    for (let i = 0; i < count; i++) {
      const text = String(vector.getItem(i) ?? '').trim()
      this.column.push(
        MISSING_TEXTS.includes(text.toLowerCase()) ? this.#missing(row + i) : this.#numberOf(text, row + i),
      )
    }
  }

  #missing(row: number): number {
    if (this.#most === Infinity)
      throw new RowProblem(row, 'a value', this.#name, 'none', 'Each row says with its key to which series it belongs.')
    return NaN
  }

  #numberOf(text: string, row: number): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    if (this.values.length === this.#most) {
      throw new RowProblem(
        row,
        `at most ${this.#most} different texts`,
        this.#name,
        text,
        'Each becomes a column of 0 and 1.',
      )
    }
    this.#numbers.set(text, this.values.length)
    return this.values.push(text) - 1
  }
}

function keySql(file: TableFile, keys: readonly string[]): string {
  const one = (name: string) => {
    if (name === FILENAME && !file.names.includes(FILENAME)) return sqlText(nameOf(file.path))
    return `trim(CAST(${cell(file, name)} AS VARCHAR))`
  }
  // A key that is missing makes the whole of it NULL.
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
  const time = new TimeSink(plan)
  const numbers = plan.numbers.map((name) => new NumberSink(name, plan.missingText))
  const texts = plan.texts.map(
    (name) => new TextSink(name, (file) => `CAST(${cell(file, name)} AS VARCHAR)`, MOST_VALUES),
  )
  const keys =
    plan.keys.length === 0 ? [] : [new TextSink(plan.keys.join('+'), (file) => keySql(file, plan.keys), Infinity)]
  const sinks: Sink[] = [time, ...numbers, ...texts, ...keys]
  const notes: string[] = []
  for (const file of files) {
    const before = time.column.length
    starts.push(before)
    if (before >= plan.limit) break
    const problem = await readFile(connection, file, sinks, plan.limit - before)
    const read = problem === undefined ? time.column.length : problem.row + 1
    const { rows, note } = await file.finish(connection, read - before)
    // A wrong cell is none when its row was not yet complete.
    if (problem !== undefined && before + rows > problem.row) throw problem
    for (const sink of sinks) sink.column.truncate(before + rows)
    if (note !== undefined) notes.push(note)
  }
  return {
    times: time.column.take(),
    zoned: time.zoned,
    codes: keys[0]?.column.take(),
    keys: keys[0]?.values ?? [''],
    numbers: new Map(numbers.map((sink) => [sink.name, sink.column.take()])),
    texts: new Map(texts.map((sink, at) => [plan.texts[at] ?? '', { codes: sink.column.take(), values: sink.values }])),
    notes,
  }
}

/** @returns the wrong cell at which reading ended, if there was one. */
async function readFile(
  connection: DuckDBConnection,
  file: TableFile,
  sinks: readonly Sink[],
  limit: number,
): Promise<RowProblem | undefined> {
  const columns = sinks.map((sink) => sink.sql(file)).join(', ')
  const limited = limit === Infinity ? '' : ` LIMIT ${limit}`
  try {
    const result = await connection.stream(`SELECT ${columns} FROM ${file.from}${limited}`)
    for (
      let chunk = await result.fetchChunk();
      chunk !== null && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      const row = sinks[0]?.column.length ?? 0
      for (const [at, sink] of sinks.entries()) sink.add(chunk.getColumnVector(at), chunk.rowCount, row)
    }
    return undefined
  } catch (error) {
    if (error instanceof RowProblem) return error
    throw damaged(file.path, error)
  }
}
