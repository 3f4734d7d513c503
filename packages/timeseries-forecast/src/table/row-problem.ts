/** What is wrong with a row, before it is known in which file and on which line it lies: read-table.ts finds that out and words it. */
export class RowProblem extends Error {
  override name = 'RowProblem'
  /** Number of the row among all that were read, from 0. */
  readonly row: number
  readonly what: string
  /** The column. */
  readonly column: string
  /** What came; undefined for the text of the cell, which is then looked up. */
  readonly received: string | undefined
  readonly hint: string | undefined

  constructor(row: number, what: string, column: string, received?: string, hint?: string) {
    super(`expected ${what} for ${column}`)
    this.row = row
    this.what = what
    this.column = column
    this.received = received
    this.hint = hint
  }
}
