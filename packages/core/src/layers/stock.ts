/**
 * TensorFlow.js's own layer classes, to subclass. The package exports functions that make layers but not their classes, and importing
 * them from its inner files would load a second copy of it, so the class is taken from an instance.
 */
import type * as tf from '@tensorflow/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'

/** A layer class as a base to extend; `L` declares, as public, those of its fields that the subclass needs. */
export interface LayerClass<Args, L extends tfl.layers.Layer> {
  new (args: Args): L
  className: string
  fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T
}

/** The class of `instance`. Give the instance a name when you make it, so that it uses up no automatic name. */
export function classOf<C extends abstract new (...args: never[]) => object>(instance: object): C {
  return instance.constructor as C
}

export type Tensors = tf.Tensor | tf.Tensor[]
export type Shape = (number | null)[]
export type Shapes = Shape | Shape[]
/** What TensorFlow.js passes to `call` beside the inputs. */
export type CallOptions = { [name: string]: unknown; training?: boolean | null; mask?: unknown; initialState?: unknown }

/** The only tensor of a layer that takes one. */
export function single(inputs: Tensors): tf.Tensor {
  const [first, ...more] = Array.isArray(inputs) ? inputs : [inputs]
  if (first === undefined || more.length > 0)
    throw new Error(`running a layer: expected one input tensor, received ${more.length + (first ? 1 : 0)}`)
  return first
}

/** The only shape of a layer that takes one input. */
export function singleShape(shapes: Shapes): Shape {
  const [first] = shapes
  return Array.isArray(first) ? first : (shapes as Shape)
}

/**
 * A mask as the return value of `computeMask`, where TensorFlow.js takes null for none although its types, written without strict
 * null checks, do not say so.
 */
export function asMask(mask: tf.Tensor | null): Tensors {
  return mask as Tensors
}
