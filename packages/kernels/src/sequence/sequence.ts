/**
 * What the rooms of recurrent ops share on the TypeScript side: names of activations, the shape check, inputs that may be absent, and
 * the one kernel that serves every kind of cell, the gradient of the input.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { NativeBackend } from '../backend.js'
import { nativeFunction } from '../binding.js'
import { ShapeError } from '../shape-error.js'

export type CellActivation = 'tanh' | 'relu' | 'linear'
export type GateActivation = 'sigmoid' | 'hardSigmoid'

export const cellActivations: Readonly<Record<CellActivation, (x: tf.Tensor) => tf.Tensor>> = {
  tanh: tf.tanh,
  relu: tf.relu,
  linear: (x) => x,
}
export const gateActivations: Readonly<Record<GateActivation, (x: tf.Tensor) => tf.Tensor>> = {
  sigmoid: tf.sigmoid,
  hardSigmoid: (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
}
/** `CellActivation` of sequence.h. */
export const activationCodes: Readonly<Record<CellActivation, number>> = { tanh: 0, relu: 1, linear: 2 }

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

/** Attributes of a kernel whose inputs may be absent. */
export interface ListedAttrs {
  /** Keep what the gradient needs. */
  keep: boolean
  /** Names of the inputs that are there, in the order in which they are saved. */
  inputNames: string[]
}

/**
 * Runs a kernel whose inputs may be absent: they go as a list, since TensorFlow.js saves named inputs only when all are there. The
 * last result is what is kept for the gradient; it is let go when nothing records one.
 */
export function runListed(
  kernelName: string,
  named: Readonly<Record<string, tf.Tensor | undefined>>,
  attrs: object,
): tf.Tensor[] {
  const present = Object.entries(named).flatMap(([name, tensor]) => (tensor ? [{ name, tensor }] : []))
  const listed: ListedAttrs = { keep: tf.engine().isTapeOn(), inputNames: present.map(({ name }) => name) }
  // TensorFlow.js takes a list of inputs where its types say a map (Concat does the same).
  const inputs = present.map(({ tensor }) => tensor) as never
  const results: tf.Tensor[] = tf.engine().runKernel(kernelName, inputs, { ...attrs, ...listed })
  const kept = results.pop()
  if (!listed.keep) kept?.dispose()
  return results
}

/** The listed inputs by name again. */
export function byName(
  numbered: tf.NamedTensorInfoMap,
  names: readonly string[],
): (name: string) => tf.TensorInfo | undefined {
  return (name) => numbered[names.indexOf(name)]
}

/** As `byName`, for an input that is always there. */
export function required(info: tf.TensorInfo | undefined, name: string): tf.TensorInfo {
  if (!info) throw new Error(`expected ${name} among the kernel's inputs`)
  return info
}

/** The mask as one byte a step. */
export function maskBytes(backend: NativeBackend, mask: tf.TensorInfo | undefined): Uint8Array | undefined {
  if (!mask) return undefined
  const memory = backend.memoryOf(mask)
  return memory instanceof Uint8Array ? memory : Uint8Array.from(memory, (value) => (value === 0 ? 0 : 1))
}

export const arrayOf = (backend: NativeBackend, info: tf.TensorInfo | undefined) => info && backend.array(info)

/** dx [B, T, D] from the gates' gradients [rows, width] and the kernel [D, width], added to what is there or not. */
export const sequenceInputGradient = nativeFunction(
  'sequence_input_gradient',
  ['gatesGradient', 'kernel', 'mask', 'dropoutMask', 'inputGradient'],
  ['batch', 'steps', 'features', 'width', 'goBackwards', 'accumulate'],
  (n) => 2 * Number(n.batch) * Number(n.steps) * Number(n.features) * Number(n.width),
)
