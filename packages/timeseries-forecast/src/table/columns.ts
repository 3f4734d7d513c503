/**
 * What each column of a table holds: the time, numbers, texts. The first rows of the first file decide; read-rows.ts checks that those
 * that follow agree.
 */
import { expected } from '@weft/core/errors'
import { didYouMean } from '@weft/core/cli'
import type { ColumnType } from './files.js'
import { parseInstant, parseNumberedInstant } from './instants.js'

/** Texts that stand for a missing value in any case of letters, as does an empty cell. */
export const MISSING_TEXTS: readonly string[] = ['', 'na', 'nan', 'null', '-', '?']

/** The first rows of a table as texts. */
export interface Sample {
  readonly path: string
  readonly names: readonly string[]
  readonly types: readonly ColumnType[]
  /** Of each column. */
  readonly cells: readonly (readonly string[])[]
}

/** Names of columns that make a time together, from the coarsest to the finest. */
export const PARTS: readonly string[] = ['year', 'month', 'day', 'hour', 'minute', 'second']
/** Names of columns whose bare numbers are times. */
const TIME_NAME =
  /^(time|date|datetime|timestamp|ts|ds|epoch|year|unix(_?time(stamp)?)?|.+_(at|time|ts|date|timestamp))$/i
/** A column holds numbers, or times, when more than this share of its cells do; the others are errors later on. */
const MOST = 0.5

/** Share of the cells that are not missing of which `is` is true; undefined when all are missing. */
function shareOf(cells: readonly string[], is: (cell: string) => boolean): number | undefined {
  const present = cells.filter((cell) => !MISSING_TEXTS.includes(cell.trim().toLowerCase()))
  return present.length === 0 ? undefined : present.filter(is).length / present.length
}

function isNumber(cell: string): boolean {
  return !Number.isNaN(Number(cell)) || /^[-+]?inf(inity)?$/i.test(cell.trim())
}

/** A column that is wanted by name. @throws UserError with the nearest name when there is none. */
export function columnOf(path: string, names: readonly string[], wanted: string, option: string): number {
  const at = names.indexOf(wanted)
  if (at >= 0) return at
  const hint = didYouMean(wanted, names)
  throw expected({
    doing: `reading ${path}`,
    want: `one of the columns ${names.join(', ')}`,
    of: option,
    got: wanted,
    hint,
  })
}

/**
 * The columns that hold the time together: those given, joined by `+`; or the only one of a time's type or text; or year, month, day…;
 * or the only one whose name says that its numbers are times.
 *
 * @throws UserError when there is none, or more than one.
 */
export function timeColumns(sample: Sample, given: string | undefined): string[] {
  const { path, names } = sample
  if (given !== undefined) {
    const wanted = names.includes(given) ? [given] : given.split('+').map((name) => name.trim())
    for (const name of wanted) columnOf(path, names, name, '--time')
    return wanted
  }
  const typed = names.filter((_, at) => isTime(sample, at))
  const parts = PARTS.map((part) => names.find((name) => name.toLowerCase() === part)).filter(
    (name) => name !== undefined,
  )
  const hasParts = parts.length >= 2 && parts.every((name, at) => name.toLowerCase() === PARTS[at])
  if (typed.length === 0 && hasParts) return parts
  const numbered = names.filter((name, at) => TIME_NAME.test(name) && isNumberedTime(sample, at))
  const found = typed.length > 0 ? typed : numbered
  if (found.length === 1) return found
  const hint = 'Say with --time which it is, or several parts such as --time year+month+day.'
  if (found.length > 1)
    throw expected({
      doing: `reading ${path}`,
      want: 'one column of times',
      of: 'the time column',
      got: found.join(' and '),
      hint,
    })
  throw expected({
    doing: `reading ${path}`,
    want: 'a column of dates or times',
    of: 'the time column',
    got: `only ${names.join(', ')}`,
    hint,
  })
}

function isTime({ types, cells }: Sample, at: number): boolean {
  if (types[at] !== 'text') return types[at] === 'local' || types[at] === 'zoned'
  const is = (cell: string) => (parseInstant(cell) ?? parseInstant(cell, true)) !== undefined
  return (shareOf(cells[at] ?? [], is) ?? 0) > MOST
}

function isNumberedTime({ types, cells }: Sample, at: number): boolean {
  const mayBe = types[at] === 'text' || types[at] === 'number'
  return mayBe && (shareOf(cells[at] ?? [], (cell) => parseNumberedInstant(cell) !== undefined) ?? 0) > MOST
}

/** Whether a column holds numbers: most of its first cells do, or all of them are missing. */
export function isNumeric({ types, cells }: Sample, at: number): boolean {
  if (types[at] !== 'text') return types[at] === 'number'
  return (shareOf(cells[at] ?? [], isNumber) ?? 1) > MOST
}

/** The columns of numbers and of texts to read. */
export interface ValueColumns {
  readonly numbers: readonly string[]
  readonly texts: readonly string[]
  /** Texts that nobody asked for. */
  readonly leftOut: readonly string[]
}

/**
 * The columns of values: those wanted, or all numeric columns but the used ones.
 *
 * @param used Columns of the time and the key.
 * @param categories Columns that are known to hold texts, whatever the first rows hold.
 * @throws UserError when one is not there, or when none is left.
 */
export function valueColumns(
  sample: Sample,
  wanted: readonly string[] | undefined,
  used: readonly string[],
  categories: ReadonlyMap<string, readonly string[]>,
): ValueColumns {
  const { path, names } = sample
  const rest = names.filter((name) => !used.includes(name))
  if (rest.length === 0)
    throw expected({ doing: `reading ${path}`, want: 'a column beside the time', of: 'the table', got: 'none' })
  const isText = (name: string) => categories.has(name) || !isNumeric(sample, names.indexOf(name))
  if (wanted !== undefined) {
    for (const name of wanted) {
      columnOf(path, rest, name, 'a column that is wanted')
      checkPoints(sample, name)
    }
    return { numbers: wanted.filter((name) => !isText(name)), texts: wanted.filter(isText), leftOut: [] }
  }
  const numbers = rest.filter((name) => !isText(name))
  if (numbers.length > 0) return { numbers, texts: [], leftOut: rest.filter(isText) }
  for (const name of rest) checkPoints(sample, name)
  throw expected({
    doing: `reading ${path}`,
    want: 'a column of numbers',
    of: 'the table',
    got: `only ${rest.join(', ')}`,
  })
}

/** @throws UserError for a column of numbers with decimal commas, which would be taken for texts. */
function checkPoints({ path, names, cells }: Sample, name: string): void {
  const own = cells[names.indexOf(name)] ?? []
  const comma = own.find((cell) => /^\s*[-+]?\d+,\d+\s*$/.test(cell))
  if (comma === undefined || (shareOf(own, (cell) => isNumber(cell.replace(',', '.'))) ?? 0) <= MOST) return
  throw expected({
    doing: `reading ${path}`,
    want: 'numbers with a decimal point',
    of: `column "${name}"`,
    got: comma,
    hint: 'Replace the commas within numbers by points.',
  })
}
