/** The C++ kernels of the layer-normalised LSTM, forward, backward and for the input, and the gradient that calls them. */
import * as tf from '@tensorflow/tfjs-core'
import type { NativeBackend } from '../backend.js'
import { nativeFunction } from '../binding.js'
import { type NativeKernel, overrideKernel } from '../kernel.js'
import {
  activationCodes,
  arrayOf,
  byName,
  type CellActivation,
  type GateActivation,
  type ListedAttrs,
  maskBytes,
  required,
  sequenceInputGradient,
} from '../sequence/sequence.js'

export const KERNEL_NAME = 'LayerNormLstmSequence'

type Attrs = ListedAttrs & {
  returnSequences: boolean
  goBackwards: boolean
  activation: CellActivation
  recurrentActivation: GateActivation
  epsilon: number
  normalizedCarry: boolean
}

/** Inputs that are always there. */
const WEIGHTS = ['recurrentKernel', 'kernelGamma', 'recurrentGamma', 'stateGamma', 'stateBeta'] as const
/** Inputs that may be absent, beside the bias. */
const OPTIONAL = ['initialHidden', 'initialCell', 'dropoutMask', 'recurrentDropoutMask'] as const
/** What the forward pass leaves for the gradient, in the reserve. */
const KEPT = ['gates', 'inputNormed', 'recurrentNormed', 'cellNormed', 'cells', 'hiddens', 'inverses'] as const
/** What the backward pass gives at once, in this order, by the input that it belongs to. */
const DIFFERENTIATED = ['kernel', 'recurrentKernel', 'bias', 'kernelGamma', 'recurrentGamma', 'stateGamma', 'stateBeta', 'initialHidden', 'initialCell'] as const // prettier-ignore
const SIZES = ['batch', 'steps', 'features', 'units'] as const
const NUMBERS = [...SIZES, 'returnSequences', 'goBackwards', 'activation', 'hardGates'] as const

/** Of the forward pass's products, and of the two that give the weights' gradients. */
const flopsOf = (n: Record<(typeof SIZES)[number], number | boolean>) =>
  8 * Number(n.batch) * Number(n.steps) * Number(n.units) * (Number(n.features) + Number(n.units))

const forwardNative = nativeFunction(
  'layer_norm_lstm_forward',
  [
    ...(['x', 'kernel', 'recurrentKernel', 'bias', 'kernelGamma', 'recurrentGamma', 'stateGamma'] as const),
    ...(['stateBeta', 'initialHidden', 'initialCell', 'mask', 'dropoutMask', 'recurrentDropoutMask'] as const),
    ...(['output', 'lastHidden', 'lastCell'] as const),
    ...KEPT,
  ],
  [...NUMBERS, 'epsilon', 'normalizedCarry'],
  flopsOf,
)
const backwardNative = nativeFunction(
  'layer_norm_lstm_backward',
  [
    ...(['x', 'recurrentKernel', 'kernelGamma', 'recurrentGamma', 'stateGamma', 'stateBeta'] as const),
    ...(['initialHidden', 'initialCell', 'mask', 'dropoutMask', 'recurrentDropoutMask'] as const),
    ...KEPT,
    ...(['outputGradient', 'lastHiddenGradient', 'lastCellGradient', 'kernelGradient', 'recurrentGradient'] as const),
    ...(['biasGradient', 'kernelGammaGradient', 'recurrentGammaGradient', 'stateGammaGradient'] as const),
    ...(['stateBetaGradient', 'initialHiddenGradient', 'initialCellGradient'] as const),
  ],
  [...NUMBERS, 'normalizedCarry'],
  (n) => flopsOf(n) + 8 * Number(n.batch) * Number(n.steps) * Number(n.units) ** 2,
)

function numbersOf(x: tf.TensorInfo, recurrentKernel: tf.TensorInfo, attrs: Attrs) {
  const [batch = 0, steps = 0, features = 0] = x.shape
  return {
    batch,
    steps,
    features,
    units: recurrentKernel.shape[0] ?? 0,
    returnSequences: attrs.returnSequences,
    goBackwards: attrs.goBackwards,
    activation: activationCodes[attrs.activation],
    hardGates: attrs.recurrentActivation === 'hardSigmoid',
    normalizedCarry: attrs.normalizedCarry,
  }
}

type Find = (name: string) => tf.TensorInfo | undefined

/** The memory of the inputs that both ways read, and the sizes. */
function shared(backend: NativeBackend, at: Find, attrs: Attrs) {
  const memory = (name: string) => backend.array(required(at(name), name))
  const [recurrentKernel, kernelGamma, recurrentGamma, stateGamma, stateBeta] = WEIGHTS.map(memory)
  const [initialHidden, initialCell, dropoutMask, recurrentDropoutMask] = OPTIONAL.map((name) =>
    arrayOf(backend, at(name)),
  )
  return {
    ...{ x: memory('x'), recurrentKernel, kernelGamma, recurrentGamma, stateGamma, stateBeta },
    ...{ initialHidden, initialCell, dropoutMask, recurrentDropoutMask, mask: maskBytes(backend, at('mask')) },
    ...numbersOf(required(at('x'), 'x'), required(at('recurrentKernel'), 'recurrentKernel'), attrs),
  }
}

function keptBy(buffers: readonly Float32Array[]) {
  const [gates, inputNormed, recurrentNormed, cellNormed, cells, hiddens, inverses] = buffers
  return { gates, inputNormed, recurrentNormed, cellNormed, cells, hiddens, inverses }
}

