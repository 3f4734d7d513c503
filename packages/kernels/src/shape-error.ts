/** An argument whose shape or type does not fit; the message names the op, the argument and what came. */
export class ShapeError extends Error {
  override name = 'ShapeError'
}
