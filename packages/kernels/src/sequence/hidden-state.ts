/**
 * What ops over a sequence share whose only state is their output h (GRU and SimpleRNN), on the TypeScript side: options, checks, the
 * loop of the reference, the call of the kernel, the gradient's registration. The C++ side is hidden-state.h.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { type Executor } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import {
  optionalFloats,
  byName,
  type ListedAttrs,
  maskBytes,
  required,
  runListed,
  listedGradient,
} from '../listed-inputs.js'
import { activationCodes, type CellActivation } from './activations.js'
import { sequenceInputGradientEntry } from './input-gradient.js'
import { shapeCheck } from '../shape-error.js'

export interface HiddenStateOptions {
  /** All outputs [B, T, U], or the last [B, U] (default). */
  returnSequences?: boolean
  /** From the last step to the first. */
  goBackwards?: boolean
  /** h before the first step, [B, U]; zeros by default. */
  initialState?: tf.Tensor
  /** [B, T]; zero where there is no input. Items may have any lengths and holes; what does not exist costs nothing. */
  mask?: tf.Tensor
  /** φ; tanh by default. */
  activation?: CellActivation
  /** [B, D], the same for every step: 0 where an input is dropped, else 1 / (1 - rate). */
  dropoutMask?: tf.Tensor
  /** [B, U], likewise for h where it is multiplied with the recurrent weights. */
  recurrentDropoutMask?: tf.Tensor
}

export interface HiddenStateArguments extends HiddenStateOptions {
  x: tf.Tensor
  kernel: tf.Tensor
  recurrentKernel: tf.Tensor
  bias?: tf.Tensor
  activation: CellActivation
}

export interface HiddenStateResult {
  /** [B, T, U] or [B, U] */
  output: tf.Tensor
  /** [B, U] */
  lastHidden: tf.Tensor
}

/**
 * The arguments of an op with `gates` gates, checked.
 *
 * @param biases How many biases of gates U there are; 1 means a vector.
 */
export function checkedArguments(
  op: string,
  gates: number,
  biases: number,
  given: Omit<HiddenStateArguments, 'activation' | 'bias'> & { bias: tf.Tensor | null; activation?: CellActivation },
): HiddenStateArguments {
  const expect = shapeCheck(op)
  const { x, kernel, recurrentKernel, bias } = given
  expect('x', x, ['B', 'T', 'D'])
  const [batch = 0, steps = 0, features = 0] = x.shape
  expect('recurrentKernel', recurrentKernel, ['U', gates === 1 ? 'U' : `${gates}U`])
  const units = recurrentKernel.shape[0] ?? 0
  const width = gates * units
  expect('recurrentKernel', recurrentKernel, [units, width])
  expect('kernel', kernel, [features, width])
  expect('bias', bias, biases === 1 ? [width] : [biases, width])
  expect('initialState', given.initialState, [batch, units])
  expect('mask', given.mask, [batch, steps])
  expect('dropoutMask', given.dropoutMask, [batch, features])
  expect('recurrentDropoutMask', given.recurrentDropoutMask, [batch, units])
  return {
    ...given,
    activation: given.activation ?? 'tanh',
    x: x.dtype === 'float32' ? x : tf.cast(x, 'float32'),
    bias: bias ?? undefined,
  }
}

/**
 * The sequence as a loop of TensorFlow.js ops: `step` gives the new h from x_t [B, D] and h [B, U], both times their dropout masks,
 * and h itself.
 */
export function hiddenStateReference(
  args: HiddenStateArguments,
  step: (input: tf.Tensor2D, recurrent: tf.Tensor2D, h: tf.Tensor2D) => tf.Tensor,
): HiddenStateResult {
  const { x, recurrentKernel, initialState, mask, dropoutMask, recurrentDropoutMask } = args
  const [batch = 0, steps = 0, features = 0] = x.shape
  const units = recurrentKernel.shape[0] ?? 0
  const inputs = dropoutMask ? tf.mul(x, tf.expandDims(dropoutMask, 1)) : x
  const kept = mask && tf.cast(mask, 'float32')
  const byUnits = (tensor: tf.Tensor): tf.Tensor2D => tf.reshape(tensor, [batch, units])

  let h = byUnits(initialState ?? tf.zeros([batch, units]))
  let output: tf.Tensor = tf.zeros([batch, units])
  const outputs: tf.Tensor[] = []
  for (let s = 0; s < steps; s++) {
    const t = args.goBackwards ? steps - 1 - s : s
    const input: tf.Tensor2D = tf.reshape(tf.slice(inputs, [0, t, 0], [-1, 1, -1]), [batch, features])
    const next = step(input, recurrentDropoutMask ? byUnits(tf.mul(h, recurrentDropoutMask)) : h, h)
    if (kept) {
      const keep = tf.slice(kept, [0, t], [-1, 1]) // [B, 1]
      const blend = (now: tf.Tensor, before: tf.Tensor) => tf.add(tf.mul(now, keep), tf.mul(before, tf.sub(1, keep)))
      output = blend(next, output)
      h = byUnits(blend(next, h))
    } else {
      output = h = byUnits(next)
    }
    outputs[t] = output
  }
  if (args.returnSequences) output = steps > 0 ? tf.stack(outputs, 1) : tf.zeros([batch, 0, units])
  return { output, lastHidden: h }
}

