/** Options of readTable. */
import type { Duplicates, Unsorted } from './axis.js'

/** Which comes first in dates such as 01/02/2003. */
export type DateOrder = 'day-first' | 'month-first'

/** What to read, and how to treat irregular rows. */
export interface TableOptions {
  /** A file, a folder, a glob, or several; the rows of several files follow one another. */
  readonly data: string | readonly string[]
  /** The column of time, or several joined by `+`, such as `year+month+day`; default: inferred. */
  readonly time?: string | undefined
  /** Columns that tell several series apart; `filename` stands for the name of the file. */
  readonly key?: readonly string[] | undefined
  /** Columns of values; default: all numeric. One of texts becomes a column `name=value` of 0 and 1 for each value. */
  readonly columns?: readonly string[] | undefined
  /** Columns that are constant within a series. */
  readonly statics?: readonly string[] | undefined
  /** Values of columns of texts, in the order of their columns, as training found them; default: inferred. */
  readonly categories?: ReadonlyMap<string, readonly string[]> | undefined
  /** Such as `15min`, `1h`, `1d`, `1month`, `rows`; default: inferred. */
  readonly step?: string | undefined
  /** IANA name, for times without an offset; default `UTC`. */
  readonly timeZone?: string | undefined
  /** Needed where dates such as 01/02/2003 could be read either way. */
  readonly dateOrder?: DateOrder | undefined
  readonly duplicates: Duplicates
  readonly unsorted: Unsorted
  /** Further texts that stand for a missing value, in any case of letters. */
  readonly missingText?: readonly string[] | undefined
  /** Rows to read at most; default: all. */
  readonly rows?: number | undefined
}
