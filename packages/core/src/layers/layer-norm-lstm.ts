/**
 * LSTM with layer normalisation inside the step, on the fused kernel. Weights and their order are those of a Keras RNN around
 * TensorFlow Addons' LayerNormLSTMCell: kernel, recurrent kernel, bias, then gamma and beta of the norms of the inputs' product, of
 * the recurrent product and of the cell. Neither Keras nor TensorFlow.js has such a layer; a saved one opens where ours are registered.
 */
import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import type { LayerNormalizationLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/normalization.js'
import type { LSTMCell as StockLSTMCell, RNN as StockRNN } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import { dropoutMask, layerNormLstm } from '@weft/kernels'
import { expected } from '../errors.js'
import { nextLayerSeed } from '../runtime/random.js'
import { ownInitializer } from './initializers.js'
import { LayerNormalization } from './layer-normalization.js'
import { maskOf } from './masks.js'
import { type CallOptions, classOf, single, type Tensors } from './stock.js'

const stockCell = () => tfl.layers.lstmCell({ units: 1, name: 'stock' })
const BaseCell = classOf<typeof StockLSTMCell>(stockCell())
const Base = classOf<typeof StockRNN>(tfl.layers.rnn({ cell: stockCell(), name: 'stock' }))

const ACTIVATIONS = ['tanh', 'relu', 'linear'] as const
const GATE_ACTIVATIONS = ['sigmoid', 'hardSigmoid'] as const

export interface LayerNormLSTMArgs extends tfl.LSTMLayerArgs {
  /** Added to the variances; 1e-3 by default. */
  normEpsilon?: number
  /** Of the three scales; ones by default. */
  normGammaInitializer?: LayerNormalizationLayerArgs['gammaInitializer']
  /** Of the three shifts; zeros by default. */
  normBetaInitializer?: LayerNormalizationLayerArgs['betaInitializer']
  /** Whether the next step gets the normalised cell, as in TensorFlow Addons (default), or the cell as it is, as in the paper. */
  normalizedCarry?: boolean
}

interface Norm {
  gamma: tfl.LayerVariable
  beta: tfl.LayerVariable
}

/** Holds the weights; the layer runs the sequence. */
class LayerNormLSTMCell extends BaseCell {
  static override className = 'LayerNormLSTMCell'
  readonly normalizedCarry: boolean
  /** Never built: it reads and writes the norms' part of the configuration. */
  readonly norm: LayerNormalization
  #norms: { kernel: Norm; recurrent: Norm; state: Norm } | undefined

  constructor(args: LayerNormLSTMArgs) {
    super(args)
    this.normalizedCarry = args.normalizedCarry ?? true
    this.norm = new LayerNormalization({
      name: 'norm',
      epsilon: args.normEpsilon,
      gammaInitializer: args.normGammaInitializer,
      betaInitializer: args.normBetaInitializer,
    })
  }

  override build(...shapes: Parameters<StockLSTMCell['build']>): void {
    super.build(...shapes)
    const norm = (name: string, size: number): Norm => ({
      gamma: this.addWeight(`${name}_norm_gamma`, [size], 'float32', this.norm.gammaInitializer),
      beta: this.addWeight(`${name}_norm_beta`, [size], 'float32', this.norm.betaInitializer),
    })
    this.#norms = {
      kernel: norm('kernel', 4 * this.units),
      recurrent: norm('recurrent', 4 * this.units),
      state: norm('state', this.units),
    }
  }

  /** What the op takes: the shifts of the first two norms are a part of the bias. */
  readWeights() {
    if (!this.#norms) throw new Error(`running layer ${this.name}: expected it to have been built`)
    const { kernel, recurrent, state } = this.#norms
    const shifts = tf.add(kernel.beta.read(), recurrent.beta.read())
    return {
      kernel: this.kernel.read(),
      recurrentKernel: this.recurrentKernel.read(),
      bias: this.useBias ? tf.add(this.bias.read(), shifts) : shifts,
      norms: {
        kernelGamma: kernel.gamma.read(),
        recurrentGamma: recurrent.gamma.read(),
        stateGamma: state.gamma.read(),
        stateBeta: state.beta.read(),
      },
    }
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { gammaInitializer = null, betaInitializer = null } = this.norm.getConfig()
    return {
      ...super.getConfig(),
      normEpsilon: this.norm.epsilon,
      normGammaInitializer: gammaInitializer,
      normBetaInitializer: betaInitializer,
      normalizedCarry: this.normalizedCarry,
    }
  }
}

/** What the fused op gives: outputs stay aligned with the input's steps, whichever way the layer runs. */
interface SequenceResult {
  output: tf.Tensor
  lastHidden: tf.Tensor
  lastCell: tf.Tensor
}

/**
 * Long short-term memory with layer normalisation of both products and of the cell, at every step.
 *
 * Shapes: [B, T, D] → [B, U], or [B, T, U] with `returnSequences`; with `returnState` also the last hidden and cell state [B, U].
 * Past the end of a masked row its last output repeats and its state stays.
 * @throws UserError when an activation is not one that the fused op has.
 * @see Ba, Kiros and Hinton 2016, arXiv:1607.06450, supplementary material.
 */
export class LayerNormLSTM extends Base {
  static override className = 'LayerNormLSTM'
  readonly #cell: LayerNormLSTMCell
  readonly #activations: ReturnType<typeof activationsOf>

  constructor(args: LayerNormLSTMArgs) {
    const cell = new LayerNormLSTMCell({
      ...args,
      recurrentActivation: args.recurrentActivation ?? 'sigmoid',
      unitForgetBias: args.unitForgetBias ?? true,
      kernelInitializer: ownInitializer(args.kernelInitializer ?? 'GlorotUniform'),
      recurrentInitializer: ownInitializer(args.recurrentInitializer ?? 'Orthogonal'),
    })
    super({ ...args, cell })
    this.#cell = cell
    this.#activations = activationsOf(this.name, cell)
  }

  // RNN's own makes a cell from a configuration within the layer's.
  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(config)
  }

  // TensorFlow.js leaves over what the forget gate's bias is joined from; variables outlive a tidy.
  override build(...shapes: Parameters<StockRNN['build']>): void {
    tf.tidy(() => super.build(...shapes))
  }

  // TensorFlow.js keeps regularisers in the cell and never asks for them.
  override get losses() {
    return this.cell?.losses ?? []
  }

  // TensorFlow.js writes the initial state into options that it shares with the layers that run later.
  override apply(...[inputs, options]: Parameters<StockRNN['apply']>): ReturnType<StockRNN['apply']> {
    return super.apply(inputs, { ...options })
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    return tf.tidy(() => {
      const { output, lastHidden, lastCell } = this.run(single(inputs), options)
      const inOrder = this.returnSequences && this.goBackwards ? tf.reverse(output, 1) : output
      return this.returnState ? [inOrder, lastHidden, lastCell] : inOrder
    })
  }

  /** Always: other activations are refused when the layer is made. */
  isFused(): boolean {
    return true
  }

  /** Runs the sequence; unlike `call`, a backward layer's outputs are not turned round. */
  run(x: tf.Tensor, options: CallOptions): SequenceResult {
    const { dropout, recurrentDropout, units, norm, normalizedCarry } = this.#cell
    const [batch = 0, , features = 0] = x.shape
    const training = options.training === true
    const drop = (rate: number, size: number) =>
      training && rate > 0 && rate < 1 ? dropoutMask([batch, size], 1 - rate, nextLayerSeed()) : undefined
    const { kernel, recurrentKernel, bias, norms } = this.#cell.readWeights()
    const result = layerNormLstm(x, kernel, recurrentKernel, bias, {
      ...norms,
      ...this.#activations,
      epsilon: norm.epsilon,
      normalizedCarry,
      returnSequences: this.returnSequences,
      goBackwards: this.goBackwards,
      initialState: this.#initialState(options.initialState),
      mask: maskOf(this.name, x, options.mask) ?? undefined,
      dropoutMask: drop(dropout, features),
      recurrentDropoutMask: drop(recurrentDropout, units),
    })
    if (this.stateful) this.resetStates([result.lastHidden, result.lastCell], training)
    return result
  }

  #initialState(given: unknown): [tf.Tensor, tf.Tensor] | undefined {
    const state: unknown = given ?? (this.stateful ? this.states : undefined)
    if (state === undefined) return undefined
    const [hidden, cell, ...more]: unknown[] = Array.isArray(state) ? state : [state]
    if (hidden instanceof tf.Tensor && cell instanceof tf.Tensor && more.length === 0) return [hidden, cell]
    const received = Array.isArray(state) ? state.length : 1
    throw new Error(`running layer ${this.name}: expected 2 tensors for initialState, received ${received}`)
  }
}

function activationsOf(layerName: string, cell: LayerNormLSTMCell) {
  const named = [cell.activation.getClassName(), cell.recurrentActivation.getClassName()]
  const activation = ACTIVATIONS.find((name) => name === named[0])
  const recurrentActivation = GATE_ACTIVATIONS.find((name) => name === named[1])
  if (activation && recurrentActivation) return { activation, recurrentActivation }
  throw activation
    ? expected({
        doing: `making layer ${layerName}`,
        want: `one of ${GATE_ACTIVATIONS.join(', ')}`,
        of: 'recurrentActivation',
        got: named[1],
      })
    : expected({
        doing: `making layer ${layerName}`,
        want: `one of ${ACTIVATIONS.join(', ')}`,
        of: 'activation',
        got: named[0],
      })
}
