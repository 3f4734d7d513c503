/**
 * The LSTM's native kernels and gradients: `LstmSequence` for one direction, `BidirectionalLstmSequence` for both. Each direction is a
 * call of the same C++, which writes its part of the output's columns; the second direction's inputs have a prefix before their names.
 */
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

const forwardNative = nativeFunction(
  'lstm_forward',
  [
    ...(['x', 'kernel', 'recurrentKernel', 'bias', 'peepholes', 'initialHidden', 'initialCell', 'mask'] as const),
    ...(['dropoutMask', 'recurrentDropoutMask', 'output', 'lastHidden', 'lastCell'] as const),
    ...(['gates', 'cells', 'hiddens'] as const),
  ],
  numbers,
  flopsOf,
)
const backwardNative = nativeFunction(
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
const shared = (backend: NativeBackend, { at }: Direction) => ({
  recurrentKernel: backend.array(required(at('recurrentKernel'), 'recurrentKernel')),
  peepholes: arrayOf(backend, at('peepholes')),
  initialHidden: arrayOf(backend, at('initialHidden')),
  initialCell: arrayOf(backend, at('initialCell')),
  dropoutMask: arrayOf(backend, at('dropoutMask')),
  recurrentDropoutMask: arrayOf(backend, at('recurrentDropoutMask')),
})

const RESERVED = 3 // gates [rows, 4U], cells and hidden states [rows, U] of each direction

function kernelsOf(kernelName: string): NativeKernel[] {
  const forward = overrideKernel<tf.NamedTensorInfoMap, LstmAttrs>({
    kernelName,
    run({ inputs: numbered, attrs, backend }) {
      const inputs = byName(numbered, attrs.inputNames)
      const x = required(inputs('x'), 'x')
      const mask = maskBytes(backend, inputs('mask'))
      const [batch = 0, steps = 0] = x.shape
      const directions = directionsOf(inputs, attrs)
      const width = directions.reduce((sum, { units }) => sum + units, 0)
      const output = backend.allocate(attrs.returnSequences ? [batch, steps, width] : [batch, width])
      const kept: Float32Array[] = []
      const states = directions.flatMap((direction) => {
        const { units, at } = direction
        const [lastHidden, lastCell] = [backend.allocate([batch, units]), backend.allocate([batch, units])]
        const [gates, cells, hiddens] = attrs.keep ? [4, 1, 1].map((n) => backend.take(batch * steps * n * units)) : []
        for (const buffer of [gates, cells, hiddens]) if (buffer) kept.push(buffer)
        forwardNative({
          ...shared(backend, direction),
          ...direction.numbers,
          x: backend.array(x),
          kernel: backend.array(required(at('kernel'), 'kernel')),
          bias: arrayOf(backend, at('bias')),
          mask,
          output: backend.array(output),
          lastHidden: backend.array(lastHidden),
          lastCell: backend.array(lastCell),
          ...{ gates, cells, hiddens },
        })
        return [lastHidden, lastCell]
      })
      return [output, ...states, backend.reserve(kept)]
    },
  })

  /** Gradients of each direction's weights and states; the reserve's gates become their gradients, for the kernel below. */
  const gradients = overrideKernel<tf.NamedTensorInfoMap, LstmAttrs>({
    kernelName: `${kernelName}Grad`,
    run({ inputs, attrs, backend }) {
      const reserve = backend.reserved(required(inputs['reserve'], 'reserve'))
      const x = required(inputs['x'], 'x')
      const mask = maskBytes(backend, inputs['mask'])
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
        const results = shapes.map((shape) => backend.allocate(shape))
        const [kernelGradient, recurrentGradient, biasGradient, peepholesGradient, ...states] = results.map((info) =>
          backend.array(info),
        )
        backwardNative({
          ...shared(backend, direction),
          ...numbers,
          x: backend.array(x),
          mask,
          ...{ gates, cells, hiddens },
          outputGradient: arrayOf(backend, inputs['outputGradient']),
          lastHiddenGradient: arrayOf(backend, at('lastHiddenGradient')),
          lastCellGradient: arrayOf(backend, at('lastCellGradient')),
          ...{ kernelGradient, recurrentGradient, biasGradient, peepholesGradient },
          initialHiddenGradient: states[0],
          initialCellGradient: states[1],
        })
        return results
      })
    },
  })

  /** The input's gradient, from the gates' gradients that the kernel above left in the reserve. */
  const inputGradient = overrideKernel<tf.NamedTensorInfoMap, LstmAttrs>({
    kernelName: `${kernelName}InputGrad`,
    run({ inputs, attrs, backend }) {
      const reserve = backend.reserved(required(inputs['reserve'], 'reserve'))
      const out = backend.allocate(required(inputs['x'], 'x').shape)
      const mask = maskBytes(backend, inputs['mask'])
      directionsOf((name) => inputs[name], attrs).forEach(({ at, units, numbers }, i) => {
        const { batch, steps, features, goBackwards } = numbers
        sequenceInputGradient({
          gatesGradient: reserve[RESERVED * i],
          kernel: backend.array(required(at('kernel'), 'kernel')),
          mask,
          dropoutMask: arrayOf(backend, at('dropoutMask')),
          inputGradient: backend.array(out),
          ...{ batch, steps, features, goBackwards },
          width: 4 * units,
          accumulate: i > 0,
        })
      })
      return out
    },
  })
  return [forward, gradients, inputGradient]
}

