/**
 * What a table is once it has been read: series on a regular axis of time, and how far apart their rows are. Reading is in table/, what
 * a network sees of a series in features.ts. A missing value is NaN everywhere until a window is filled.
 */

/**
 * What lies between two rows: a fixed number of milliseconds; whole calendar months (12 for years); or nothing but order, as between
 * trading days, whose gaps are no gaps.
 */
export type Step =
  | { readonly unit: 'ms'; readonly count: number }
  | { readonly unit: 'month'; readonly count: number }
  | { readonly unit: 'row'; readonly count: 1 }

/** One series. */
export interface Series {
  /** Values of the key columns joined by `/`; empty for the only series of a table without keys. */
  readonly key: string
  /** Milliseconds since 1970-01-01 UTC, strictly ascending, [T]. */
  readonly times: Float64Array
  /** Numbers of each column by its name, NaN where missing, each [T]. */
  readonly columns: ReadonlyMap<string, Float64Array>
  /** Numbers that do not change within the series, by the name of their column; NaN where missing. */
  readonly statics?: ReadonlyMap<string, number>
}

/** What was read, and what a person should know of it. */
export interface Table {
  readonly series: readonly Series[]
  readonly step: Step
  readonly timeColumn: string
  /** Rows of the files, before gaps were filled. */
  readonly rows: number
  /** In which the times without an offset of their own were understood, such as `UTC` or `Europe/Berlin`. */
  readonly timeZone: string
  /** What dates such as 01/02/2003 begin with, where times are written so. */
  readonly dateOrder?: 'day-first' | 'month-first'
  /** What was found and done, in whole sentences: the step inferred, gaps filled, duplicates merged. */
  readonly notes: readonly string[]
  /** Values of each column of texts, in the order of its columns `name=value` of 0 and 1. */
  readonly categories?: ReadonlyMap<string, readonly string[]>
}
