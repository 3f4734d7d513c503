/**
 * Gated recurrent unit over a whole sequence, in one call each way.
 *
 * With gates in Keras's order z, r, h along 3U, x' and h' being x_t and h_{t-1} times their dropout masks:
 * `z = σ(x' W_z + h' U_z + b_z)`, `r = σ(x' W_r + h' U_r + b_r)`, `h_t = z h_{t-1} + (1 - z) g`, and the candidate g is, by `resetAfter`,
 * `φ(x' W_h + b_h + r (h' U_h + b'_h))`, one product with U for all gates, or `φ(x' W_h + (r h') U_h + b_h)`, as first published.
 *
 * Masked steps and the way backwards are those of `lstm`.
 *
 * @see Cho et al. 2014, arXiv:1406.1078 (the reset before, its version 1 the one after); Gal and Ghahramani 2016 for dropout fixed over
 * time, which is kept from the sum with h_{t-1}.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { entry, hasKernel } from '../executor.js'
import { overrideKernel } from '../kernel.js'
import {
  checkedArguments,
  type HiddenStateAttrs,
  hiddenStateGradient,
  type HiddenStateGradInputs,
  type HiddenStateInputs,
  inputGradKernel,
  namedInputs,
  runHiddenState,
  sequenceMemory,
  sequenceNumbers,
} from '../sequence/hidden-state.js'
import { optionalFloats } from '../listed-inputs.js'
import type { GateActivation } from '../sequence/activations.js'
import { gruReference } from './reference.js'
import type { GruOptions, GruResult } from './arguments.js'

const KERNEL_NAME = 'GruSequence'
const GATES = 3

/**
 * The GRU of this room's head.
 *
 * Shapes: `x` [B, T, D], `kernel` [D, 3U], `recurrentKernel` [U, 3U], `bias` null or [2, 3U], for x and for h, with `resetAfter`, else
 * [3U] → output [B, T, U] or [B, U].
 * @throws ShapeError naming the argument that does not fit.
 */
export function gru(
  x: tf.Tensor,
  kernel: tf.Tensor,
  recurrentKernel: tf.Tensor,
  bias: tf.Tensor | null,
  options: GruOptions = {},
): GruResult {
  return tf.tidy(() => {
    const { resetAfter = true, recurrentActivation = 'sigmoid' } = options
    const given = { ...options, x, kernel, recurrentKernel, bias }
    const args = { ...checkedArguments('gru', GATES, resetAfter ? 2 : 1, given), resetAfter, recurrentActivation }
    const fused = hasKernel(KERNEL_NAME)
    return {
      ...(fused ? runHiddenState(KERNEL_NAME, args, { recurrentActivation, resetAfter }) : gruReference(args)),
    }
  })
}

/** What is kept are the gates of every step, what the candidate took from h, and h, in the reserve. */
type GruAttrs = HiddenStateAttrs & { recurrentActivation: GateActivation; resetAfter: boolean }

const sizes = ['batch', 'steps', 'features', 'units'] as const
const numbers = [...sizes, 'returnSequences', 'goBackwards', 'activation', 'hardGates', 'resetAfter'] as const

/** Of the forward pass's products, and of those that give the weights' gradients. */
const flopsOf = (n: Record<(typeof numbers)[number], number | boolean>) =>
  6 * Number(n.batch) * Number(n.steps) * Number(n.units) * (Number(n.features) + Number(n.units))

const forwardEntry = entry(
  'gru_forward',
  [
    ...(['x', 'kernel', 'recurrentKernel', 'bias', 'initialHidden', 'mask', 'dropoutMask'] as const),
    ...(['recurrentDropoutMask', 'output', 'lastHidden', 'gates', 'products', 'hiddens'] as const),
  ],
  numbers,
  flopsOf,
)
const backwardEntry = entry(
  'gru_backward',
  [
    ...(['x', 'recurrentKernel', 'initialHidden', 'mask', 'dropoutMask', 'recurrentDropoutMask'] as const),
    ...(['gates', 'products', 'hiddens', 'outputGradient', 'lastHiddenGradient'] as const),
    ...(['kernelGradient', 'recurrentGradient', 'biasGradient', 'initialHiddenGradient'] as const),
  ],
  numbers,
  (n) => flopsOf(n) + 6 * Number(n.batch) * Number(n.steps) * Number(n.units) ** 2,
)

function numbersOf(inputs: HiddenStateInputs, attrs: GruAttrs) {
  const hardGates = attrs.recurrentActivation === 'hardSigmoid'
  return { ...sequenceNumbers(inputs, attrs), hardGates, resetAfter: attrs.resetAfter }
}

export const gruKernel = overrideKernel<tf.NamedTensorInfoMap, GruAttrs>({
  kernelName: KERNEL_NAME,
  entries: [forwardEntry],
  run({ inputs: numbered, attrs, executor }) {
    const inputs = namedInputs(numbered, attrs.inputNames)
    const n = numbersOf(inputs, attrs)
    const output = executor.allocate(attrs.returnSequences ? [n.batch, n.steps, n.units] : [n.batch, n.units])
    const lastHidden = executor.allocate([n.batch, n.units])
    const kept = attrs.keep ? [GATES, 1, 1].map((width) => executor.take(n.batch * n.steps * width * n.units)) : []
    const [gates, products, hiddens] = kept
    executor.run(forwardEntry, {
      ...sequenceMemory(executor, inputs),
      kernel: executor.floats(inputs.kernel),
      bias: optionalFloats(executor, inputs.bias),
      output: executor.floats(output),
      lastHidden: executor.floats(lastHidden),
      ...{ gates, products, hiddens },
      ...n,
    })
    return [output, lastHidden, executor.keep(kept)]
  },
})

/** Gradients of the weights and the initial state; the reserve's gates become their gradients, for the kernel below. */
export const gruGradKernel = overrideKernel<HiddenStateGradInputs, GruAttrs>({
  kernelName: `${KERNEL_NAME}Grad`,
  entries: [backwardEntry],
  run({ inputs, attrs, executor }) {
    const n = numbersOf(inputs, attrs)
    const width = GATES * n.units
    const [gates, products, hiddens] = executor.kept(inputs.reserve)
    const shapes = [[n.features, width], [n.units, width], attrs.resetAfter ? [2, width] : [width], [n.batch, n.units]]
    const results = shapes.map((shape) => executor.allocate(shape))
    const [kernelGradient, recurrentGradient, biasGradient, initialHiddenGradient] = results.map((info) =>
      executor.floats(info),
    )
    executor.run(backwardEntry, {
      ...sequenceMemory(executor, inputs),
      ...{ gates, products, hiddens },
      outputGradient: executor.floats(inputs.outputGradient),
      lastHiddenGradient: executor.floats(inputs.lastHiddenGradient),
      ...{ kernelGradient, recurrentGradient, biasGradient, initialHiddenGradient },
      ...n,
    })
    return results
  },
})

export const gruInputGradKernel = inputGradKernel(KERNEL_NAME, GATES)
export const gruGradient = hiddenStateGradient(KERNEL_NAME)
