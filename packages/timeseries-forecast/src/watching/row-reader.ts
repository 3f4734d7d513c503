/**
 * Rows of a CSV file line by line, as they come: the first line names the columns, each later one becomes a time and numbers.
 */
import { UserError } from '@weft/core/errors'
import { MISSING_TEXTS } from '../table/columns.js'
import { delimiterOf, splitRecord } from '../table/csv.js'
import { parseInstant, parseNumberedInstant } from '../table/instants.js'
import type { DateOrder } from '../table/table-options.js'
import { TimeZone } from '../table/time-zone.js'

/** How the cells of a row are read. */
export interface TableFormat {
  readonly timeColumn: string
  readonly timeZone: string
  readonly columns: readonly string[]
  readonly dateOrder?: DateOrder | undefined
  readonly missingText: readonly string[]
}

/** Reads the rows of a CSV file whose first line names the columns. */
export class RowReader {
  readonly #delimiter: string
  readonly #names: readonly string[]
  readonly #times: readonly number[]
  readonly #values: readonly number[]
  readonly #table: TableFormat
  readonly #missing: ReadonlySet<string>
  readonly #zone: TimeZone
  #last = -Infinity

  /** @throws UserError for a header that lacks a column. */
  constructor(header: string, table: TableFormat) {
    this.#delimiter = delimiterOf(header)
    const names = splitRecord(header.replace(/^\uFEFF/, ''), this.#delimiter).map((name) => name.trim())
    const place = (name: string) => {
      const at = names.indexOf(name)
      if (at >= 0) return at
      throw new UserError(`watching: expected the column ${name} in the first line, received ${names.join(', ')}`)
    }
    this.#names = names
    this.#times = (names.includes(table.timeColumn) ? [table.timeColumn] : table.timeColumn.split('+')).map(place)
    this.#values = table.columns.map(place)
    this.#table = table
    this.#missing = new Set([...MISSING_TEXTS, ...table.missingText.map((text) => text.trim().toLowerCase())])
    this.#zone = new TimeZone(table.timeZone)
  }

  /** @throws UserError that names the column of a cell that cannot be used. */
  read(text: string): { time: number; values: number[] } {
    const cells = splitRecord(text, this.#delimiter)
    if (cells.length !== this.#names.length)
      throw new UserError(`expected ${this.#names.length} cells, received ${cells.length}`)
    const parts = this.#times.map((at) => (cells[at] ?? '').trim())
    const [year = '', month = '1', day = '1', ...clock] = parts
    const written =
      parts.length === 1
        ? year
        : `${year}-${month}-${day} ${clock.map((part) => part.padStart(2, '0')).join(':')}`.trim()
    const { timeColumn, dateOrder } = this.#table
    const instant = parseInstant(written, isDayFirst(written, dateOrder)) ?? parseNumberedInstant(written)
    if (instant === undefined)
      throw new UserError(`expected a time for ${timeColumn}, received ${JSON.stringify(written)}`)
    const time = instant.zoned ? instant.ms : this.#zone.toUtc(instant.ms, this.#last)
    if (time === undefined)
      throw new UserError(
        `expected a time that exists in ${this.#zone.name} for ${timeColumn}, received ${JSON.stringify(written)}`,
      )
    this.#last = time
    return { time, values: this.#values.map((at) => this.#number(cells[at] ?? '', this.#names[at] ?? '')) }
  }

  #number(cell: string, column: string): number {
    const text = cell.trim()
    if (this.#missing.has(text.toLowerCase())) return Number.NaN
    const value = Number(text)
    if (Number.isFinite(value)) return value
    throw new UserError(`expected a finite number for ${column}, received ${JSON.stringify(text)}`)
  }
}

/** Of dates such as 01/02/2003, which one row alone leaves open. */
function isDayFirst(text: string, order: DateOrder | undefined): boolean {
  return order === undefined ? /^\s*\d{1,2}\./.test(text) : order === 'day-first'
}
