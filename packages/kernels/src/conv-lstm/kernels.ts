/**
 * The kernels of the convolutional LSTM and their gradient. What the forward kernel keeps are gates and cells of every step, and the
 * hidden states where they are not outputs.
 */
import * as tf from '@tensorflow/tfjs-core'
import { nativeFunction } from '../binding.js'
import { convSizesOf, type Pair } from '../conv2d/shape.js'
import { overrideKernel } from '../kernel.js'
import {
  activationCodes,
  arrayOf,
  byName,
  type CellActivation,
  type GateActivation,
  type ListedAttrs,
  maskBytes,
  required,
} from '../sequence/sequence.js'
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

const forwardNative = nativeFunction(
  'conv_lstm_forward',
  [
    ...(['x', 'kernel', 'recurrentKernel', 'bias', 'peepholes', 'initialHidden', 'initialCell', 'mask'] as const),
    ...(['recurrentDropoutMask', 'output', 'lastHidden', 'lastCell', 'gates', 'cells', 'hiddens'] as const),
  ],
  numbers,
  (n) => flopsOf(n, Number(n.inChannels) + Number(n.filters)),
)
const backwardNative = nativeFunction(
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
const inputGradientNative = nativeFunction(
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
  run({ inputs: numbered, attrs, backend }) {
    const inputs = named(numbered, attrs.inputNames)
    const n = numbersOf(inputs, attrs)
    const frame = [n.outHeight, n.outWidth, n.filters]
    const output = backend.allocate(attrs.returnSequences ? [n.batch, n.steps, ...frame] : [n.batch, ...frame])
    const [lastHidden, lastCell] = [backend.allocate([n.batch, ...frame]), backend.allocate([n.batch, ...frame])]
    const size = n.batch * n.steps * tf.util.sizeFromShape(frame)
    const kept = attrs.keep
      ? [4, 1, ...(attrs.returnSequences ? [] : [1])].map((part) => backend.take(part * size))
      : []
    forwardNative({
      x: backend.array(inputs.x),
      kernel: backend.array(inputs.kernel),
      recurrentKernel: backend.array(inputs.recurrentKernel),
      bias: arrayOf(backend, inputs.bias),
      peepholes: arrayOf(backend, inputs.peepholes),
      initialHidden: arrayOf(backend, inputs.initialHidden),
      initialCell: arrayOf(backend, inputs.initialCell),
      mask: maskBytes(backend, inputs.mask),
      recurrentDropoutMask: arrayOf(backend, inputs.recurrentDropoutMask),
      output: backend.array(output),
      lastHidden: backend.array(lastHidden),
      lastCell: backend.array(lastCell),
      gates: kept[0],
      cells: kept[1],
      hiddens: kept[2],
      ...n,
    })
    return [output, lastHidden, lastCell, backend.reserve(kept)]
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
  run({ inputs, attrs, backend }) {
    const n = numbersOf(inputs, attrs)
    const [gates, cells, hiddens = backend.array(inputs.output)] = backend.reserved(inputs.reserve)
    const { bias, peepholes, initialHidden } = inputs
    const like = (info: tf.TensorInfo | undefined) => backend.allocate(info?.shape ?? [0])
    const results = [
      inputs.kernel,
      inputs.recurrentKernel,
      bias,
      peepholes,
      initialHidden,
      inputs.lastCellGradient,
    ].map(like)
    const [kernelGradient, recurrentGradient, biasGradient, peepholeGradient, initialHiddenGradient, cellGradient] =
      results.map((info) => backend.array(info))
    backwardNative({
      x: backend.array(inputs.x),
      recurrentKernel: backend.array(inputs.recurrentKernel),
      peepholes: arrayOf(backend, peepholes),
      initialHidden: arrayOf(backend, initialHidden),
      initialCell: arrayOf(backend, inputs.initialCell),
      mask: maskBytes(backend, inputs.mask),
      recurrentDropoutMask: arrayOf(backend, inputs.recurrentDropoutMask),
      gates,
      cells,
      hiddens,
      outputGradient: backend.array(inputs.outputGradient),
      lastHiddenGradient: backend.array(inputs.lastHiddenGradient),
      lastCellGradient: backend.array(inputs.lastCellGradient),
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
  run({ inputs, attrs, backend }) {
    const out = backend.allocate(inputs.x.shape)
    inputGradientNative({
      gatesGradient: backend.reserved(inputs.reserve)[0],
      kernel: backend.array(inputs.kernel),
      mask: maskBytes(backend, inputs.mask),
      inputGradient: backend.array(out),
      ...numbersOf(inputs, attrs),
    })
    return out
  },
})

export const convLstmKernels = [convLstmKernel, convLstmGradKernel, convLstmInputGradKernel]

function isConvLstmAttrs(attrs: object): attrs is ConvLstmAttrs {
  return 'inputNames' in attrs && Array.isArray(attrs.inputNames)
}

export const convLstmGradient: tf.GradConfig = {
  kernelName: CONV_LSTM,
  saveAllInputs: true,
  outputsToSave: [true, false, false, true],
  gradFunc: (dy, saved, attrs) => {
    const [outputGradient, lastHiddenGradient, lastCellGradient] = Array.isArray(dy) ? dy : [dy]
    const [output, reserve] = saved.slice(-2)
    if (!isConvLstmAttrs(attrs) || !outputGradient || !lastHiddenGradient || !lastCellGradient || !output || !reserve)
      throw new Error('convLstm2d gradient: expected the saved inputs and outputs of its forward pass')
    const inputs: tf.NamedTensorMap = { output, reserve }
    attrs.inputNames.forEach((name, i) => {
      const tensor = saved[i]
      if (tensor) inputs[name] = tensor
    })
    const results: tf.Tensor[] = tf
      .engine()
      .runKernel(`${CONV_LSTM}Grad`, { ...inputs, outputGradient, lastHiddenGradient, lastCellGradient }, { ...attrs })
    const weights = ['kernel', 'recurrentKernel', 'bias', 'peepholes', 'initialHidden', 'initialCell']
    const gradientOf = (name: string) => (): tf.Tensor => {
      if (name === 'x') return tf.engine().runKernel(`${CONV_LSTM}InputGrad`, inputs, { ...attrs })
      const gradient = results[weights.indexOf(name)]
      if (!gradient) throw new Error(`convLstm2d gradient: ${name} is not differentiable`)
      return gradient
    }
    const gradients: Record<string, () => tf.Tensor> = {}
    attrs.inputNames.forEach((name, i) => (gradients[i] = gradientOf(name)))
    return gradients
  },
}
