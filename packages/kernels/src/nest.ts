/**
 * The loops of a kernel that walks two strided operands, as native/nest.h reads them: dimensions, then the strides of each operand.
 * One array serves all calls, since a kernel reads it only while it runs.
 */

/** As kMaxRank in native/nest.h. */
export const MAX_RANK = 8

/** Dimensions, the first operand's strides and the second's, `MAX_RANK` apart. */
export const layout = new Int32Array(3 * MAX_RANK)

/** Sets loop `i` of `layout`: how often it runs, and how far each operand moves in it, in elements. */
export function setLoop(i: number, dim: number, firstStride: number, secondStride: number): void {
  layout[i] = dim
  layout[MAX_RANK + i] = firstStride
  layout[2 * MAX_RANK + i] = secondStride
}

/** The product of some dimensions, 1 for none. */
export function sizeOf(shape: readonly number[], begin = 0, end = shape.length): number {
  let size = 1
  for (let i = begin; i < end; i++) size *= shape[i] ?? 1
  return size
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
