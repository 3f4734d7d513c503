/**
 * The LSTM's native kernels and gradients: `LstmSequence` for one direction, `BidirectionalLstmSequence` for both. Each direction is a
 * call of the same C++, which writes its part of the output's columns; the second direction's inputs have a prefix before their names.
 */
import type * as tf from '@tensorflow/tfjs-core'
import { type Block, entry, type Executor } from '../executor.js'
import { type Kernel, overrideKernel } from '../kernel.js'
import { optionalFloats, byName, type ListedAttrs, maskBytes, required, listedGradient } from '../listed-inputs.js'
import { activationCodes, type CellActivation, type GateActivation } from '../sequence/activations.js'
import { sequenceInputGradientEntry } from '../sequence/input-gradient.js'

export const kernelNames = { single: 'LstmSequence', both: 'BidirectionalLstmSequence' } as const
/** Before the names of each direction's inputs. */
export const prefixes = ['', 'backward '] as const

export interface LstmKernelAttrs {
  returnSequences: boolean
  goBackwards: boolean
  activation: CellActivation
  recurrentActivation: GateActivation
}
type LstmAttrs = LstmKernelAttrs & ListedAttrs

const numbers = [
  ...(['batch', 'steps', 'features', 'units', 'returnSequences', 'goBackwards', 'activation', 'hardGates'] as const),
  ...(['outputWidth', 'outputOffset'] as const),
] as const

/** Of the forward pass's products, and of the two that give the weights' gradients. */
const flopsOf = (n: Record<(typeof numbers)[number], number | boolean>) =>
  8 * Number(n.batch) * Number(n.steps) * Number(n.units) * (Number(n.features) + Number(n.units))

const forwardEntry = entry(
  'lstm_forward',
  [
    ...(['x', 'kernel', 'recurrentKernel', 'bias', 'peepholes', 'initialHidden', 'initialCell', 'mask'] as const),
    ...(['dropoutMask', 'recurrentDropoutMask', 'output', 'lastHidden', 'lastCell'] as const),
    ...(['gates', 'cells', 'hiddens'] as const),
  ],
  numbers,
  flopsOf,
)
const backwardEntry = entry(
  'lstm_backward',
  [
    ...(['x', 'recurrentKernel', 'peepholes', 'initialHidden', 'initialCell', 'mask', 'dropoutMask'] as const),
    ...(['recurrentDropoutMask', 'gates', 'cells', 'hiddens'] as const),
    ...(['outputGradient', 'lastHiddenGradient', 'lastCellGradient', 'kernelGradient', 'recurrentGradient'] as const),
    ...(['biasGradient', 'peepholesGradient', 'initialHiddenGradient', 'initialCellGradient'] as const),
  ],
  numbers,
  (n) => flopsOf(n) + 8 * Number(n.batch) * Number(n.steps) * Number(n.units) ** 2,
)

/** One direction of a call: its inputs, sizes and columns of the output. */
interface Direction {
  at(name: string): tf.TensorInfo | undefined
  numbers: Record<(typeof numbers)[number], number | boolean>
  units: number
}

function directionsOf(inputs: (name: string) => tf.TensorInfo | undefined, attrs: LstmAttrs): Direction[] {
  const [batch = 0, steps = 0, features = 0] = required(inputs('x'), 'x').shape
  const ways = prefixes.flatMap((prefix, i) => {
    const units = inputs(`${prefix}recurrentKernel`)?.shape[0]
    return units === undefined ? [] : [{ at: (name: string) => inputs(`${prefix}${name}`), units, turned: i === 1 }]
  })
  const outputWidth = ways.reduce((sum, { units }) => sum + units, 0)
  return ways.map(({ at, units, turned }, i) => ({
    at,
    units,
    numbers: {
      ...{ batch, steps, features, units, outputWidth },
      returnSequences: attrs.returnSequences,
      goBackwards: attrs.goBackwards !== turned,
      activation: activationCodes[attrs.activation],
      hardGates: attrs.recurrentActivation === 'hardSigmoid',
      outputOffset: ways.slice(0, i).reduce((sum, way) => sum + way.units, 0),
    },
  }))
}

/** Inputs that forward and backward pass read alike. */
const shared = (executor: Executor, { at }: Direction) => ({
  recurrentKernel: executor.floats(required(at('recurrentKernel'), 'recurrentKernel')),
  peepholes: optionalFloats(executor, at('peepholes')),
  initialHidden: optionalFloats(executor, at('initialHidden')),
  initialCell: optionalFloats(executor, at('initialCell')),
  dropoutMask: optionalFloats(executor, at('dropoutMask')),
  recurrentDropoutMask: optionalFloats(executor, at('recurrentDropoutMask')),
})

const RESERVED = 3 // gates [rows, 4U], cells and hidden states [rows, U] of each direction

