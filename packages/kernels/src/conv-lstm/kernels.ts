/**
 * The kernels of the convolutional LSTM and their gradient. What the forward kernel keeps are gates and cells of every step, and the
 * hidden states where they are not outputs.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry } from '../executor.js'
import { convSizesOf, type Pair } from '../conv2d/shape.js'
import { overrideKernel } from '../kernel.js'
import { optionalFloats, byName, type ListedAttrs, maskBytes, required, listedGradient } from '../listed-inputs.js'
import { activationCodes, type CellActivation, type GateActivation } from '../sequence/activations.js'
import { CONV_LSTM } from './conv-lstm.js'

type ConvLstmAttrs = ListedAttrs & {
  strides: Pair
  pad: 'same' | 'valid'
  dilations: Pair
  returnSequences: boolean
  goBackwards: boolean
  activation: CellActivation
  recurrentActivation: GateActivation
}

const numbers = [
  ...(['batch', 'steps', 'inHeight', 'inWidth', 'inChannels', 'outHeight', 'outWidth', 'filters'] as const),
  ...(['filterHeight', 'filterWidth', 'strideHeight', 'strideWidth', 'dilationHeight', 'dilationWidth'] as const),
  ...(['padTop', 'padLeft', 'returnSequences', 'goBackwards', 'activation', 'hardGates'] as const),
] as const
type Numbers = Record<(typeof numbers)[number], number | boolean>

/** Of one convolution from or to the gates of all steps, with so many channels on the other side. */
const flopsOf = (n: Numbers, channels: number) =>
  [n.batch, n.steps, n.outHeight, n.outWidth, n.filters, n.filterHeight, n.filterWidth].reduce<number>(
    (product, size) => product * Number(size),
    8 * channels,
  )

const forwardEntry = entry(
  'conv_lstm_forward',
  [
    ...(['x', 'kernel', 'recurrentKernel', 'bias', 'peepholes', 'initialHidden', 'initialCell', 'mask'] as const),
    ...(['recurrentDropoutMask', 'output', 'lastHidden', 'lastCell', 'gates', 'cells', 'hiddens'] as const),
  ],
  numbers,
  (n) => flopsOf(n, Number(n.inChannels) + Number(n.filters)),
)
const backwardEntry = entry(
  'conv_lstm_backward',
  [
    ...(['x', 'recurrentKernel', 'peepholes', 'initialHidden', 'initialCell', 'mask', 'recurrentDropoutMask'] as const),
    ...(['gates', 'cells', 'hiddens', 'outputGradient', 'lastHiddenGradient', 'lastCellGradient'] as const),
    ...(['kernelGradient', 'recurrentGradient', 'biasGradient', 'peepholeGradient'] as const),
    ...(['initialHiddenGradient', 'cellGradient'] as const),
  ],
  numbers,
  (n) => flopsOf(n, Number(n.inChannels) + 2 * Number(n.filters)),
)
const inputGradientEntry = entry(
  'conv_lstm_input_gradient',
  ['gatesGradient', 'kernel', 'mask', 'inputGradient'],
  numbers,
  (n) => flopsOf(n, Number(n.inChannels)),
)

interface Named {
  x: tf.TensorInfo
  kernel: tf.TensorInfo
  recurrentKernel: tf.TensorInfo
  bias?: tf.TensorInfo
  peepholes?: tf.TensorInfo
  initialHidden?: tf.TensorInfo
  initialCell?: tf.TensorInfo
  mask?: tf.TensorInfo
  recurrentDropoutMask?: tf.TensorInfo
}

function named(numbered: tf.NamedTensorInfoMap, names: readonly string[]): Named {
  const at = byName(numbered, names)
  return {
    x: required(at('x'), 'x'),
    kernel: required(at('kernel'), 'kernel'),
    recurrentKernel: required(at('recurrentKernel'), 'recurrentKernel'),
    bias: at('bias'),
    peepholes: at('peepholes'),
    initialHidden: at('initialHidden'),
    initialCell: at('initialCell'),
    mask: at('mask'),
    recurrentDropoutMask: at('recurrentDropoutMask'),
  }
}

function numbersOf({ x, kernel }: Named, attrs: ConvLstmAttrs) {
  const [batch = 0, steps = 0, ...image] = x.shape
  const sizes = convSizesOf([1, ...image], kernel.shape, attrs)?.sizes
  if (!sizes) throw new Error('convLstm2d: expected images and filters that are not empty')
  const { outChannels, ...rest } = sizes
  return {
    ...rest,
    batch,
    steps,
    filters: outChannels / 4,
    returnSequences: attrs.returnSequences,
    goBackwards: attrs.goBackwards,
    activation: activationCodes[attrs.activation],
    hardGates: attrs.recurrentActivation === 'hardSigmoid',
  }
}

