/**
 * Kernels whose inputs may be absent. TensorFlow.js saves named inputs for a gradient only when all are there, so such a kernel takes a
 * list, with the names of those that are there among its attributes. Its last result is what it keeps for its gradient.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type { Block, Executor } from './executor.js'

/** Attributes of a kernel whose inputs may be absent. */
export interface ListedAttrs {
  /** Keep what the gradient needs. */
  keep: boolean
  /** Names of the inputs that are there, in the order in which they are saved. */
  inputNames: string[]
}

/** Runs such a kernel; what it keeps is let go when nothing records a gradient. */
export function runListed(
  kernelName: string,
  inputs: Readonly<Record<string, tf.Tensor | undefined>>,
  attrs: object,
): tf.Tensor[] {
  const present = Object.entries(inputs).flatMap(([name, tensor]) => (tensor ? [{ name, tensor }] : []))
  const listed: ListedAttrs = { keep: tf.engine().isTapeOn(), inputNames: present.map(({ name }) => name) }
  // TensorFlow.js takes a list of inputs where its types say a map (Concat does the same).
  const list = present.map(({ tensor }) => tensor) as never
  const results: tf.Tensor[] = tf.engine().runKernel(kernelName, list, { ...attrs, ...listed })
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

/** An input that is always there. */
export function required(info: tf.TensorInfo | undefined, name: string): tf.TensorInfo {
  if (!info) throw new Error(`expected ${name} among the kernel's inputs`)
  return info
}

/** The memory of a float32 input that may be absent. */
export function optionalFloats(executor: Executor, info: tf.TensorInfo | undefined): Block | undefined {
  return info && executor.floats(info)
}

/** A mask as one byte an element. */
export function maskBytes(executor: Executor, mask: tf.TensorInfo | undefined): Block | undefined {
  if (!mask) return undefined
  const block = executor.block(mask)
  if (executor.typeOf(block) === 'bool') return block
  return executor.put(Uint8Array.from(executor.read(block), (value) => (value === 0 ? 0 : 1)))
}

/** What the gradient of a kernel of listed inputs consists of. */
export interface ListedGradient {
  kernelName: string
  /** For each output but the last, which is what the kernel keeps: the name of its gradient for `${kernelName}Grad`. */
  outputGradients: readonly string[]
  /** Whether the gradient's kernels need the first output, as `output`. */
  savesOutput?: boolean
  /** The inputs whose gradients `${kernelName}Grad` gives, in its order. */
  differentiable: readonly string[]
  /** Whether the gradient of `x` has a kernel of its own, `${kernelName}InputGrad`, which runs after the other one. */
  separateInput?: boolean
}

/**
 * The gradient of a kernel of listed inputs: `${kernelName}Grad` gets all inputs, what was kept as `reserve`, and the gradients of the
 * outputs, and gives those of the inputs.
 */
export function listedGradient(options: ListedGradient): tf.GradConfig {
  const { kernelName, outputGradients, savesOutput = false, differentiable, separateInput = false } = options
  return {
    kernelName,
    saveAllInputs: true,
    outputsToSave: [savesOutput, ...outputGradients.slice(1).map(() => false), true],
    gradFunc: (dy, saved, attrs) => {
      const gradients = Array.isArray(dy) ? dy : [dy]
      const reserve = saved.at(-1)
      if (!isListed(attrs) || !reserve || gradients.length < outputGradients.length)
        throw new Error(`${kernelName} gradient: expected the saved inputs and outputs of its forward pass`)
      const inputs: tf.NamedTensorMap = { reserve }
      const add = (name: string, tensor: tf.Tensor | undefined) => {
        if (tensor) inputs[name] = tensor
      }
      if (savesOutput) add('output', saved.at(-2))
      attrs.inputNames.forEach((name, i) => add(name, saved[i]))
      const outer = Object.fromEntries(
        outputGradients.flatMap((name, i) => (gradients[i] ? [[name, gradients[i]]] : [])),
      )
      const run = (name: string, from: tf.NamedTensorMap): tf.Tensor[] =>
        [tf.engine().runKernel<tf.Tensor | tf.Tensor[]>(name, from, { ...attrs })].flat()
      const results = run(`${kernelName}Grad`, { ...inputs, ...outer })
      const gradientOf = (name: string) => (): tf.Tensor => {
        const ofInput = separateInput && name === 'x'
        const gradient = ofInput ? run(`${kernelName}InputGrad`, inputs)[0] : results[differentiable.indexOf(name)]
        if (!gradient) throw new Error(`${kernelName} gradient: ${name} is not differentiable`)
        return gradient
      }
      return Object.fromEntries(attrs.inputNames.map((name, i) => [i, gradientOf(name)]))
    },
  }
}

function isListed(attrs: object): attrs is ListedAttrs {
  return 'inputNames' in attrs && Array.isArray(attrs.inputNames)
}
