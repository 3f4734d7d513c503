/**
 * Fills the gaps of one window. Values outside of it are not used, so at the end of a look-back the last value is carried forward: a
 * value interpolated there would come from the future.
 */

/** Between two known values: a straight line, or the earlier value carried forward. */
export type GapFilling = 'interpolate' | 'carry'

/**
 * Fills one column in place: its cells are `values[start + row * stride]` for `rows` rows. Before its first known value it
 * is filled with that value, after its last one with the last; a column with none becomes 0, which is the mean of a scaled column.
 */
export function fillGaps(values: Float32Array, start: number, rows: number, stride: number, filling: GapFilling): void {
  let last = -1
  let known = 0
  for (let row = 0; row < rows; row++) {
    const value = values[start + row * stride] ?? NaN
    if (Number.isNaN(value)) continue
    if (last === -1) known = value
    const slope = filling === 'interpolate' ? (value - known) / (row - last) : 0
    for (let gap = last + 1; gap < row; gap++) values[start + gap * stride] = known + slope * (gap - last)
    last = row
    known = value
  }
  for (let gap = last + 1; gap < rows; gap++) values[start + gap * stride] = known
}

/**
 * For each row of a matrix [T, D], how many of the rows before it lack a value [T + 1]; undefined when none does. It tells in one
 * subtraction whether a window has gaps.
 */
export function countGaps(values: Float32Array, columns: number): Uint32Array | undefined {
  const first = firstGap(values)
  if (first === values.length) return undefined
  const rows = values.length / columns
  const counts = new Uint32Array(rows + 1)
  for (let row = Math.floor(first / columns); row < rows; row++) {
    let gap = 0
    for (let at = row * columns; at < (row + 1) * columns; at++) if (Number.isNaN(values[at])) gap = 1
    counts[row + 1] = (counts[row] ?? 0) + gap
  }
  return counts
}

/** Where the first missing value is, or the length. */
export function firstGap(values: Float32Array): number {
  let at = 0
  while (at < values.length && !Number.isNaN(values[at])) at++
  return at
}