const forwardKernel = (kernelName: string) =>
  overrideKernel<tf.NamedTensorInfoMap, LstmAttrs>({
    kernelName,
    entries: [forwardEntry],
    run({ inputs: numbered, attrs, executor }) {
      const inputs = byName(numbered, attrs.inputNames)
      const x = required(inputs('x'), 'x')
      const mask = maskBytes(executor, inputs('mask'))
      const [batch = 0, steps = 0] = x.shape
      const directions = directionsOf(inputs, attrs)
      const width = directions.reduce((sum, { units }) => sum + units, 0)
      const output = executor.allocate(attrs.returnSequences ? [batch, steps, width] : [batch, width])
      const kept: Block[] = []
      const states = directions.flatMap((direction) => {
        const { units, at } = direction
        const [lastHidden, lastCell] = [executor.allocate([batch, units]), executor.allocate([batch, units])]
        const [gates, cells, hiddens] = attrs.keep ? [4, 1, 1].map((n) => executor.take(batch * steps * n * units)) : []
        for (const buffer of [gates, cells, hiddens]) if (buffer) kept.push(buffer)
        executor.run(forwardEntry, {
          ...shared(executor, direction),
          ...direction.numbers,
          x: executor.floats(x),
          kernel: executor.floats(required(at('kernel'), 'kernel')),
          bias: optionalFloats(executor, at('bias')),
          mask,
          output: executor.floats(output),
          lastHidden: executor.floats(lastHidden),
          lastCell: executor.floats(lastCell),
          ...{ gates, cells, hiddens },
        })
        return [lastHidden, lastCell]
      })
      return [output, ...states, executor.keep(kept)]
    },
  })

/** Gradients of each direction's weights and states; the reserve's gates become their gradients, for the kernel below. */
const gradientKernel = (kernelName: string) =>
  overrideKernel<tf.NamedTensorInfoMap, LstmAttrs>({
    kernelName: `${kernelName}Grad`,
    entries: [backwardEntry],
    run({ inputs, attrs, executor }) {
      const reserve = executor.kept(required(inputs['reserve'], 'reserve'))
      const x = required(inputs['x'], 'x')
      const mask = maskBytes(executor, inputs['mask'])
      return directionsOf((name) => inputs[name], attrs).flatMap((direction, i) => {
        const { at, units, numbers } = direction
        const [batch = 0, , features = 0] = x.shape
        const [gates, cells, hiddens] = reserve.slice(RESERVED * i)
        const shapes = [
          [features, 4 * units],
          [units, 4 * units],
          [4 * units],
          [3, units],
          [batch, units],
          [batch, units],
        ]
        const results = shapes.map((shape) => executor.allocate(shape))
        const [kernelGradient, recurrentGradient, biasGradient, peepholesGradient, ...states] = results.map((info) =>
          executor.floats(info),
        )
        executor.run(backwardEntry, {
          ...shared(executor, direction),
          ...numbers,
          x: executor.floats(x),
          mask,
          ...{ gates, cells, hiddens },
          outputGradient: optionalFloats(executor, inputs['outputGradient']),
          lastHiddenGradient: optionalFloats(executor, at('lastHiddenGradient')),
          lastCellGradient: optionalFloats(executor, at('lastCellGradient')),
          ...{ kernelGradient, recurrentGradient, biasGradient, peepholesGradient },
          initialHiddenGradient: states[0],
          initialCellGradient: states[1],
        })
        return results
      })
    },
  })

/** The input's gradient, from the gates' gradients that the kernel above left in the reserve. */
const inputGradientKernel = (kernelName: string) =>
  overrideKernel<tf.NamedTensorInfoMap, LstmAttrs>({
    kernelName: `${kernelName}InputGrad`,
    entries: [sequenceInputGradientEntry],
    run({ inputs, attrs, executor }) {
      const reserve = executor.kept(required(inputs['reserve'], 'reserve'))
      const out = executor.allocate(required(inputs['x'], 'x').shape)
      const mask = maskBytes(executor, inputs['mask'])
      directionsOf((name) => inputs[name], attrs).forEach(({ at, units, numbers }, i) => {
        const { batch, steps, features, goBackwards } = numbers
        executor.run(sequenceInputGradientEntry, {
          gatesGradient: reserve[RESERVED * i],
          kernel: executor.floats(required(at('kernel'), 'kernel')),
          mask,
          dropoutMask: optionalFloats(executor, at('dropoutMask')),
          inputGradient: executor.floats(out),
          ...{ batch, steps, features, goBackwards },
          width: 4 * units,
          accumulate: i > 0,
        })
      })
      return out
    },
  })

export const lstmKernels: readonly Kernel[] = Object.values(kernelNames).flatMap((kernelName) => [
  forwardKernel(kernelName),
  gradientKernel(kernelName),
  inputGradientKernel(kernelName),
])

const DIFFERENTIABLE = ['kernel', 'recurrentKernel', 'bias', 'peepholes', 'initialHidden', 'initialCell']

function gradientOf(kernelName: string, directions: number): tf.GradConfig {
  const ways = prefixes.slice(0, directions)
  return listedGradient({
    kernelName,
    outputGradients: [
      'outputGradient',
      ...ways.flatMap((prefix) => [`${prefix}lastHiddenGradient`, `${prefix}lastCellGradient`]),
    ],
    differentiable: ways.flatMap((prefix) => DIFFERENTIABLE.map((name) => `${prefix}${name}`)),
    separateInput: true,
  })
}

export const lstmGradients: readonly tf.GradConfig[] = [
  gradientOf(kernelNames.single, 1),
  gradientOf(kernelNames.both, 2),
]
