/** The C++ kernels of the layer-normalised LSTM, forward, backward and for the input, and the gradient that calls them. */
import type * as tf from '@tensorflow/tfjs-core'
import { type Block, entry, type Executor } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { optionalFloats, byName, type ListedAttrs, maskBytes, required, listedGradient } from '../listed-inputs.js'
import { activationCodes, type CellActivation, type GateActivation } from '../sequence/activations.js'
import { sequenceInputGradientEntry } from '../sequence/input-gradient.js'

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
const DIFFERENTIABLE = ['kernel', 'recurrentKernel', 'bias', 'kernelGamma', 'recurrentGamma', 'stateGamma', 'stateBeta', 'initialHidden', 'initialCell'] as const // prettier-ignore
const SIZES = ['batch', 'steps', 'features', 'units'] as const
const NUMBERS = [...SIZES, 'returnSequences', 'goBackwards', 'activation', 'hardGates'] as const

/** Of the forward pass's products, and of the two that give the weights' gradients. */
const flopsOf = (n: Record<(typeof SIZES)[number], number | boolean>) =>
  8 * Number(n.batch) * Number(n.steps) * Number(n.units) * (Number(n.features) + Number(n.units))

const forwardEntry = entry(
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
const backwardEntry = entry(
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
function shared(executor: Executor, at: Find, attrs: Attrs) {
  const memory = (name: string) => executor.floats(required(at(name), name))
  const [recurrentKernel, kernelGamma, recurrentGamma, stateGamma, stateBeta] = WEIGHTS.map(memory)
  const [initialHidden, initialCell, dropoutMask, recurrentDropoutMask] = OPTIONAL.map((name) =>
    optionalFloats(executor, at(name)),
  )
  return {
    ...{ x: memory('x'), recurrentKernel, kernelGamma, recurrentGamma, stateGamma, stateBeta },
    ...{ initialHidden, initialCell, dropoutMask, recurrentDropoutMask, mask: maskBytes(executor, at('mask')) },
    ...numbersOf(required(at('x'), 'x'), required(at('recurrentKernel'), 'recurrentKernel'), attrs),
  }
}

function keptBy(buffers: readonly Block[]) {
  const [gates, inputNormed, recurrentNormed, cellNormed, cells, hiddens, inverses] = buffers
  return { gates, inputNormed, recurrentNormed, cellNormed, cells, hiddens, inverses }
}

const forward = overrideKernel<tf.NamedTensorInfoMap, Attrs>({
  kernelName: KERNEL_NAME,
  entries: [forwardEntry],
  run({ inputs: numbered, attrs, executor }) {
    const at = byName(numbered, attrs.inputNames)
    const inputs = shared(executor, at, attrs)
    const { batch, steps, units } = inputs
    const output = executor.allocate(attrs.returnSequences ? [batch, steps, units] : [batch, units])
    const lastHidden = executor.allocate([batch, units])
    const lastCell = executor.allocate([batch, units])
    const widths = attrs.keep ? [4 * units, 4 * units, 4 * units, units, units, units, 3] : []
    const kept = widths.map((width) => executor.take(batch * steps * width))
    executor.run(forwardEntry, {
      ...inputs,
      kernel: executor.floats(required(at('kernel'), 'kernel')),
      bias: optionalFloats(executor, at('bias')),
      output: executor.floats(output),
      lastHidden: executor.floats(lastHidden),
      lastCell: executor.floats(lastCell),
      ...keptBy(kept),
      epsilon: attrs.epsilon,
    })
    return [output, lastHidden, lastCell, executor.keep(kept)]
  },
})

const named =
  (inputs: tf.NamedTensorInfoMap): Find =>
  (name) =>
    inputs[name]

/** All gradients but the input's; the reserve's normalised products become their gradients, for the kernel below. */
const backward = overrideKernel<tf.NamedTensorInfoMap, Attrs>({
  kernelName: `${KERNEL_NAME}Grad`,
  entries: [backwardEntry],
  run({ inputs, attrs, executor }) {
    const at = named(inputs)
    const read = shared(executor, at, attrs)
    const { batch, features, units } = read
    const shapes = [
      [features, 4 * units],
      [units, 4 * units],
      ...[[4 * units], [4 * units], [4 * units], [units], [units]],
      [batch, units],
      [batch, units],
    ]
    const results = shapes.map((shape) => executor.allocate(shape))
    const [kernelGradient, recurrentGradient, biasGradient, kernelGammaGradient, ...rest] = results.map((info) =>
      executor.floats(info),
    )
    const [recurrentGammaGradient, stateGammaGradient, stateBetaGradient, initialHiddenGradient, initialCellGradient] =
      rest
    executor.run(backwardEntry, {
      ...read,
      ...keptBy(executor.kept(required(at('reserve'), 'reserve'))),
      outputGradient: optionalFloats(executor, at('outputGradient')),
      lastHiddenGradient: optionalFloats(executor, at('lastHiddenGradient')),
      lastCellGradient: optionalFloats(executor, at('lastCellGradient')),
      ...{ kernelGradient, recurrentGradient, biasGradient, kernelGammaGradient, recurrentGammaGradient },
      ...{ stateGammaGradient, stateBetaGradient, initialHiddenGradient, initialCellGradient },
    })
    return results
  },
})

/** The input's gradient, from what the kernel above left in the reserve. */
const inputGradient = overrideKernel<tf.NamedTensorInfoMap, Attrs>({
  kernelName: `${KERNEL_NAME}InputGrad`,
  entries: [sequenceInputGradientEntry],
  run({ inputs, attrs, executor }) {
    const at = named(inputs)
    const kernel = required(at('kernel'), 'kernel')
    const { batch, steps, features, units, goBackwards } = numbersOf(
      required(at('x'), 'x'),
      required(at('recurrentKernel'), 'recurrentKernel'),
      attrs,
    )
    const out = executor.allocate([batch, steps, features])
    executor.run(sequenceInputGradientEntry, {
      gatesGradient: keptBy(executor.kept(required(at('reserve'), 'reserve'))).inputNormed,
      kernel: executor.floats(kernel),
      mask: maskBytes(executor, at('mask')),
      dropoutMask: optionalFloats(executor, at('dropoutMask')),
      inputGradient: executor.floats(out),
      ...{ batch, steps, features, width: 4 * units, goBackwards, accumulate: false },
    })
    return out
  },
})

const gradient = listedGradient({
  kernelName: KERNEL_NAME,
  outputGradients: ['outputGradient', 'lastHiddenGradient', 'lastCellGradient'],
  differentiable: DIFFERENTIABLE,
  separateInput: true,
})

export const layerNormLstmKernels: readonly Kernel[] = [forward, backward, inputGradient]
export const layerNormLstmGradients: readonly tf.GradConfig[] = [gradient]