const convLstmKernel = overrideKernel<tf.NamedTensorInfoMap, ConvLstmAttrs>({
  kernelName: CONV_LSTM,
  entries: [forwardEntry],
  run({ inputs: numbered, attrs, executor }) {
    const inputs = named(numbered, attrs.inputNames)
    const n = numbersOf(inputs, attrs)
    const frame = [n.outHeight, n.outWidth, n.filters]
    const output = executor.allocate(attrs.returnSequences ? [n.batch, n.steps, ...frame] : [n.batch, ...frame])
    const [lastHidden, lastCell] = [executor.allocate([n.batch, ...frame]), executor.allocate([n.batch, ...frame])]
    const size = n.batch * n.steps * tf.util.sizeFromShape(frame)
    const kept = attrs.keep
      ? [4, 1, ...(attrs.returnSequences ? [] : [1])].map((part) => executor.take(part * size))
      : []
    executor.run(forwardEntry, {
      x: executor.floats(inputs.x),
      kernel: executor.floats(inputs.kernel),
      recurrentKernel: executor.floats(inputs.recurrentKernel),
      bias: optionalFloats(executor, inputs.bias),
      peepholes: optionalFloats(executor, inputs.peepholes),
      initialHidden: optionalFloats(executor, inputs.initialHidden),
      initialCell: optionalFloats(executor, inputs.initialCell),
      mask: maskBytes(executor, inputs.mask),
      recurrentDropoutMask: optionalFloats(executor, inputs.recurrentDropoutMask),
      output: executor.floats(output),
      lastHidden: executor.floats(lastHidden),
      lastCell: executor.floats(lastCell),
      gates: kept[0],
      cells: kept[1],
      hiddens: kept[2],
      ...n,
    })
    return [output, lastHidden, lastCell, executor.keep(kept)]
  },
})

type GradInputs = Named & {
  output: tf.TensorInfo
  reserve: tf.TensorInfo
  outputGradient: tf.TensorInfo
  lastHiddenGradient: tf.TensorInfo
  lastCellGradient: tf.TensorInfo
}

/**
 * Gradients of kernel, recurrent kernel, bias, peepholes, initial hidden state and cell, an empty tensor for each that is absent; the
 * reserve's gates become their gradients, for the kernel below.
 */
const convLstmGradKernel = overrideKernel<GradInputs, ConvLstmAttrs>({
  kernelName: `${CONV_LSTM}Grad`,
  entries: [backwardEntry],
  run({ inputs, attrs, executor }) {
    const n = numbersOf(inputs, attrs)
    const [gates, cells, hiddens = executor.floats(inputs.output)] = executor.kept(inputs.reserve)
    const { bias, peepholes, initialHidden } = inputs
    const like = (info: tf.TensorInfo | undefined) => executor.allocate(info?.shape ?? [0])
    const results = [
      inputs.kernel,
      inputs.recurrentKernel,
      bias,
      peepholes,
      initialHidden,
      inputs.lastCellGradient,
    ].map(like)
    const [kernelGradient, recurrentGradient, biasGradient, peepholeGradient, initialHiddenGradient, cellGradient] =
      results.map((info) => executor.floats(info))
    executor.run(backwardEntry, {
      x: executor.floats(inputs.x),
      recurrentKernel: executor.floats(inputs.recurrentKernel),
      peepholes: optionalFloats(executor, peepholes),
      initialHidden: optionalFloats(executor, initialHidden),
      initialCell: optionalFloats(executor, inputs.initialCell),
      mask: maskBytes(executor, inputs.mask),
      recurrentDropoutMask: optionalFloats(executor, inputs.recurrentDropoutMask),
      gates,
      cells,
      hiddens,
      outputGradient: executor.floats(inputs.outputGradient),
      lastHiddenGradient: executor.floats(inputs.lastHiddenGradient),
      lastCellGradient: executor.floats(inputs.lastCellGradient),
      kernelGradient,
      recurrentGradient,
      biasGradient: bias && biasGradient,
      peepholeGradient: peepholes && peepholeGradient,
      initialHiddenGradient: initialHidden && initialHiddenGradient,
      cellGradient,
      ...n,
    })
    return results
  },
})

/** The input's gradient, from the gates' gradients that the kernel above left in the reserve. */
const convLstmInputGradKernel = overrideKernel<Named & { reserve: tf.TensorInfo }, ConvLstmAttrs>({
  kernelName: `${CONV_LSTM}InputGrad`,
  entries: [inputGradientEntry],
  run({ inputs, attrs, executor }) {
    const out = executor.allocate(inputs.x.shape)
    executor.run(inputGradientEntry, {
      gatesGradient: executor.kept(inputs.reserve)[0],
      kernel: executor.floats(inputs.kernel),
      mask: maskBytes(executor, inputs.mask),
      inputGradient: executor.floats(out),
      ...numbersOf(inputs, attrs),
    })
    return out
  },
})

export const convLstmKernels = [convLstmKernel, convLstmGradKernel, convLstmInputGradKernel]

export const convLstmGradient = listedGradient({
  kernelName: CONV_LSTM,
  outputGradients: ['outputGradient', 'lastHiddenGradient', 'lastCellGradient'],
  savesOutput: true,
  differentiable: ['kernel', 'recurrentKernel', 'bias', 'peepholes', 'initialHidden', 'initialCell'],
  separateInput: true,
})
