/** The loops of a kernel that walks two strided operands, as native/nest.h reads them. */

/** As kMaxRank in native/nest.h. */
export const MAX_RANK = 8

/** Dimensions, the first operand's strides and the second's, `MAX_RANK` apart. */
export type Loops = Int32Array

export function newLoops(): Loops {
  return new Int32Array(3 * MAX_RANK)
}

/** Sets loop `i`: how often it runs, and how far each operand moves in it, in elements. */
export function setLoop(loops: Loops, i: number, dim: number, firstStride: number, secondStride: number): void {
  loops[i] = dim
  loops[MAX_RANK + i] = firstStride
  loops[2 * MAX_RANK + i] = secondStride
}
