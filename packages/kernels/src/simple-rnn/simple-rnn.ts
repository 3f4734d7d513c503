/**
 * The simple recurrent network over a whole sequence, in one call each way: `h_t = φ((x_t ∘ dropout) W + (h_{t-1} ∘ recurrentDropout) U + b)`.
 * Masked steps and the way backwards are those of `lstm`.
 *
 * @see Elman 1990, "Finding structure in time".
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry, hasKernel } from '../executor.js'
import { overrideKernel } from '../kernel.js'
import {
  checkedArguments,
  type HiddenStateArguments,
  type HiddenStateAttrs,
  hiddenStateGradient,
  type HiddenStateGradInputs,
  type HiddenStateOptions,
  hiddenStateReference,
  type HiddenStateResult,
  inputGradKernel,
  namedInputs,
  runHiddenState,
  sequenceMemory,
  sequenceNumbers,
} from '../sequence/hidden-state.js'
import { optionalFloats } from '../listed-inputs.js'
import { cellActivations } from '../sequence/activations.js'

export type SimpleRnnOptions = HiddenStateOptions
export type SimpleRnnResult = HiddenStateResult

const KERNEL_NAME = 'SimpleRnnSequence'

/**
 * The network of this room's head.
 *
 * Shapes: `x` [B, T, D], `kernel` [D, U], `recurrentKernel` [U, U], `bias` [U] or null → output [B, T, U] or [B, U].
 * @throws ShapeError naming the argument that does not fit.
 */
export function simpleRnn(
  x: tf.Tensor,
  kernel: tf.Tensor,
  recurrentKernel: tf.Tensor,
  bias: tf.Tensor | null,
  options: SimpleRnnOptions = {},
): SimpleRnnResult {
  return tf.tidy(() => {
    const args = checkedArguments('simpleRnn', 1, 1, { ...options, x, kernel, recurrentKernel, bias })
    const fused = hasKernel(KERNEL_NAME)
    return { ...(fused ? runHiddenState(KERNEL_NAME, args, {}) : reference(args)) }
  })
}

function reference(args: HiddenStateArguments): HiddenStateResult {
  const { kernel, recurrentKernel, bias } = args
  const activate = cellActivations[args.activation]
  const [features = 0, units = 0] = kernel.shape
  const matrix: tf.Tensor2D = tf.reshape(kernel, [features, units])
  const recurrentMatrix: tf.Tensor2D = tf.reshape(recurrentKernel, [units, units])
  return hiddenStateReference(args, (input, recurrent) => {
    const products = tf.add(tf.matMul(input, matrix), tf.matMul(recurrent, recurrentMatrix))
    return activate(bias ? tf.add(products, bias) : products)
  })
}

const sizes = ['batch', 'steps', 'features', 'units'] as const
const numbers = [...sizes, 'returnSequences', 'goBackwards', 'activation'] as const

/** Of the forward pass's products, and of those that give the weights' gradients. */
const flopsOf = (n: Record<(typeof numbers)[number], number | boolean>) =>
  2 * Number(n.batch) * Number(n.steps) * Number(n.units) * (Number(n.features) + Number(n.units))

const forwardEntry = entry(
  'simple_rnn_forward',
  [
    ...(['x', 'kernel', 'recurrentKernel', 'bias', 'initialHidden', 'mask', 'dropoutMask'] as const),
    ...(['recurrentDropoutMask', 'output', 'lastHidden', 'hiddens'] as const),
  ],
  numbers,
  flopsOf,
)
const backwardEntry = entry(
  'simple_rnn_backward',
  [
    ...(['x', 'recurrentKernel', 'initialHidden', 'mask', 'dropoutMask', 'recurrentDropoutMask'] as const),
    ...(['gates', 'hiddens', 'outputGradient', 'lastHiddenGradient'] as const),
    ...(['kernelGradient', 'recurrentGradient', 'biasGradient', 'initialHiddenGradient'] as const),
  ],
  numbers,
  (n) => flopsOf(n) + 2 * Number(n.batch) * Number(n.steps) * Number(n.units) ** 2,
)

/** Keeps, when a gradient is recorded, room for the gates' gradients and every h. */
export const simpleRnnKernel = overrideKernel<tf.NamedTensorInfoMap, HiddenStateAttrs>({
  kernelName: KERNEL_NAME,
  entries: [forwardEntry],
  run({ inputs: numbered, attrs, executor }) {
    const inputs = namedInputs(numbered, attrs.inputNames)
    const n = sequenceNumbers(inputs, attrs)
    const output = executor.allocate(attrs.returnSequences ? [n.batch, n.steps, n.units] : [n.batch, n.units])
    const lastHidden = executor.allocate([n.batch, n.units])
    const kept = attrs.keep ? [1, 1].map(() => executor.take(n.batch * n.steps * n.units)) : []
    executor.run(forwardEntry, {
      ...sequenceMemory(executor, inputs),
      kernel: executor.floats(inputs.kernel),
      bias: optionalFloats(executor, inputs.bias),
      output: executor.floats(output),
      lastHidden: executor.floats(lastHidden),
      hiddens: kept[1],
      ...n,
    })
    return [output, lastHidden, executor.keep(kept)]
  },
})

/** Gradients of the weights and the initial state; the gates' gradients stay in the reserve, for the kernel below. */
export const simpleRnnGradKernel = overrideKernel<HiddenStateGradInputs, HiddenStateAttrs>({
  kernelName: `${KERNEL_NAME}Grad`,
  entries: [backwardEntry],
  run({ inputs, attrs, executor }) {
    const n = sequenceNumbers(inputs, attrs)
    const [gates, hiddens] = executor.kept(inputs.reserve)
    const shapes = [[n.features, n.units], [n.units, n.units], [n.units], [n.batch, n.units]]
    const results = shapes.map((shape) => executor.allocate(shape))
    const [kernelGradient, recurrentGradient, biasGradient, initialHiddenGradient] = results.map((info) =>
      executor.floats(info),
    )
    executor.run(backwardEntry, {
      ...sequenceMemory(executor, inputs),
      ...{ gates, hiddens },
      outputGradient: executor.floats(inputs.outputGradient),
      lastHiddenGradient: executor.floats(inputs.lastHiddenGradient),
      ...{ kernelGradient, recurrentGradient, biasGradient, initialHiddenGradient },
      ...n,
    })
    return results
  },
})

export const simpleRnnInputGradKernel = inputGradKernel(KERNEL_NAME, 1)
export const simpleRnnGradient = hiddenStateGradient(KERNEL_NAME)
