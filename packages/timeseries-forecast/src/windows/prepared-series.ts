/**
 * A series as windows are cut from it: float32 rows in memory, scaled, features computed, gaps still open. features.ts makes it of a
 * `Series`; windows only copy rows out of it.
 */

/** One series, its columns side by side. */
export interface PreparedSeries {
  readonly key: string
  /** Milliseconds since 1970-01-01 UTC, [T]. */
  readonly times: Float64Array
  /** Rows T of `past`. */
  readonly length: number
  /** Inputs of a look-back [T, D]: the C targets first, then other columns. NaN where missing. */
  readonly past: Float32Array
  /** Of `past`, by `countGaps`: how many rows before each lack a value [T + 1]; undefined when none does. */
  readonly gaps: Uint32Array | undefined
  /** Names of the D columns of `past`. */
  readonly pastColumns: readonly string[]
  /** How many of the first columns of `past` are forecast, C. */
  readonly targets: number
  /** What is known in advance [T + extra, K]; it may go on after the last row of `past`. NaN where missing. */
  readonly future: Float32Array
  /** Names of the K columns of `future`. */
  readonly futureColumns: readonly string[]
}

/** Rows [from, to) of a series. */
export interface RowRange {
  readonly from: number
  readonly to: number
}
