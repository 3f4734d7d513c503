/**
 * The files of a table: by their names, by globs, or all tables in a folder, each as something that DuckDB selects from. The content of
 * columns is inferred in columns.ts.
 */
import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { expected, reasonOf, UserError } from '@weft/core/errors'
import { filesBelow } from '@weft/core/data'
import { completePart, countRecords, grew, lineOfByte, lineOfRecord, readLayout } from './csv.js'
import type { CompletePart } from './csv.js'

const TABLE = /\.(csv|tsv|txt|csv\.gz|tsv\.gz|txt\.gz|parquet|pq)$/i
const PARQUET = /\.(parquet|pq)$/i

/** What DuckDB knows of a column: `text` may hold anything; `local` is a time without a zone. */
export type ColumnType = 'text' | 'number' | 'local' | 'zoned' | 'other'

/** A file as a table of DuckDB. */
export interface TableFile {
  readonly path: string
  readonly names: readonly string[]
  readonly types: readonly ColumnType[]
  /** What follows FROM. */
  readonly from: string
  /** The column of this number as it is called in SQL. */
  column(at: number): string
  /** Where a row, counted from 0, is found: `row` and the line of the file, as an editor counts. */
  row(at: number): Promise<number>
  /** To be called when the rows have been read. @returns how many of them count, and a sentence when it is not all. */
  finish(connection: DuckDBConnection, rows: number): Promise<{ rows: number; note?: string }>
}

/** The name of a file without folder and endings. */
export function nameOf(path: string): string {
  return basename(path).replace(TABLE, '')
}

export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/**
 * The paths that names, globs and folders stand for, each once.
 *
 * @throws UserError when one stands for none.
 */
export async function findFiles(connection: DuckDBConnection, data: string | readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const one of typeof data === 'string' ? [data] : data) {
    const stat = statSync(one, { throwIfNoEntry: false })
    const isGlob = stat === undefined && /[*?[]/.test(one)
    if (stat === undefined && !isGlob)
      throw expected({
        doing: 'reading a table',
        want: 'a file, a folder or a glob',
        of: 'data',
        got: one,
        hint: 'There is none of this name.',
      })
    const files = isGlob ? await glob(connection, one) : [one]
    if (stat?.isDirectory())
      files.splice(
        0,
        1,
        ...filesBelow(one)
          .filter((path) => TABLE.test(path))
          .map((path) => join(one, path)),
      )
    if (files.length === 0)
      throw expected({ doing: 'reading a table', want: 'at least 1 CSV, TSV or Parquet file', of: 'data', got: one })
    found.push(...files)
  }
  if (found.length === 0) throw expected({ doing: 'reading a table', want: 'at least 1 file', of: 'data', got: 'none' })
  return [...new Set(found)]
}

async function glob(connection: DuckDBConnection, pattern: string): Promise<string[]> {
  const rows = await connection.runAndReadAll(`SELECT file FROM glob(${sqlText(pattern)})`)
  return rows
    .getRows()
    .map(([file]) => String(file))
    .sort()
}

/** @throws UserError when the file is empty or damaged. */
export async function openFile(connection: DuckDBConnection, path: string): Promise<TableFile> {
  return PARQUET.test(path) ? openParquet(connection, path) : openCsv(path)
}

async function openParquet(connection: DuckDBConnection, path: string): Promise<TableFile> {
  const from = `read_parquet(${sqlText(path)})`
  try {
    const columns = (await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${from}`)).getRows()
    const names = columns.map(([name]) => String(name))
    return {
      path,
      names,
      types: columns.map(([, type]) => typeOf(String(type))),
      from,
      column: (at) => `"${(names[at] ?? '').replaceAll('"', '""')}"`,
      row: async (at) => at + 1,
      finish: async (_, rows) => ({ rows }),
    }
  } catch (error) {
    throw damaged(path, error)
  }
}

function typeOf(type: string): ColumnType {
  if (type === 'VARCHAR') return 'text'
  if (type === 'TIMESTAMP WITH TIME ZONE') return 'zoned'
  if (type === 'DATE' || type.startsWith('TIMESTAMP')) return 'local'
  return /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN)$/.test(type) ? 'number' : 'other'
}

/** A file that DuckDB refuses, with the first line of what it said. */
export function damaged(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error
  const [reason = ''] = reasonOf(error).split('\n')
  return expected({
    doing: `reading ${path}`,
    want: PARQUET.test(path) ? 'a whole Parquet file' : 'a readable table',
    of: 'the file',
    got: reason,
  })
}

async function openCsv(path: string): Promise<TableFile> {
  const layout = await readLayout(path)
  const part = await completePart(path, layout)
  const columns = layout.names.map((_, at) => `'c${at}': 'VARCHAR'`).join(', ')
  const dialect = `auto_detect=false, header=true, skip=${layout.skip}, delim=${sqlText(layout.delimiter)}, quote='"', escape='"'`
  return {
    path,
    names: layout.names,
    types: layout.names.map(() => 'text'),
    from: `read_csv(${sqlText(path)}, ${dialect}, columns={${columns}}, store_rejects=true, rejects_limit=1000)`,
    column: (at) => `c${at}`,
    row: (at) => lineOfRecord(path, at),
    finish: (connection, rows) => finishCsv(connection, { path, part, width: layout.names.length }, rows),
  }
}

async function finishCsv(
  connection: DuckDBConnection,
  { path, part, width }: { path: string; part: CompletePart; width: number },
  rows: number,
) {
  const appended = grew(path, part)
  const end = appended ? part.ended : part.complete
  // DuckDB leaves lines out that it cannot read and lists them; those that were complete are errors.
  const rejected = await connection.runAndReadAll(
    `SELECT line_byte_position, error_type, error_message, csv_line
     FROM reject_errors JOIN reject_scans USING (scan_id, file_id)
     WHERE file_path = ${sqlText(path)} AND line_byte_position < ${end} ORDER BY line_byte_position LIMIT 1`,
  )
  const [first] = rejected.getRows()
  if (first !== undefined) throw await rejection(path, width, first.map(String))
  if (!appended && end === part.size) return { rows }
  const complete = Math.min(rows, await countRecords(path, end))
  const note = `${path} ${appended ? 'grew while it was read' : 'ends in the middle of a line'}: read are the ${complete} rows that were complete.`
  return { rows: complete, note }
}

async function rejection(path: string, width: number, [byte, type, message, line]: string[]): Promise<UserError> {
  const where = `reading ${path}, row ${await lineOfByte(path, Number(byte))}`
  if (type === 'INVALID ENCODING')
    return expected({ doing: where, want: 'UTF-8', of: 'the text', got: line?.trim(), hint: 'Save the file as UTF-8.' })
  const found = /Found: (\d+)/.exec(message ?? '')?.[1]
  const hint = 'A cell that holds the mark between columns stands in double quotes.'
  if (found !== undefined)
    return expected({
      doing: where,
      want: `${width} cells (one for each column)`,
      of: 'the row',
      got: `${found}: ${line?.trim()}`,
      hint,
    })
  return expected({ doing: where, want: 'cells whose quotes are closed', of: 'the row', got: line?.trim(), hint })
}
