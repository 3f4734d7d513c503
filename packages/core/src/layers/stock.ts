/**
 * TensorFlow.js's own layer classes, to subclass. The package exports functions that make layers but not their classes, and importing
 * them from its inner files would load a second copy of it, so the class is taken from an instance.
 */

/** The class that `instance` was made by. The instance is given a name when it is made, so that no automatic name is used up. */
export function classOf<C extends abstract new (...args: never[]) => object>(instance: object): C {
  return instance.constructor as C
}
