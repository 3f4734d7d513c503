/**
 * Parts of a series for judging by going forward in time: in each fold what is learnt lies before what it is judged by, with a gap between
 * them where windows would otherwise share rows (rolling-origin evaluation: Tashman 2000).
 */
import { expected } from '@weft/core/errors'

/** Rows [start, end). */
export interface Rows {
  readonly start: number
  readonly end: number
}

/** One fold. */
export interface ExpandingFold {
  /** All rows from the first on. */
  readonly train: Rows
  readonly test: Rows
}

/** How a series is folded. */
export interface ExpandingOptions {
  readonly folds: number
  /** Rows of each test part; the test parts lie side by side at the end of the series. */
  readonly testRows: number
  /** Rows left out between training and test part; default 0. */
  readonly gap?: number
  /** Rows that the first training part must hold, default 1. */
  readonly minTrain?: number
}

/**
 * Folds whose training part grows from one to the next, oldest first.
 *
 * @param rows Rows of the series.
 * @throws UserError when the series is too short for that many folds.
 */
export function expandingFolds(rows: number, options: ExpandingOptions): ExpandingFold[] {
  const { folds, testRows, gap = 0, minTrain = 1 } = options
  const doing = 'folding a series'
  for (const [name, value, least] of [
    ['folds', folds, 1],
    ['testRows', testRows, 1],
    ['gap', gap, 0],
    ['minTrain', minTrain, 1],
  ] as const)
    if (!(Number.isInteger(value) && value >= least))
      throw expected({ doing, want: `a whole number from ${String(least)}`, of: name, got: value })
  const needed = minTrain + gap + folds * testRows
  if (rows < needed) {
    const most = Math.floor((rows - minTrain - gap) / testRows)
    const hint = most >= 1 ? `At most ${String(most)} folds of ${String(testRows)} rows fit.` : 'Shorten the test part.'
    throw expected({
      doing,
      want: `at least ${String(needed)} rows for ${String(folds)} folds`,
      of: 'series',
      got: `${String(rows)} rows`,
      hint,
    })
  }
  return Array.from({ length: folds }, (_, fold) => {
    const start = rows - (folds - fold) * testRows
    return { train: { start: 0, end: start - gap }, test: { start, end: start + testRows } }
  })
}
