/** Arithmetic of shapes. */

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

/** Strides of a contiguous array, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = []
  let stride = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride
    stride *= shape[i] ?? 1
  }
  return strides
}
