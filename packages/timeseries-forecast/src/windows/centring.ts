/** The level of a window, its own look-back's: what a network sees and forecasts is counted from there, and a forecast put back on it. */

/** What is subtracted from a window's targets, of its own look-back: nothing, its last value, its mean. */
export type Centring = 'none' | 'last' | 'mean'

export interface CentredSizes {
  /** Rows L of a look-back. */
  readonly lookBack: number
  /** Columns D of a look-back, the targets first. */
  readonly inputs: number
  /** Targets C. */
  readonly targets: number
}

/** Subtracts its level from the targets of window `b` in place, and puts it into `offsets`. Shapes: past [B, L, D], offsets [B, C]. */
export function centreLookBack(
  past: Float32Array,
  offsets: Float32Array,
  b: number,
  { lookBack, inputs, targets }: CentredSizes,
  centring: Centring,
): void {
  if (centring === 'none') return
  const start = b * lookBack * inputs
  const end = start + lookBack * inputs
  for (let c = 0; c < targets; c++) {
    let offset = past[end - inputs + c] ?? 0
    if (centring === 'mean') {
      let sum = 0
      for (let at = start + c; at < end; at += inputs) sum += past[at] ?? 0
      offset = Math.fround(sum / lookBack)
    }
    offsets[b * targets + c] = offset
    for (let at = start + c; at < end; at += inputs) past[at] = (past[at] ?? 0) - offset
  }
}

/** Adds to values [B, H, C] in place what was subtracted from their windows, [B, C]; with `sign` -1 subtracts it. */
export function shiftBy(values: Float32Array, offsets: Float32Array, horizon: number, targets: number, sign = 1): void {
  for (let at = 0, b = 0; at < values.length; b++)
    for (let h = 0; h < horizon; h++)
      for (let c = 0; c < targets; c++, at++) values[at] = (values[at] ?? 0) + sign * (offsets[b * targets + c] ?? 0)
}
