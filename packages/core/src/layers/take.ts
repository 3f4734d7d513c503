/**
 * Takes rows of a tensor by number when no row is taken twice: the gradient then takes rows too, in the other direction, where
 * `tf.gather`'s adds rows up. A computation leaves out padded steps this way and puts them back afterwards.
 */
import * as tf from '@weft/kernels/tfjs-core'

/** Which rows to take, and the way back. */
export interface Taking {
  /** For each place of the output its row of the input; -1 for a row of zeros. */
  rows: Int32Array
  /** For each row of the input its place in the output; -1 when it is not taken. */
  places: Int32Array
}

/** Takes `rows` out of `count`. */
export function taking(rows: Int32Array, count: number): Taking {
  const places = new Int32Array(count).fill(-1)
  rows.forEach((row, place) => {
    if (row >= 0) places[row] = place
  })
  return { rows, places }
}

/** Puts each row back where it was; rows that were not taken become zeros. */
export const putBack = ({ rows, places }: Taking): Taking => ({ rows: places, places: rows })

/** Shapes: `x` [..., n, ...] → [..., rows, ...] along `axis`. */
export function take(x: tf.Tensor, { rows, places }: Taking, axis = 0): tf.Tensor {
  return tf.customGrad((input) => ({
    value: gather(input as tf.Tensor, rows, axis),
    gradFunc: (dy: tf.Tensor) => gather(dy, places, axis),
  }))(x)
}

function gather(x: tf.Tensor, rows: Int32Array, axis: number): tf.Tensor {
  return tf.tidy(() => {
    if (!rows.includes(-1)) return tf.gather(x, tf.tensor1d(rows, 'int32'), axis)
    const count = x.shape[axis] ?? 0
    const zero = tf.zeros(
      x.shape.map((size, i) => (i === axis ? 1 : size)),
      x.dtype,
    )
    const found = rows.map((row) => (row < 0 ? count : row))
    return tf.gather(tf.concat([x, zero], axis), tf.tensor1d(found, 'int32'), axis)
  })
}

/**
 * Takes only the real steps from a batch whose first two axes are merged, [B · T, …]; null when there is nothing to leave out, or
 * nothing to take.
 *
 * Shapes: `mask` [B, T].
 */
export function realSteps(mask: tf.Tensor): Taking | null {
  const values = mask.dataSync()
  const real = Int32Array.from(values.keys()).filter((step) => values[step] !== 0)
  return real.length === 0 || real.length === values.length ? null : taking(real, values.length)
}