const forward = overrideKernel<tf.NamedTensorInfoMap, Attrs>({
  kernelName: KERNEL_NAME,
  run({ inputs: numbered, attrs, backend }) {
    const at = byName(numbered, attrs.inputNames)
    const inputs = shared(backend, at, attrs)
    const { batch, steps, units } = inputs
    const output = backend.allocate(attrs.returnSequences ? [batch, steps, units] : [batch, units])
    const lastHidden = backend.allocate([batch, units])
    const lastCell = backend.allocate([batch, units])
    const widths = attrs.keep ? [4 * units, 4 * units, 4 * units, units, units, units, 3] : []
    const kept = widths.map((width) => backend.take(batch * steps * width))
    forwardNative({
      ...inputs,
      kernel: backend.array(required(at('kernel'), 'kernel')),
      bias: arrayOf(backend, at('bias')),
      output: backend.array(output),
      lastHidden: backend.array(lastHidden),
      lastCell: backend.array(lastCell),
      ...keptBy(kept),
      epsilon: attrs.epsilon,
    })
    return [output, lastHidden, lastCell, backend.reserve(kept)]
  },
})

const named =
  (inputs: tf.NamedTensorInfoMap): Find =>
  (name) =>
    inputs[name]

/** All gradients but the input's; the reserve's normalised products become their gradients, for the kernel below. */
const backward = overrideKernel<tf.NamedTensorInfoMap, Attrs>({
  kernelName: `${KERNEL_NAME}Grad`,
  run({ inputs, attrs, backend }) {
    const at = named(inputs)
    const read = shared(backend, at, attrs)
    const { batch, features, units } = read
    const shapes = [
      [features, 4 * units],
      [units, 4 * units],
      ...[[4 * units], [4 * units], [4 * units], [units], [units]],
      [batch, units],
      [batch, units],
    ]
    const results = shapes.map((shape) => backend.allocate(shape))
    const [kernelGradient, recurrentGradient, biasGradient, kernelGammaGradient, ...rest] = results.map((info) =>
      backend.array(info),
    )
    const [recurrentGammaGradient, stateGammaGradient, stateBetaGradient, initialHiddenGradient, initialCellGradient] =
      rest
    backwardNative({
      ...read,
      ...keptBy(backend.reserved(required(at('reserve'), 'reserve'))),
      outputGradient: arrayOf(backend, at('outputGradient')),
      lastHiddenGradient: arrayOf(backend, at('lastHiddenGradient')),
      lastCellGradient: arrayOf(backend, at('lastCellGradient')),
      ...{ kernelGradient, recurrentGradient, biasGradient, kernelGammaGradient, recurrentGammaGradient },
      ...{ stateGammaGradient, stateBetaGradient, initialHiddenGradient, initialCellGradient },
    })
    return results
  },
})

/** The input's gradient, from what the kernel above left in the reserve. */
const inputGradient = overrideKernel<tf.NamedTensorInfoMap, Attrs>({
  kernelName: `${KERNEL_NAME}InputGrad`,
  run({ inputs, attrs, backend }) {
    const at = named(inputs)
    const kernel = required(at('kernel'), 'kernel')
    const { batch, steps, features, units, goBackwards } = numbersOf(
      required(at('x'), 'x'),
      required(at('recurrentKernel'), 'recurrentKernel'),
      attrs,
    )
    const out = backend.allocate([batch, steps, features])
    sequenceInputGradient({
      gatesGradient: keptBy(backend.reserved(required(at('reserve'), 'reserve'))).inputNormed,
      kernel: backend.array(kernel),
      mask: maskBytes(backend, at('mask')),
      dropoutMask: arrayOf(backend, at('dropoutMask')),
      inputGradient: backend.array(out),
      ...{ batch, steps, features, width: 4 * units, goBackwards, accumulate: false },
    })
    return out
  },
})

function isAttrs(attrs: object): attrs is Attrs {
  return 'inputNames' in attrs && Array.isArray(attrs.inputNames)
}

const gradient: tf.GradConfig = {
  kernelName: KERNEL_NAME,
  saveAllInputs: true,
  outputsToSave: [false, false, false, true],
  gradFunc: (dy, saved, attrs) => {
    const [outputGradient, lastHiddenGradient, lastCellGradient] = Array.isArray(dy) ? dy : [dy]
    const reserve = saved.at(-1)
    if (!isAttrs(attrs) || !outputGradient || !lastHiddenGradient || !lastCellGradient || !reserve)
      throw new Error('layerNormLstm gradient: expected the saved inputs and reserve of its forward pass')
    const inputs: tf.NamedTensorMap = { reserve }
    attrs.inputNames.forEach((name, i) => {
      const tensor = saved[i]
      if (tensor) inputs[name] = tensor
    })
    const given = { ...inputs, outputGradient, lastHiddenGradient, lastCellGradient }
    const results: tf.Tensor[] = tf.engine().runKernel(`${KERNEL_NAME}Grad`, given, { ...attrs })
    const gradientOf = (name: string) => (): tf.Tensor => {
      if (name === 'x') return tf.engine().runKernel(`${KERNEL_NAME}InputGrad`, inputs, { ...attrs })
      const result = results[DIFFERENTIATED.findIndex((input) => input === name)]
      if (!result) throw new Error(`layerNormLstm gradient: ${name} is not differentiable`)
      return result
    }
    return Object.fromEntries(attrs.inputNames.map((name, i) => [i, gradientOf(name)]))
  },
}

export const layerNormLstmKernels: readonly NativeKernel[] = [forward, backward, inputGradient]
export const layerNormLstmGradients: readonly tf.GradConfig[] = [gradient]