export const lstmKernels: readonly NativeKernel[] = Object.values(kernelNames).flatMap(kernelsOf)

function isLstmAttrs(attrs: object): attrs is LstmAttrs {
  return 'inputNames' in attrs && Array.isArray(attrs.inputNames)
}

const DIFFERENTIABLE = ['kernel', 'recurrentKernel', 'bias', 'peepholes', 'initialHidden', 'initialCell']

function gradientOf(kernelName: string, directions: number): tf.GradConfig {
  return {
    kernelName,
    saveAllInputs: true,
    outputsToSave: [...Array<boolean>(1 + 2 * directions).fill(false), true],
    gradFunc: (dy, saved, attrs) => {
      const [outputGradient, ...stateGradients] = Array.isArray(dy) ? dy : [dy]
      const reserve = saved.at(-1)
      if (!isLstmAttrs(attrs) || !outputGradient || !reserve)
        throw new Error('lstm gradient: expected the saved inputs and reserve of its forward pass')
      const inputs: tf.NamedTensorMap = { reserve }
      attrs.inputNames.forEach((name, i) => {
        const tensor = saved[i]
        if (tensor) inputs[name] = tensor
      })
      const outer: tf.NamedTensorMap = { outputGradient }
      prefixes.slice(0, directions).forEach((prefix, i) => {
        const [hidden, cell] = stateGradients.slice(2 * i)
        if (hidden && cell)
          Object.assign(outer, { [`${prefix}lastHiddenGradient`]: hidden, [`${prefix}lastCellGradient`]: cell })
      })
      const run = (name: string, from: tf.NamedTensorMap): tf.Tensor[] =>
        [tf.engine().runKernel<tf.Tensor | tf.Tensor[]>(name, from, { ...attrs })].flat()
      const results = run(`${kernelName}Grad`, { ...inputs, ...outer })
      const order = prefixes.flatMap((prefix) => DIFFERENTIABLE.map((name) => `${prefix}${name}`))
      return Object.fromEntries(
        attrs.inputNames.map((name, i) => [
          i,
          () => {
            const gradient = name === 'x' ? run(`${kernelName}InputGrad`, inputs)[0] : results[order.indexOf(name)]
            if (!gradient) throw new Error(`lstm gradient: ${name} is not differentiable`)
            return gradient
          },
        ]),
      )
    },
  }
}

export const lstmGradients: readonly tf.GradConfig[] = [
  gradientOf(kernelNames.single, 1),
  gradientOf(kernelNames.both, 2),
]
