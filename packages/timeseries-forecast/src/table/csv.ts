/**
 * What DuckDB does not say of a CSV file: its header and separator, where its complete lines end while another program appends to it, and
 * on which line of the file a row lies. Rows themselves are DuckDB's to read.
 */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { expected, reasonOf, UserError } from '@weft/core/errors'

/** Bytes at the end of a file among which its last line is looked for. */
const TAIL = 1 << 20
const [NEWLINE, RETURN, QUOTE] = [10, 13, 34]

/** How a CSV file is written. */
export interface CsvLayout {
  readonly names: readonly string[]
  readonly delimiter: string
  /** Empty lines before the header. */
  readonly skip: number
}

function isCompressed(path: string): boolean {
  return path.toLowerCase().endsWith('.gz')
}

function bytesOf(path: string): Readable {
  const file = createReadStream(path)
  if (!isCompressed(path)) return file
  const plain = createGunzip()
  file.on('error', (error) => plain.destroy(error))
  return file.pipe(plain)
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of bytesOf(path)) if (chunk instanceof Buffer) yield chunk
  } catch (error) {
    throw new UserError(
      `reading ${path}: ${reasonOf(error)}`,
      isCompressed(path) ? 'Is it a whole gzip file?' : undefined,
    )
  }
}

/** The mark between the cells of a file with this header: the one of comma, semicolon, tab and bar that it holds most of. */
export function delimiterOf(header: string): string {
  const count = (mark: string) => header.split(mark).length
  return [',', ';', '\t', '|'].reduce((best, mark) => (count(mark) > count(best) ? mark : best))
}

/**
 * The header of a CSV file, and the mark between its cells.
 *
 * @throws UserError when the file is empty, or when its first line holds numbers or a name twice.
 */
export async function readLayout(path: string): Promise<CsvLayout> {
  let text = ''
  for await (const chunk of chunksOf(path)) {
    text += chunk.toString('utf8')
    if (/\S[^\n]*\n/.test(text)) break
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const skip = lines.findIndex((line) => line.trim() !== '')
  const header = lines[skip]
  if (header === undefined)
    throw expected({ doing: `reading ${path}`, want: 'a header and rows', of: 'the table', got: 'an empty file' })
  const delimiter = delimiterOf(header)
  const names = splitRecord(header, delimiter).map((name, at) => name.trim() || `column ${at + 1}`)
  checkNames(path, names)
  return { names, delimiter, skip }
}

function checkNames(path: string, names: readonly string[]): void {
  const number = names.find((name) => /^[-+.\d][-+.:\deE/ ]*$/.test(name))
  if (number !== undefined) {
    throw expected({
      doing: `reading ${path}, row 1`,
      want: 'a header that names the columns',
      of: 'a column',
      got: number,
      hint: 'Put a line of names first.',
    })
  }
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined)
    throw expected({ doing: `reading ${path}, row 1`, want: 'each name once', of: 'the header', got: twice })
}

/** The cells of one line; a quoted one may hold the delimiter and doubled quotes. */
export function splitRecord(line: string, delimiter: string): string[] {
  const cells: string[] = []
  let [cell, quoted] = ['', false]
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? ''
    if (letter === '"' && quoted && line[at + 1] === '"') cell += line[at++]
    else if (letter === '"') quoted = !quoted
    else if (letter === delimiter && !quoted) {
      cells.push(cell)
      cell = ''
    } else cell += letter
  }
  return [...cells, cell]
}

/** How much of a file was there, complete, before it was read. */
export interface CompletePart {
  /** Bytes of the file when it was looked at. */
  readonly size: number
  /** Bytes up to the end of the last line that ends. */
  readonly ended: number
  /** Bytes that count: all, or `ended` when the last line is cut off. */
  readonly complete: number
}

/**
 * Where the complete lines of a file end. A last line without an end counts when it has all its cells, unless the file is growing
 * (`grew`). A compressed file is read to its end, which shows whether it is whole.
 */
export async function completePart(path: string, layout: CsvLayout): Promise<CompletePart> {
  if (isCompressed(path)) {
    let size = 0
    for await (const chunk of chunksOf(path)) size += chunk.length
    return { size, ended: size, complete: size }
  }
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const tail = Buffer.alloc(Math.min(size, TAIL))
    readSync(file, tail, 0, tail.length, size - tail.length)
    const fragment = tail.subarray(tail.lastIndexOf(NEWLINE) + 1)
    const ended = size - fragment.length
    const text = fragment.toString('utf8')
    const whole = text.trim() === '' || isWhole(text, layout)
    return { size, ended, complete: whole ? size : ended }
  } finally {
    closeSync(file)
  }
}

function isWhole(line: string, { names, delimiter }: CsvLayout): boolean {
  const quotes = line.split('"').length - 1
  return quotes % 2 === 0 && splitRecord(line, delimiter).length >= names.length
}

/** Whether something was appended since; what is complete then ends with the last line that ended. */
export function grew(path: string, part: CompletePart): boolean {
  if (isCompressed(path)) return false
  const file = openSync(path, 'r')
  try {
    return fstatSync(file).size !== part.size
  } finally {
    closeSync(file)
  }
}

/** Records below the header that end within the first `bytes` bytes. */
export async function countRecords(path: string, bytes: number): Promise<number> {
  const { records } = await scan(path, (_, offset) => offset >= bytes)
  return records
}

/** The line, counted from 1, on which a record begins; records are counted from 0 below the header. */
export async function lineOfRecord(path: string, record: number): Promise<number> {
  const { line } = await scan(path, (records) => records > record)
  return line
}

/** The line, counted from 1, on which the record begins that a byte belongs to. */
export async function lineOfByte(path: string, byte: number): Promise<number> {
  const { line } = await scan(path, (_, offset) => offset > byte)
  return line
}

/**
 * Walks through the records of a file until `stop` returns true for one that begins. It is given the number of records before that one,
 * without the header, and its offset. Empty lines are no records, and a line end within quotes ends none.
 *
 * @returns the number of records before that one, and the line on which the last of them begins.
 */
async function scan(path: string, stop: (records: number, offset: number) => boolean) {
  let [records, line, lines, offset] = [-1, 1, 1, 0]
  let [quoted, empty] = [false, true]
  for await (const chunk of chunksOf(path)) {
    for (const byte of chunk) {
      if (empty && byte !== NEWLINE && byte !== RETURN) {
        if (stop(records, offset)) return { records, line }
        line = lines
        empty = false
      }
      offset++
      if (byte === QUOTE) quoted = !quoted
      if (byte !== NEWLINE) continue
      lines++
      if (quoted || empty) continue
      records++
      empty = true
    }
  }
  return { records: empty ? records : records + 1, line }
}
