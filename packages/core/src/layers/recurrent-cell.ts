/**
 * Helpers around a recurrent cell: TensorFlow.js's object that holds a recurrent layer's weights, sizes and rates, and that takes one
 * time step where no kernel runs the sequence. How a whole sequence runs is `recurrent.ts`.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import type { Activation } from '@tensorflow/tfjs-layers/dist/activations.js'
import type { RNNCell, SimpleRNNCell } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import { type CellActivation, dropoutMask, type GateActivation } from '@weft/kernels'
import { nextLayerSeed } from '../runtime/random.js'
import { ownInitializer } from './initializers.js'

/** What our recurrent layers read of a cell; SimpleRNN's has no gates. */
export type RecurrentCell = RNNCell &
  Pick<SimpleRNNCell, 'units' | 'dropout' | 'recurrentDropout' | 'useBias' | 'kernel' | 'recurrentKernel' | 'bias'> &
  Activations

interface Activations {
  readonly activation: Activation
  readonly recurrentActivation?: Activation
}

/** Weights that every recurrent kernel takes, with G gates. */
export interface CellWeights {
  /** [D, G · U] */
  kernel: tf.Tensor
  /** [U, G · U] */
  recurrentKernel: tf.Tensor
  /** [G · U] */
  bias: tf.Tensor | undefined
}

/** The names of a cell's activations as the kernels have them. */
export interface KernelActivations {
  activation: CellActivation
  /** Without meaning for a cell without gates. */
  recurrentActivation: GateActivation
}

export const CELL_ACTIVATIONS = ['tanh', 'relu', 'linear'] as const satisfies readonly CellActivation[]
export const GATE_ACTIVATIONS = ['sigmoid', 'hardSigmoid'] as const satisfies readonly GateActivation[]

/** Undefined when the kernels lack one of the cell's activations. */
export function kernelActivations(cell: Activations): KernelActivations | undefined {
  const gate = cell.recurrentActivation?.getClassName() ?? 'sigmoid'
  const activation = CELL_ACTIVATIONS.find((name) => name === cell.activation.getClassName())
  const recurrentActivation = GATE_ACTIVATIONS.find((name) => name === gate)
  return activation && recurrentActivation && { activation, recurrentActivation }
}

export function readWeights({ kernel, recurrentKernel, bias, useBias }: RecurrentCell): CellWeights {
  return {
    kernel: kernel.read(),
    recurrentKernel: recurrentKernel.read(),
    bias: useBias ? bias.read() : undefined,
  }
}

/** What Keras initialises as in its recurrent layers. */
type InitializerArgs = Pick<tfl.SimpleRNNLayerArgs, 'kernelInitializer' | 'recurrentInitializer'>

/** A cell's arguments with Keras's defaults where TensorFlow.js has others, our initialisers and our dropout. */
export function cellArgs<Args extends InitializerArgs>(args: Args) {
  return {
    ...args,
    kernelInitializer: ownInitializer(args.kernelInitializer ?? 'GlorotUniform'),
    recurrentInitializer: ownInitializer(args.recurrentInitializer ?? 'Orthogonal'),
    dropoutFunc: (ones: tf.Tensor, rate: number) => tf.mul(ones, drawMask(ones.shape, rate)),
  }
}

/** `cellArgs` for a cell with LSTM's gates. */
export function lstmCellArgs<
  Args extends InitializerArgs & Pick<tfl.LSTMLayerArgs, 'recurrentActivation' | 'unitForgetBias'>,
>(args: Args) {
  return cellArgs({
    ...args,
    recurrentActivation: args.recurrentActivation ?? 'sigmoid',
    unitForgetBias: args.unitForgetBias ?? true,
  })
}

/** Dropout factors of the given shape, another draw at every call: 0 or 1 / (1 - rate). */
export function drawMask(shape: number[], rate: number): tf.Tensor {
  return dropoutMask(shape, 1 - rate, nextLayerSeed())
}

/** Draws dropout factors if this is training and the rate drops some values but not all. */
export function dropoutIn(training: unknown, shape: number[], rate: number): tf.Tensor | undefined {
  return training === true && rate > 0 && rate < 1 ? drawMask(shape, rate) : undefined
}
