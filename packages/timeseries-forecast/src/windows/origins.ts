/**
 * Where the windows of a part begin to forecast. An origin is the first row that is forecast: the look-back of `lookBack` rows ends
 * before it, the horizon of `horizon` rows begins with it.
 */
import { expected } from '@weft/core/errors'
import type { RowRange } from './prepared-series.js'

export interface WindowShape {
  /** Rows a forecast is made from, L. */
  readonly lookBack: number
  /** Rows that are forecast, H. */
  readonly horizon: number
  /** Rows between origins, default 1: a window at every row. */
  readonly stride?: number | undefined
}

/** The origins `first`, `first + stride`, …, `count` of them. */
export interface Origins {
  readonly first: number
  readonly stride: number
  readonly count: number
}

/** @throws UserError when a size of a window is no whole number of at least 1. */
export function checkShape({ lookBack, horizon, stride = 1 }: WindowShape): void {
  for (const [name, value] of Object.entries({ lookBack, horizon, stride })) {
    if (!Number.isInteger(value) || value < 1) {
      throw expected({ doing: 'cutting windows', want: 'a whole number of at least 1', of: name, got: value })
    }
  }
}

/**
 * The windows of a part, rows [from, to) of a series of `length` rows: the horizon lies wholly within the part, the look-back may
 * reach into rows before it, as it would when the forecast is made, but not before row 0. A part of n rows after enough others has
 * n - H + 1 windows at stride 1.
 *
 * @throws UserError for sizes that are no whole numbers of at least 1, or a part that is not within the series.
 */
export function windowOrigins(length: number, options: WindowShape & RowRange): Origins {
  checkShape(options)
  const { lookBack, horizon, stride = 1, from, to } = options
  if (!(from >= 0 && from <= to && to <= length)) {
    throw expected({
      doing: 'cutting windows',
      want: `rows from 0 to ${length}`,
      of: 'the part',
      got: `[${from}, ${to})`,
    })
  }
  const first = Math.max(from, lookBack)
  return { first, stride, count: Math.max(0, Math.floor((to - horizon - first) / stride) + 1) }
}
