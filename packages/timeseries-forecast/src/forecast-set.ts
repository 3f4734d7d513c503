/**
 * A table as forecasts need it: series as the network sees them and as they stand in the table, the parts of time, and of every target of
 * every series what its errors are measured by. How a table is read is data.ts's, what a network sees features.ts's.
 */
import type { PartName } from '@weft/core/app'
import type { PartRanges } from './windows/parts.js'
import type { PreparedSeries } from './windows/prepared-series.js'

/** One target of one series: what a baseline forecasts, and what a verdict is about. */
export interface Line {
  /** Index of the series. */
  readonly series: number
  readonly key: string
  /** Index of the target. */
  readonly target: number
  readonly name: string
  /** In the table's units, NaN where missing, [T]. */
  readonly values: Float64Array
  readonly times: Float64Array
  /** Of the training part: what errors are standardised by. */
  readonly deviation: number
  /** Rows of the training part. */
  readonly trained: number
}

export interface ForecastSet {
  readonly prepared: readonly PreparedSeries[]
  /** Every target of every series, those of a series together. */
  readonly lines: readonly Line[]
  /** Rows of each part of each series. */
  readonly parts: readonly PartRanges[]
}

/** `series / target`, as far as there are several. */
export function nameOfLine({ key, name }: Pick<Line, 'key' | 'name'>): string {
  return key === '' ? name : `${key} ${name}`
}

export type { PartName }
