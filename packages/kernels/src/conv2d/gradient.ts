/**
 * Gradients of convolutions: of our ops, and of TensorFlow.js's kernels, whose own refuse dilation.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { executorWith } from '../executor.js'
import type { ConvKind } from './kernels.js'
import { dilatedFilter, perAxis } from './reference.js'

function savedOf(dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) {
  const [x, filter, y] = saved
  if (!x || !filter || Array.isArray(dy))
    throw new Error('convolution gradient: expected x and filter among what was saved')
  return { x, filter, y, dy }
}

const run = <T extends tf.Tensor | tf.Tensor[]>(name: string, inputs: tf.NamedTensorMap, attrs: object): T =>
  tf.engine().runKernel<T>(name, inputs, { ...attrs })

/** The gradient of an op of ours with bias and activation, whose kernels are `op` with `Grad` and `InputGrad`. */
export function biasActivationGradient(op: string): tf.GradConfig {
  return {
    kernelName: op,
    inputsToSave: ['x', 'filter'],
    outputsToSave: [true],
    gradFunc: (given, saved, attrs) => {
      const { x, filter, y, dy } = savedOf(given, saved)
      if (!y) throw new Error('convolution gradient: expected its output among what was saved')
      // Here, not in the closures: what a closure makes beside its own result is disposed of after it.
      const weights = run<tf.Tensor[]>(`${op}Grad`, { x, dy, y }, { ...attrs, filterShape: filter.shape })
      const weight = (i: number) => () => {
        const gradient = weights[i]
        if (!gradient) throw new Error('convolution gradient: the kernel returned too few outputs')
        return gradient
      }
      return {
        x: () => run<tf.Tensor>(`${op}InputGrad`, { dy, y, filter }, { ...attrs, inputShape: x.shape }),
        filter: weight(0),
        bias: weight(1),
      }
    },
  }
}

/** What the gradient of a kernel of TensorFlow.js needs to know. */
type Displaced<A extends object> = Pick<ConvKind<A>, 'entries' | 'forward' | 'backpropFilter' | 'backpropInput'> & {
  /** Whether the C++ serves these shapes. */
  geometry: (xShape: readonly number[], filterShape: readonly number[], attrs: A) => object | undefined
}

/**
 * The gradient of TensorFlow.js's `kind.forward` over `axes` axes. Where the running backend has no kernel for a dilated gradient, it is
 * that of the convolution with the filter's taps spread by zeros.
 */
export function dilatableGradient<A extends { dilations?: number | readonly number[] }>(
  kind: Displaced<A>,
  axes: number,
): tf.GradConfig {
  return {
    kernelName: kind.forward,
    inputsToSave: ['x', 'filter'],
    gradFunc: (given, saved, unknownAttrs) => {
      const { x, filter, dy } = savedOf(given, saved)
      // The registry gives a gradient the attributes of the kernel that it is registered for.
      const attrs = unknownAttrs as object as A
      const dilations = perAxis(attrs.dilations ?? 1, axes)
      const served =
        executorWith(kind.entries.inputGradient) !== undefined &&
        kind.geometry(x.shape, filter.shape, attrs) !== undefined
      const input = (taps: tf.Tensor, more: object) => () =>
        run<tf.Tensor>(kind.backpropInput, { dy, filter: taps }, { ...attrs, inputShape: x.shape, ...more })
      const weights = (filterShape: number[], more: object) => () =>
        run<tf.Tensor>(kind.backpropFilter, { x, dy }, { ...attrs, filterShape, ...more })
      if (served || dilations.every((dilation) => dilation === 1))
        return { x: input(filter, {}), filter: weights(filter.shape, {}) }
      const spread = dilatedFilter(filter, dilations)
      const undilated = { dilations: perAxis(1, axes) }
      return { x: input(spread, undilated), filter: () => everyTap(weights(spread.shape, undilated)(), dilations) }
    },
  }
}

/** Every d-th tap of each of the first axes: the gradient of a filter from that of its spread. */
function everyTap(spread: tf.Tensor, dilations: readonly number[]): tf.Tensor {
  return dilations.reduce((taps, dilation, axis) => {
    const places = Math.ceil((taps.shape[axis] ?? 1) / dilation)
    const picked = Int32Array.from({ length: places }, (_, i) => i * dilation)
    return dilation === 1 ? taps : tf.gather(taps, tf.tensor1d(picked), axis)
  }, spread)
}
