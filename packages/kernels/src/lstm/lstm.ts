/**
 * LSTM over a whole sequence, in one call each way.
 *
 * With gates in Keras's order i, f, c, o along 4U:
 * `z = (x_t ∘ dropout) W + (h_{t-1} ∘ recurrentDropout) U + b`,
 * `c_t = σ(z_f) c_{t-1} + σ(z_i) φ(z_c)`, `h_t = σ(z_o) φ(c_t)`.
 *
 * A masked step leaves the state as it is and repeats the last output (zeros before the first kept step), as Keras does. Going
 * backwards, the output at t still belongs to the input at t: nothing is reversed.
 *
 * @see Hochreiter and Schmidhuber 1997; Gers et al. 2000 for the forget gate; Gal and Ghahramani 2016 for dropout fixed over time.
 */
import * as tf from '@tensorflow/tfjs-core'
import { nativeFunction } from '../binding.js'
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
  runListed,
  sequenceInputGradient,
  shapeCheck,
} from '../sequence/sequence.js'
import { lstmReference } from './reference.js'

export interface LstmOptions {
  /** All outputs [B, T, U], or the last [B, U] (default). */
  returnSequences?: boolean
  /** From the last step to the first. */
  goBackwards?: boolean
  /** h and c before the first step, each [B, U]; zeros by default. */
  initialState?: readonly [tf.Tensor, tf.Tensor]
  /** [B, T]; zero where there is no input. Items may have any lengths and holes; what does not exist costs nothing. */
  mask?: tf.Tensor
  /** φ; tanh by default. */
  activation?: CellActivation
  /** σ; sigmoid by default. */
  recurrentActivation?: GateActivation
  /** [B, D], the same for every step: 0 where an input is dropped, else 1 / (1 - rate). */
  dropoutMask?: tf.Tensor
  /** [B, U], likewise for h. */
  recurrentDropoutMask?: tf.Tensor
}

export interface LstmArguments extends LstmOptions {
  x: tf.Tensor
  kernel: tf.Tensor
  recurrentKernel: tf.Tensor
  bias?: tf.Tensor
  activation: CellActivation
  recurrentActivation: GateActivation
}

export interface LstmResult {
  /** [B, T, U] or [B, U] */
  output: tf.Tensor
  /** [B, U] */
  lastHidden: tf.Tensor
  /** [B, U] */
  lastCell: tf.Tensor
}

const KERNEL_NAME = 'LstmSequence'
const expect = shapeCheck('lstm')

/**
 * The LSTM of this room's head.
 *
 * Shapes: `x` [B, T, D], `kernel` [D, 4U], `recurrentKernel` [U, 4U], `bias` [4U] or null → output [B, T, U] or [B, U].
 * @throws ShapeError naming the argument that does not fit.
 */
export function lstm(
  x: tf.Tensor,
  kernel: tf.Tensor,
  recurrentKernel: tf.Tensor,
  bias: tf.Tensor | null,
  options: LstmOptions = {},
): LstmResult {
  return tf.tidy(() => {
    const args = checked(x, kernel, recurrentKernel, bias, options)
    return { ...(tf.getKernel(KERNEL_NAME, tf.getBackend()) ? runKernel(args) : lstmReference(args)) }
  })
}

function runKernel(args: LstmArguments): LstmResult {
  const [output, lastHidden, lastCell] = runListed(
    KERNEL_NAME,
    {
      x: args.x,
      kernel: args.kernel,
      recurrentKernel: args.recurrentKernel,
      bias: args.bias,
      initialHidden: args.initialState?.[0],
      initialCell: args.initialState?.[1],
      mask: args.mask,
      dropoutMask: args.dropoutMask,
      recurrentDropoutMask: args.recurrentDropoutMask,
    },
    {
      returnSequences: args.returnSequences ?? false,
      goBackwards: args.goBackwards ?? false,
      activation: args.activation,
      recurrentActivation: args.recurrentActivation,
    },
  )
  if (!output || !lastHidden || !lastCell) throw new Error('lstm: the kernel returned too few outputs')
  return { output, lastHidden, lastCell }
}

function checked(
  x: tf.Tensor,
  kernel: tf.Tensor,
  recurrentKernel: tf.Tensor,
  bias: tf.Tensor | null,
  options: LstmOptions,
): LstmArguments {
  expect('x', x, ['B', 'T', 'D'])
  const [batch = 0, steps = 0, features = 0] = x.shape
  expect('recurrentKernel', recurrentKernel, ['U', '4U'])
  const units = recurrentKernel.shape[0] ?? 0
  expect('recurrentKernel', recurrentKernel, [units, 4 * units])
  expect('kernel', kernel, [features, 4 * units])
  expect('bias', bias, [4 * units])
  expect('initialState[0]', options.initialState?.[0], [batch, units])
  expect('initialState[1]', options.initialState?.[1], [batch, units])
  expect('mask', options.mask, [batch, steps])
  expect('dropoutMask', options.dropoutMask, [batch, features])
  expect('recurrentDropoutMask', options.recurrentDropoutMask, [batch, units])
  return {
    ...options,
    activation: options.activation ?? 'tanh',
    recurrentActivation: options.recurrentActivation ?? 'sigmoid',
    x: x.dtype === 'float32' ? x : tf.cast(x, 'float32'),
    kernel,
    recurrentKernel,
    bias: bias ?? undefined,
  }
}

