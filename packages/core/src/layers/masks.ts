/**
 * Keras masks: [B, T], true where a step of a sequence is real and false where it is padding. TensorFlow.js passes the last mask that
 * it met to all later layers, those of other branches included, so a layer takes a mask only if it has the shape of its own input.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { expected } from '../errors.js'

/**
 * The mask of a layer's input, or null.
 *
 * Shapes: `input` [B, T, …], mask [B, T].
 * @param mask What TensorFlow.js gave: a tensor, a list of one, or nothing.
 */
export function maskOf(layerName: string, input: tf.Tensor, mask: unknown): tf.Tensor | null {
  const given: unknown = Array.isArray(mask) ? mask[0] : mask
  if (given === null || given === undefined) return null
  const [batch, time] = input.shape
  if (given instanceof tf.Tensor && given.rank === 2 && given.shape[0] === batch && given.shape[1] === time)
    return given
  const received = given instanceof tf.Tensor ? `[${given.shape.join(', ')}]` : typeof given
  throw expected({
    doing: `running layer ${layerName}`,
    want: `the shape [${batch}, ${time}] of the input's first two axes`,
    of: 'mask',
    got: received,
    hint: 'A mask follows the time axis, axis 1. TensorFlow.js also passes masks on to layers that come after the sequence has ended.',
  })
}

/**
 * The mask after a convolution or a pooling along time: an output step is kept when the input step at its stride is real. So
 * n real steps become ceil(n / stride), the length that "same" padding gives; Keras itself drops masks here.
 *
 * Shapes: `mask` [B, T] → [B, outputSteps].
 */
export function strideMask(mask: tf.Tensor, stride: number, outputSteps: number): tf.Tensor {
  const [batch = 0, time = 0] = mask.shape
  const steps = Math.min(outputSteps, Math.ceil(time / stride))
  if (stride === 1) return tf.slice(mask, [0, 0], [batch, steps])
  // Not tf.stridedSlice: TensorFlow.js's wasm backend reads booleans wrongly there.
  return tf.tidy(() => {
    const kept = tf.tensor1d(Int32Array.from({ length: steps }, (_, step) => step * stride))
    // As integers: the native kernel takes numbers of four bytes.
    return tf.cast(tf.gather(tf.cast(mask, 'int32'), kept, 1), 'bool')
  })
}
