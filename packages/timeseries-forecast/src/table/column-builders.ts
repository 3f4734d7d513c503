/**
 * Builds the columns of a table from DuckDB's chunks: numbers, times, or texts as indices into a list of their values. A cell that does not
 * hold what its column should is a RowProblem; it is never silently missing.
 */
import type { DuckDBVector } from '@duckdb/node-api'
import { MISSING_TEXTS, PARTS } from './columns.js'
import { sqlText } from './files.js'
import type { TableFile } from './files.js'
import type { Instant } from './instants.js'
import { RowProblem } from './row-problem.js'

/** A column that grows. Capacity that is never written to takes no memory of the operating system. */
export class GrowableColumn {
  #values: Float64Array
  length = 0

  /** @param capacity Numbers that are expected; when there are more, those so far are copied into a longer array. */
  constructor(capacity: number) {
    this.#values = new Float64Array(Math.max(1, Math.ceil(capacity)))
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Float64Array(2 * this.length)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.length++] = value
  }

  truncate(length: number): void {
    this.length = Math.min(this.length, length)
  }

  /** The column as it is now. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.length)
  }
}

/** A column to be filled from vectors of DuckDB. */
export interface ColumnBuilder {
  readonly column: GrowableColumn
  /** Expressions whose values `add` is given, a vector for each. */
  sql(file: TableFile): string[]
  /** @param row Number of the vectors' first row. */
  add(vectors: readonly DuckDBVector[], count: number, row: number): void
}

/** The SQL of a column of a file by its name. */
export function cell(file: TableFile, name: string): string {
  return file.column(file.names.indexOf(name))
}

/** SQL that joins the columns of a time into one text: year, month, day… as a date, anything else with blanks between. */
function joinedTime(names: readonly string[], sql: (name: string) => string): string {
  const areParts = names.length > 1 && names.every((name, at) => name.toLowerCase() === PARTS[at])
  const marks = areParts ? ['-', '-', ' ', ':', ':'] : []
  return names.map((name, at) => (at === 0 ? sql(name) : `'${marks[at - 1] ?? ' '}' || ${sql(name)}`)).join(' || ')
}

export class NumberColumnBuilder implements ColumnBuilder {
  readonly column: GrowableColumn
  readonly name: string
  readonly #missing: readonly string[]

  constructor(name: string, missingText: readonly string[], capacity: number) {
    this.column = new GrowableColumn(capacity)
    this.name = name
    this.#missing = missingText
  }

  /** NaN where missing, infinity where it is no number, so that there are no NULLs. */
  sql(file: TableFile): string[] {
    const text = `CAST(${cell(file, this.name)} AS VARCHAR)`
    const list = (texts: readonly string[]) => texts.map((one) => sqlText(one.toLowerCase())).join(', ')
    const isMissing = (texts: readonly string[]) => `lower(trim(${text})) IN (${list(texts)})`
    const number = `coalesce(TRY_CAST(${cell(file, this.name)} AS DOUBLE),
      CASE WHEN ${text} IS NULL OR ${isMissing(MISSING_TEXTS)} THEN 'nan'::DOUBLE ELSE 'infinity'::DOUBLE END)`
    return [
      this.#missing.length === 0
        ? number
        : `CASE WHEN ${isMissing(this.#missing)} THEN 'nan'::DOUBLE ELSE ${number} END`,
    ]
  }

  add([vector]: readonly DuckDBVector[], count: number, row: number): void {
    for (let i = 0; i < count; i++) {
      const value = Number(vector?.getItem(i) ?? NaN)
      if (value === Infinity || value === -Infinity) {
        const hint = 'Name a text that stands for a missing value with --missing-text, or leave the column out.'
        throw new RowProblem(row + i, 'a finite number', this.name, undefined, hint)
      }
      this.column.push(value)
    }
  }
}

/** The way in which most times are written; DuckDB reads it as instants.ts does, but faster. */
const PLAIN = `LIKE '____-__-__ __:__:__'`
const PAST_MIDNIGHT = `LIKE '___________24%'`

/** Times as numbers where DuckDB knows them, else as texts. */
export class TimeColumnBuilder implements ColumnBuilder {
  readonly column: GrowableColumn
  readonly #names: readonly string[]
  readonly #parse: (text: string) => Instant | undefined
  #typedZone = false
  #first: Pick<Instant, 'form' | 'zoned'> | undefined

  constructor(names: readonly string[], parse: (text: string) => Instant | undefined, capacity: number) {
    this.column = new GrowableColumn(capacity)
    this.#names = names
    this.#parse = parse
  }

  get zoned(): boolean {
    return this.#first?.zoned === true
  }

  sql(file: TableFile): string[] {
    const [name = '', ...more] = this.#names
    const type = file.types[file.names.indexOf(name)]
    const typed = more.length === 0 && (type === 'local' || type === 'zoned')
    this.#typedZone = typed && type === 'zoned'
    if (typed) return [`coalesce(epoch_us(${cell(file, name)}) / 1000.0, 'nan'::DOUBLE)`, `''`]
    const text = joinedTime(this.#names, (one) => `CAST(${cell(file, one)} AS VARCHAR)`)
    const time = `CASE WHEN ${text} ${PLAIN} AND NOT ${text} ${PAST_MIDNIGHT} THEN epoch_us(TRY_CAST(${text} AS TIMESTAMP)) / 1000.0 END`
    return [`coalesce(${time}, 'nan'::DOUBLE)`, `CASE WHEN ${time} IS NULL THEN ${text} ELSE '' END`]
  }

  add([times, texts]: readonly DuckDBVector[], count: number, row: number): void {
    for (let i = 0; i < count; i++) {
      const ms = Number(times?.getItem(i) ?? NaN)
      if (Number.isNaN(ms)) this.column.push(this.#read(String(texts?.getItem(i) ?? ''), row + i))
      else {
        this.#watch('year-first', this.#typedZone, row + i)
        this.column.push(ms)
      }
    }
  }

  #read(text: string, row: number): number {
    const found = this.#parse(text)
    if (found === undefined) throw new RowProblem(row, 'a date or time that exists', this.#names.join('+'), text)
    this.#watch(found.form, found.zoned, row, text)
    return found.ms
  }

  #watch(form: Instant['form'], zoned: boolean, row: number, text?: string): void {
    const first = (this.#first ??= { form, zoned })
    if (form === first.form && zoned === first.zoned) return
    const hint = 'All times of a column are written alike.'
    throw new RowProblem(row, 'times written as in the first row', this.#names.join('+'), text, hint)
  }
}

/** Texts as indices into `values`. */
export class TextColumnBuilder implements ColumnBuilder {
  readonly column: GrowableColumn
  readonly values: string[] = []
  readonly #numbers = new Map<string, number>()
  readonly #name: string
  readonly #sql: (file: TableFile) => string
  readonly #most: number

  constructor(name: string, sql: (file: TableFile) => string, most: number, capacity: number) {
    this.column = new GrowableColumn(capacity)
    this.#name = name
    this.#sql = sql
    this.#most = most
  }

  sql(file: TableFile): string[] {
    return [this.#sql(file)]
  }

  add([vector]: readonly DuckDBVector[], count: number, row: number): void {
    for (let i = 0; i < count; i++) {
      const text = String(vector?.getItem(i) ?? '').trim()
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