/** What is kept are gates, cells and hidden states of every step, in the reserve. */
type LstmAttrs = ListedAttrs & {
  returnSequences: boolean
  goBackwards: boolean
  activation: CellActivation
  recurrentActivation: GateActivation
}

type LstmInputs = {
  x: tf.TensorInfo
  kernel: tf.TensorInfo
  recurrentKernel: tf.TensorInfo
  bias?: tf.TensorInfo
  initialHidden?: tf.TensorInfo
  initialCell?: tf.TensorInfo
  mask?: tf.TensorInfo
  dropoutMask?: tf.TensorInfo
  recurrentDropoutMask?: tf.TensorInfo
}

const sizes = ['batch', 'steps', 'features', 'units'] as const
const numbers = [...sizes, 'returnSequences', 'goBackwards', 'activation', 'hardGates'] as const

/** Of the forward pass's products, and of the two that give the weights' gradients. */
const flopsOf = (n: Record<(typeof numbers)[number], number | boolean>) =>
  8 * Number(n.batch) * Number(n.steps) * Number(n.units) * (Number(n.features) + Number(n.units))

const forwardNative = nativeFunction(
  'lstm_forward',
  [
    ...(['x', 'kernel', 'recurrentKernel', 'bias', 'initialHidden', 'initialCell', 'mask', 'dropoutMask'] as const),
    ...(['recurrentDropoutMask', 'output', 'lastHidden', 'lastCell', 'gates', 'cells', 'hiddens'] as const),
  ],
  numbers,
  flopsOf,
)
const backwardNative = nativeFunction(
  'lstm_backward',
  [
    ...([
      'x',
      'recurrentKernel',
      'initialHidden',
      'initialCell',
      'mask',
      'dropoutMask',
      'recurrentDropoutMask',
    ] as const),
    ...(['gates', 'cells', 'hiddens', 'outputGradient', 'lastHiddenGradient', 'lastCellGradient'] as const),
    ...([
      'kernelGradient',
      'recurrentGradient',
      'biasGradient',
      'initialHiddenGradient',
      'initialCellGradient',
    ] as const),
  ],
  numbers,
  (n) => flopsOf(n) + 8 * Number(n.batch) * Number(n.steps) * Number(n.units) ** 2,
)

function numbersOf(inputs: { x: tf.TensorInfo; recurrentKernel: tf.TensorInfo }, attrs: LstmAttrs) {
  const [batch = 0, steps = 0, features = 0] = inputs.x.shape
  return {
    batch,
    steps,
    features,
    units: inputs.recurrentKernel.shape[0] ?? 0,
    returnSequences: attrs.returnSequences,
    goBackwards: attrs.goBackwards,
    activation: activationCodes[attrs.activation],
    hardGates: attrs.recurrentActivation === 'hardSigmoid',
  }
}

function namedInputs(numbered: tf.NamedTensorInfoMap, names: readonly string[]): LstmInputs {
  const at = byName(numbered, names)
  return {
    x: required(at('x'), 'x'),
    kernel: required(at('kernel'), 'kernel'),
    recurrentKernel: required(at('recurrentKernel'), 'recurrentKernel'),
    bias: at('bias'),
    initialHidden: at('initialHidden'),
    initialCell: at('initialCell'),
    mask: at('mask'),
    dropoutMask: at('dropoutMask'),
    recurrentDropoutMask: at('recurrentDropoutMask'),
  }
}

