/**
 * Keras's LSTM on the fused kernel: one op for the whole sequence instead of about 21 for every step. A subclass of TensorFlow.js's
 * layer, with Keras's defaults where the two differ (sigmoid gates, Glorot uniform kernel, forget bias 1), saved under its name and
 * with its weights, gates in the order i, f, c, o.
 */
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import type { LSTMCell, LSTM as StockLSTM } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import {
  dropoutMask,
  lstm,
  lstmStep,
  type LstmDirection,
  type LstmResult,
  type LstmSequenceOptions,
  type LstmStepWeights,
} from '@weft/kernels'
import { nextLayerSeed } from '../runtime/random.js'
import { ownInitializer } from './initializers.js'
import type { LayerStep } from './layer-step.js'
import { maskOf } from './masks.js'
import { type CallOptions, classOf, single, type Tensors } from './stock.js'

const Base = classOf<typeof StockLSTM>(tfl.layers.lstm({ units: 1, name: 'stock' }))

const ACTIVATIONS = ['tanh', 'relu', 'linear'] as const
const GATE_ACTIVATIONS = ['sigmoid', 'hardSigmoid'] as const

/**
 * Long short-term memory over a sequence.
 *
 * Shapes: [B, T, D] → [B, U], or [B, T, U] with `returnSequences`; with `returnState` also the last hidden and cell state [B, U].
 * Past the end of a masked row its last output repeats and its state stays.
 * @see Hochreiter and Schmidhuber 1997; Gers et al. 2000 for the forget gate.
 */
export class LSTM extends Base {
  static override className = 'LSTM'

  constructor(args: tfl.LSTMLayerArgs) {
    super({
      ...args,
      recurrentActivation: args.recurrentActivation ?? 'sigmoid',
      unitForgetBias: args.unitForgetBias ?? true,
      kernelInitializer: ownInitializer(args.kernelInitializer ?? 'GlorotUniform'),
      recurrentInitializer: ownInitializer(args.recurrentInitializer ?? 'Orthogonal'),
      dropoutFunc: (ones: tf.Tensor, rate: number) => tf.mul(ones, drawMask(ones.shape, rate)),
    })
  }

  // TensorFlow.js leaves over what the forget gate's bias is joined from; variables outlive a tidy.
  override build(...shapes: Parameters<StockLSTM['build']>): void {
    tf.tidy(() => super.build(...shapes))
  }

  // TensorFlow.js keeps regularisers in the cell and never asks for them.
  override get losses() {
    return this.cell?.losses ?? []
  }

  // TensorFlow.js writes the initial state into options that it shares with the layers that run later.
  override apply(...[inputs, options]: Parameters<StockLSTM['apply']>): ReturnType<StockLSTM['apply']> {
    return super.apply(inputs, { ...options })
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    if (!this.isFused()) return super.call(x, { ...options, mask: maskOf(this.name, x, options.mask) })
    return tf.tidy(() => {
      const { output, lastHidden, lastCell } = this.run(x, options)
      const inOrder = this.returnSequences && this.goBackwards ? tf.reverse(output, 1) : output
      return this.returnState ? [inOrder, lastHidden, lastCell] : inOrder
    })
  }

  /** Whether the fused op has this layer's activations; otherwise TensorFlow.js's loop over the steps runs. */
  isFused(): boolean {
    return this.#activations() !== undefined
  }

  /** Runs the sequence; unlike `call`, a backward layer's outputs are not turned round. */
  run(x: tf.Tensor, options: CallOptions): LstmResult {
    const { kernel, recurrentKernel, bias, ...own } = this.direction(x, options)
    const sequence = { ...this.sequenceOptions(x, options), ...own, goBackwards: this.goBackwards }
    const result = lstm(x, kernel, recurrentKernel, bias ?? null, sequence)
    this.carry([result.lastHidden, result.lastCell], options)
    return result
  }

  /** The weights, states and dropout of this layer in one call of the fused op. */
  direction(x: tf.Tensor, options: CallOptions): LstmDirection {
    const cell = this.#cell()
    const [batch = 0, , features = 0] = x.shape
    const drop = (rate: number, size: number) =>
      options.training === true && rate > 0 && rate < 1 ? drawMask([batch, size], rate) : undefined
    return {
      ...this.weightTensors(),
      initialState: this.#initialState(options.initialState),
      dropoutMask: drop(cell.dropout, features),
      recurrentDropoutMask: drop(cell.recurrentDropout, cell.units),
    }
  }

  /** The weights as the fused op takes them. */
  protected weightTensors(): LstmStepWeights {
    const cell = this.#cell()
    return {
      kernel: cell.kernel.read(),
      recurrentKernel: cell.recurrentKernel.read(),
      bias: cell.useBias ? cell.bias.read() : undefined,
    }
  }

  /**
   * Runs this layer one time step at a time, apart from its own states: the step's state starts at zeros and lives in `states`. No
   * tensor is made. Shapes: x [B, D] → [B, U], the same array at every call.
   */
  statefulStep(batch = 1): LayerStep {
    const weights = this.weightTensors()
    const [hidden, cell] = [new Float32Array(batch * this.#cell().units), new Float32Array(batch * this.#cell().units)]
    const activations = this.#fusedActivations()
    return {
      states: [hidden, cell],
      run: (x) => {
        lstmStep(x, weights, hidden, cell, activations)
        return hidden
      },
    }
  }

  sequenceOptions(x: tf.Tensor, options: CallOptions): LstmSequenceOptions {
    return {
      ...this.#fusedActivations(),
      returnSequences: this.returnSequences,
      mask: maskOf(this.name, x, options.mask) ?? undefined,
    }
  }

  /** Keeps the last states for the next call when the layer is stateful. */
  carry(states: [tf.Tensor, tf.Tensor], options: CallOptions): void {
    if (this.stateful) this.resetStates(states, options.training === true)
  }

  #fusedActivations() {
    const activations = this.#activations()
    if (!activations) throw new Error(`running layer ${this.name}: expected an activation that the fused op has`)
    return activations
  }

  #cell(): LSTMCell {
    return this.cell as LSTMCell
  }

  #activations() {
    const activation = ACTIVATIONS.find((name) => name === this.#cell().activation.getClassName())
    const recurrentActivation = GATE_ACTIVATIONS.find(
      (name) => name === this.#cell().recurrentActivation.getClassName(),
    )
    return activation && recurrentActivation && { activation, recurrentActivation }
  }

  #initialState(given: unknown): [tf.Tensor, tf.Tensor] | undefined {
    const state: unknown = given ?? (this.stateful ? this.states : undefined)
    if (state === undefined) return undefined
    const [hidden, cell, ...more]: unknown[] = Array.isArray(state) ? state : [state]
    if (hidden instanceof tf.Tensor && cell instanceof tf.Tensor && more.length === 0) return [hidden, cell]
    throw new Error(
      `running layer ${this.name}: expected 2 tensors for initialState, received ${Array.isArray(state) ? state.length : 1}`,
    )
  }
}

/** Dropout factors of the given shape, another draw at every call. */
function drawMask(shape: number[], rate: number): tf.Tensor {
  return dropoutMask(shape, 1 - rate, nextLayerSeed())
}