export type HiddenStateAttrs = ListedAttrs & {
  returnSequences: boolean
  goBackwards: boolean
  activation: CellActivation
}

/** Runs the op's kernel on the current backend. */
export function runHiddenState(kernelName: string, args: HiddenStateArguments, more: object): HiddenStateResult {
  const { x, kernel, recurrentKernel, bias, initialState, mask, dropoutMask, recurrentDropoutMask } = args
  const [output, lastHidden] = runListed(
    kernelName,
    { x, kernel, recurrentKernel, bias, initialHidden: initialState, mask, dropoutMask, recurrentDropoutMask },
    {
      returnSequences: args.returnSequences ?? false,
      goBackwards: args.goBackwards ?? false,
      activation: args.activation,
      ...more,
    },
  )
  if (!output || !lastHidden) throw new Error(`${kernelName}: the kernel returned too few outputs`)
  return { output, lastHidden }
}

export interface HiddenStateInputs {
  x: tf.TensorInfo
  kernel: tf.TensorInfo
  recurrentKernel: tf.TensorInfo
  bias?: tf.TensorInfo
  initialHidden?: tf.TensorInfo
  mask?: tf.TensorInfo
  dropoutMask?: tf.TensorInfo
  recurrentDropoutMask?: tf.TensorInfo
}

export type HiddenStateGradInputs = HiddenStateInputs & {
  reserve: tf.TensorInfo
  outputGradient: tf.TensorInfo
  lastHiddenGradient: tf.TensorInfo
}

/** The forward kernel's listed inputs by name. */
export function namedInputs(numbered: tf.NamedTensorInfoMap, names: readonly string[]): HiddenStateInputs {
  const at = byName(numbered, names)
  return {
    x: required(at('x'), 'x'),
    kernel: required(at('kernel'), 'kernel'),
    recurrentKernel: required(at('recurrentKernel'), 'recurrentKernel'),
    bias: at('bias'),
    initialHidden: at('initialHidden'),
    mask: at('mask'),
    dropoutMask: at('dropoutMask'),
    recurrentDropoutMask: at('recurrentDropoutMask'),
  }
}

/** The memory that the C++ of both passes reads. */
export function sequenceMemory(executor: Executor, inputs: HiddenStateInputs) {
  return {
    x: executor.floats(inputs.x),
    recurrentKernel: executor.floats(inputs.recurrentKernel),
    initialHidden: optionalFloats(executor, inputs.initialHidden),
    mask: maskBytes(executor, inputs.mask),
    dropoutMask: optionalFloats(executor, inputs.dropoutMask),
    recurrentDropoutMask: optionalFloats(executor, inputs.recurrentDropoutMask),
  }
}

/** The numbers of both passes in C++. */
export function sequenceNumbers(inputs: HiddenStateInputs, attrs: HiddenStateAttrs) {
  const [batch = 0, steps = 0, features = 0] = inputs.x.shape
  return {
    batch,
    steps,
    features,
    units: inputs.recurrentKernel.shape[0] ?? 0,
    returnSequences: attrs.returnSequences,
    goBackwards: attrs.goBackwards,
    activation: activationCodes[attrs.activation],
  }
}

/** The inputs whose gradients the gradient kernel gives, in this order. */
const DIFFERENTIABLE = ['kernel', 'recurrentKernel', 'bias', 'initialHidden']

/** The input's gradient, from the gates' gradients that the gradient kernel left first in the reserve. */
export function inputGradKernel(kernelName: string, gates: number): Kernel {
  return overrideKernel<HiddenStateInputs & { reserve: tf.TensorInfo }, HiddenStateAttrs>({
    kernelName: `${kernelName}InputGrad`,
    entries: [sequenceInputGradientEntry],
    run({ inputs, attrs, executor }) {
      const { batch, steps, features, units, goBackwards } = sequenceNumbers(inputs, attrs)
      const out = executor.allocate([batch, steps, features])
      executor.run(sequenceInputGradientEntry, {
        gatesGradient: executor.kept(inputs.reserve)[0],
        kernel: executor.floats(inputs.kernel),
        mask: maskBytes(executor, inputs.mask),
        dropoutMask: optionalFloats(executor, inputs.dropoutMask),
        inputGradient: executor.floats(out),
        ...{ batch, steps, features, goBackwards, width: gates * units, accumulate: false },
      })
      return out
    },
  })
}

/** The gradient of a forward kernel that gives output, lastHidden and its reserve. */
export function hiddenStateGradient(kernelName: string): tf.GradConfig {
  return listedGradient({
    kernelName,
    outputGradients: ['outputGradient', 'lastHiddenGradient'],
    differentiable: DIFFERENTIABLE,
    separateInput: true,
  })
}