export const lstmKernel = overrideKernel<tf.NamedTensorInfoMap, LstmAttrs>({
  kernelName: KERNEL_NAME,
  run({ inputs: numbered, attrs, backend }) {
    const inputs = namedInputs(numbered, attrs.inputNames)
    const n = numbersOf(inputs, attrs)
    const rows = n.batch * n.steps
    const output = backend.allocate(attrs.returnSequences ? [n.batch, n.steps, n.units] : [n.batch, n.units])
    const lastHidden = backend.allocate([n.batch, n.units])
    const lastCell = backend.allocate([n.batch, n.units])
    const kept = attrs.keep ? [4, 1, 1].map((gates) => backend.take(rows * gates * n.units)) : []
    forwardNative({
      x: backend.array(inputs.x),
      kernel: backend.array(inputs.kernel),
      recurrentKernel: backend.array(inputs.recurrentKernel),
      bias: arrayOf(backend, inputs.bias),
      initialHidden: arrayOf(backend, inputs.initialHidden),
      initialCell: arrayOf(backend, inputs.initialCell),
      mask: maskBytes(backend, inputs.mask),
      dropoutMask: arrayOf(backend, inputs.dropoutMask),
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

type LstmGradInputs = LstmInputs & {
  reserve: tf.TensorInfo
  outputGradient: tf.TensorInfo
  lastHiddenGradient: tf.TensorInfo
  lastCellGradient: tf.TensorInfo
}

/** Gradients of the weights and the initial state; the reserve's gates become their gradients, for the kernel below. */
export const lstmGradKernel = overrideKernel<LstmGradInputs, LstmAttrs>({
  kernelName: `${KERNEL_NAME}Grad`,
  run({ inputs, attrs, backend }) {
    const n = numbersOf(inputs, attrs)
    const [gates, cells, hiddens] = backend.reserved(inputs.reserve)
    const shapes = [
      [n.features, 4 * n.units],
      [n.units, 4 * n.units],
      [4 * n.units],
      [n.batch, n.units],
      [n.batch, n.units],
    ]
    const results = shapes.map((shape) => backend.allocate(shape))
    const [kernelGradient, recurrentGradient, biasGradient, initialHiddenGradient, initialCellGradient] = results.map(
      (info) => backend.array(info),
    )
    backwardNative({
      x: backend.array(inputs.x),
      recurrentKernel: backend.array(inputs.recurrentKernel),
      initialHidden: arrayOf(backend, inputs.initialHidden),
      initialCell: arrayOf(backend, inputs.initialCell),
      mask: maskBytes(backend, inputs.mask),
      dropoutMask: arrayOf(backend, inputs.dropoutMask),
      recurrentDropoutMask: arrayOf(backend, inputs.recurrentDropoutMask),
      gates,
      cells,
      hiddens,
      outputGradient: backend.array(inputs.outputGradient),
      lastHiddenGradient: backend.array(inputs.lastHiddenGradient),
      lastCellGradient: backend.array(inputs.lastCellGradient),
      kernelGradient,
      recurrentGradient,
      biasGradient,
      initialHiddenGradient,
      initialCellGradient,
      ...n,
    })
    return results
  },
})

/** The input's gradient, from the gates' gradients that the kernel above left in the reserve. */
export const lstmInputGradKernel = overrideKernel<LstmInputs & { reserve: tf.TensorInfo }, LstmAttrs>({
  kernelName: `${KERNEL_NAME}InputGrad`,
  run({ inputs, attrs, backend }) {
    const { batch, steps, features, units, goBackwards } = numbersOf(inputs, attrs)
    const out = backend.allocate([batch, steps, features])
    sequenceInputGradient({
      gatesGradient: backend.reserved(inputs.reserve)[0],
      kernel: backend.array(inputs.kernel),
      mask: maskBytes(backend, inputs.mask),
      dropoutMask: arrayOf(backend, inputs.dropoutMask),
      inputGradient: backend.array(out),
      batch,
      steps,
      features,
      width: 4 * units,
      goBackwards,
    })
    return out
  },
})

function isLstmAttrs(attrs: object): attrs is LstmAttrs {
  return 'inputNames' in attrs && Array.isArray(attrs.inputNames)
}

export const lstmGradient: tf.GradConfig = {
  kernelName: KERNEL_NAME,
  saveAllInputs: true,
  outputsToSave: [false, false, false, true],
  gradFunc: (dy, saved, attrs) => {
    const [outputGradient, lastHiddenGradient, lastCellGradient] = Array.isArray(dy) ? dy : [dy]
    const reserve = saved.at(-1)
    if (!isLstmAttrs(attrs) || !outputGradient || !lastHiddenGradient || !lastCellGradient || !reserve)
      throw new Error('lstm gradient: expected the saved inputs and reserve of its forward pass')
    const inputs: tf.NamedTensorMap = { reserve }
    attrs.inputNames.forEach((name, i) => {
      const tensor = saved[i]
      if (tensor) inputs[name] = tensor
    })
    const results: tf.Tensor[] = tf
      .engine()
      .runKernel(
        `${KERNEL_NAME}Grad`,
        { ...inputs, outputGradient, lastHiddenGradient, lastCellGradient },
        { ...attrs },
      )
    const weights = ['kernel', 'recurrentKernel', 'bias', 'initialHidden', 'initialCell']
    const gradientOf = (name: string) => (): tf.Tensor => {
      if (name === 'x') return tf.engine().runKernel(`${KERNEL_NAME}InputGrad`, inputs, { ...attrs })
      const gradient = results[weights.indexOf(name)]
      if (!gradient) throw new Error(`lstm gradient: ${name} is not differentiable`)
      return gradient
    }
    const gradients: Record<string, () => tf.Tensor> = {}
    attrs.inputNames.forEach((name, i) => (gradients[i] = gradientOf(name)))
    return gradients
  },
}
