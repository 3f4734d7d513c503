/**
 * Values in units of their spread, from the probation part alone: the median is 0 and the interquartile range that of a standard
 * normal. Outliers move neither. Networks see the inverse hyperbolic sine of that, linear near 0 and logarithmic far out, so that a spike does not
 * drown a window; errors are judged on the linear scale, where a spike is a spike.
 */

/** Interquartile range of a standard normal. */
const NORMAL_RANGE = 1.349
/** Bound of what a network may say on the compressed scale: 10^8 spreads. */
const FARTHEST = 20

/** Centre and spread of one column. */
export interface Spread {
  readonly centre: number
  /** Above 0. */
  readonly spread: number
}

/** Where more than half of the values are equal the standard deviation stands in, for a constant column its own size or 1. */
export function spreadOf(values: ArrayLike<number>): Spread {
  const sorted = Float64Array.from(values)
    .filter((value) => Number.isFinite(value))
    .sort()
  const quantile = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  const centre = quantile(0.5)
  const range = (quantile(0.75) - quantile(0.25)) / NORMAL_RANGE
  if (range > 0) return { centre, spread: range }
  const variance = sorted.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, sorted.length)
  return { centre, spread: Math.sqrt(variance) || Math.abs(centre) || 1 }
}

export const toSpreads = (value: number, { centre, spread }: Spread) => (value - centre) / spread
export const fromSpreads = (value: number, { centre, spread }: Spread) => centre + spread * value
/** From spreads to what a network sees, and back. */
export const compress = (spreads: number) => Math.asinh(spreads)
export const expand = (compressed: number) => Math.sinh(Math.max(-FARTHEST, Math.min(FARTHEST, compressed)))
