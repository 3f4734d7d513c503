/** Arguments whose shape or type does not fit; the message names the op, the argument and what came. */
import type * as tf from '@tensorflow/tfjs-core'

export class ShapeError extends Error {
  override name = 'ShapeError'
}

/** A check for one op: a name stands for any size. */
export function shapeCheck(op: string) {
  return (name: string, tensor: tf.Tensor | null | undefined, shape: readonly (number | string)[]): void => {
    if (!tensor) return
    const fits =
      tensor.shape.length === shape.length &&
      shape.every((dim, i) => typeof dim === 'string' || dim === tensor.shape[i])
    if (!fits)
      throw new ShapeError(
        `${op}: expected shape [${shape.join(', ')}] for ${name}, received [${tensor.shape.join(', ')}]`,
      )
  }
}
