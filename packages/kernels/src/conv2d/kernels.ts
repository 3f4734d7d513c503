/**
 * The kernels that convolutions over images and over volumes have alike: TensorFlow.js's with their gradients, and ours with bias and
 * activation in the same pass. The C++ is native/conv.h; channels first and empty tensors are left to TensorFlow.js's own.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry, type Executor } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { fusedActivations } from '../matmul/matmul.js'
import { type ConvGeometry, convSizes } from './shape.js'

const numbers = [...convSizes, 'activation'] as const

type ConvNumbers = Record<(typeof numbers)[number], number | boolean>

/** The three entry points of `name`; `flops` of a call, of which each gradient has as many. */
export function convEntries(name: string, flops: (n: ConvNumbers) => number) {
  return {
    forward: entry(name, ['x', 'filter', 'bias', 'out'], numbers, flops),
    filterGradient: entry(
      `${name}_filter_gradient`,
      ['x', 'dy', 'y', 'filterGradient', 'biasGradient'],
      numbers,
      flops,
    ),
    inputGradient: entry(`${name}_input_gradient`, ['dy', 'y', 'filter', 'inputGradient'], numbers, flops),
  }
}

/** Products and sums of a convolution with one input channel, taps that read padding counted. */
export function convFlops(n: ConvNumbers): number {
  const outputs = Number(n.batch) * Number(n.outDepth) * Number(n.outHeight) * Number(n.outWidth)
  const taps = Number(n.filterDepth) * Number(n.filterHeight) * Number(n.filterWidth)
  return 2 * outputs * Number(n.outChannels) * taps
}

/** Those of images and volumes. */
export const convolutionEntries = convEntries('conv', (n) => convFlops(n) * Number(n.inChannels))

/** The kernels of one kind of convolution. */
export interface ConvKind<Attrs extends object> {
  /** Forward, and the gradients of filter and input. */
  entries: ReturnType<typeof convEntries>
  /** Ours; its gradients' names are this with `Grad` and `InputGrad`. */
  op: string
  /** Those of TensorFlow.js. */
  forward: string
  fused?: string
  backpropFilter: string
  backpropInput: string
  /** `undefined` for what the C++ does not serve. */
  geometry(xShape: readonly number[], filterShape: readonly number[], attrs: Attrs): ConvGeometry | undefined
}

interface ConvInputs {
  x: tf.TensorInfo
  filter: tf.TensorInfo
  bias?: tf.TensorInfo
  preluActivationWeights?: tf.TensorInfo
}

interface Fused {
  activation?: string
}

const allFloat = (...tensors: (tf.TensorInfo | undefined)[]) =>
  tensors.every((tensor) => tensor === undefined || tensor.dtype === 'float32')

function convolve<A extends object>(kind: ConvKind<A>, executor: Executor, inputs: ConvInputs, attrs: A & Fused) {
  const { x, filter, bias, preluActivationWeights } = inputs
  const shape = kind.geometry(x.shape, filter.shape, attrs)
  const activation = fusedActivations[attrs.activation ?? 'linear']
  if (!shape || activation === undefined || preluActivationWeights || !allFloat(x, filter, bias)) return undefined
  if (bias && tf.util.sizeFromShape(bias.shape) !== shape.sizes.outChannels) return undefined
  const out = executor.allocate(shape.outShape)
  executor.run(kind.entries.forward, {
    x: executor.floats(x),
    filter: executor.floats(filter),
    bias: bias && executor.floats(bias),
    out: executor.floats(out),
    ...shape.sizes,
    activation,
  })
  return out
}

interface FilterInputs {
  x: tf.TensorInfo
  dy: tf.TensorInfo
  y?: tf.TensorInfo
}

/** Gradients of filter and bias; `y`, the output, is needed where there is an activation. */
function filterGradient<A extends object>(
  kind: ConvKind<A>,
  executor: Executor,
  { x, dy, y }: FilterInputs,
  attrs: A & Fused & { filterShape: number[] },
  withBias: boolean,
): { filter: tf.TensorInfo; bias?: tf.TensorInfo } | undefined {
  const shape = kind.geometry(x.shape, attrs.filterShape, attrs)
  if (!shape || !allFloat(x, dy, y) || !tf.util.arraysEqual(dy.shape, shape.outShape)) return undefined
  const filter = executor.allocate(attrs.filterShape)
  const bias = withBias ? executor.allocate([shape.sizes.outChannels]) : undefined
  executor.run(kind.entries.filterGradient, {
    x: executor.floats(x),
    dy: executor.floats(dy),
    y: y && executor.floats(y),
    filterGradient: executor.floats(filter),
    biasGradient: bias && executor.floats(bias),
    ...shape.sizes,
    activation: fusedActivations[attrs.activation ?? 'linear'] ?? 0,
  })
  return { filter, bias }
}

interface InputInputs {
  dy: tf.TensorInfo
  y?: tf.TensorInfo
  filter: tf.TensorInfo
}

function inputGradient<A extends object>(
  kind: ConvKind<A>,
  executor: Executor,
  { dy, y, filter }: InputInputs,
  attrs: A & Fused & { inputShape: number[] },
): tf.TensorInfo | undefined {
  const shape = kind.geometry(attrs.inputShape, filter.shape, attrs)
  if (!shape || !allFloat(dy, y, filter) || !tf.util.arraysEqual(dy.shape, shape.outShape)) return undefined
  const out = executor.allocate(attrs.inputShape)
  executor.run(kind.entries.inputGradient, {
    dy: executor.floats(dy),
    y: y && executor.floats(y),
    filter: executor.floats(filter),
    inputGradient: executor.floats(out),
    ...shape.sizes,
    activation: fusedActivations[attrs.activation ?? 'linear'] ?? 0,
  })
  return out
}

/** The kernels of a kind, for the list in rooms.ts. */
export function convKernels<A extends object>(kind: ConvKind<A>): readonly Kernel[] {
  const forward = (kernelName: string) =>
    overrideKernel<ConvInputs, A & Fused>({
      kernelName,
      entries: [kind.entries.forward],
      run: ({ inputs, attrs, executor }) => convolve(kind, executor, inputs, attrs),
    })
  const ofInput = (kernelName: string) =>
    overrideKernel<InputInputs, A & Fused & { inputShape: number[] }>({
      kernelName,
      entries: [kind.entries.inputGradient],
      run: ({ inputs, attrs, executor }) => inputGradient(kind, executor, inputs, attrs),
    })
  return [
    ...[kind.op, kind.forward, ...(kind.fused === undefined ? [] : [kind.fused])].map(forward),
    ...[`${kind.op}InputGrad`, kind.backpropInput].map(ofInput),
    overrideKernel<FilterInputs, A & { filterShape: number[] }>({
      kernelName: kind.backpropFilter,
      entries: [kind.entries.filterGradient],
      run: ({ inputs, attrs, executor }) => filterGradient(kind, executor, inputs, attrs, false)?.filter,
    }),
    // Gradients of filter and bias, from that of the activation's output.
    overrideKernel<FilterInputs, A & Fused & { filterShape: number[] }>({
      kernelName: `${kind.op}Grad`,
      entries: [kind.entries.filterGradient],
      run({ inputs, attrs, executor }) {
        const { filter, bias } = filterGradient(kind, executor, inputs, attrs, true) ?? {}
        return filter && bias && [filter, bias]
      },
    }),
  ]
}
