/**
 * Holidays from a file: a date on each line, alone or as the first date of a line of CSV, whose other columns (names, regions) are passed
 * over. A first line without a date is the header.
 */
import { expected } from '@weft/core/errors'
import { readBytes } from '@weft/core/files'
import { parseInstant } from './instants.js'

const DAY = 86_400_000

/**
 * The days of a file as numbers of days since 1970-01-01; undefined without a file.
 *
 * @throws UserError with the row of a line that holds no date.
 */
export async function readHolidays(path: string | undefined): Promise<ReadonlySet<number> | undefined> {
  if (path === undefined) return undefined
  const text = Buffer.from(await readBytes(path))
    .toString('utf8')
    .replace(/^\uFEFF/, '')
  const days = new Set<number>()
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const cells = line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
    const date = cells.map((cell) => parseInstant(cell)).find((found) => found?.form === 'year-first')
    if (date !== undefined) days.add(Math.floor(date.ms / DAY))
    else if (at > 0 || /\d/.test(line))
      throw expected({
        doing: `reading ${path}, row ${at + 1}`,
        want: 'a date such as 2024-12-25',
        of: 'the holiday',
        got: line,
      })
  }
  if (days.size === 0)
    throw expected({ doing: `reading ${path}`, want: 'at least 1 date', of: '--holidays', got: 'none' })
  return days
}
