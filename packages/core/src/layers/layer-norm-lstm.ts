/**
 * LSTM with layer normalisation inside the step, on the fused kernel. Weights and their order are those of a Keras RNN around
 * TensorFlow Addons' LayerNormLSTMCell: kernel, recurrent kernel, bias, then gamma and beta of the norms of the inputs' product, of
 * the recurrent product and of the cell. Neither Keras nor TensorFlow.js has such a layer: a saved one opens only where ours are
 * registered.
 */
import * as tf from '@weft/kernels/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import type { LayerNormalizationLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/normalization.js'
import { layerNormLstm } from '@weft/kernels'
import { expected } from '../errors.js'
import { LayerNormalization } from './layer-normalization.js'
import { StockLSTMCell } from './lstm.js'
import { Recurrent, type SequenceOp } from './recurrent.js'
import { CELL_ACTIVATIONS, GATE_ACTIVATIONS, lstmCellArgs, readWeights } from './recurrent-cell.js'
import type { Shapes } from './stock.js'

export interface LayerNormLSTMArgs extends tfl.LSTMLayerArgs {
  /** Added to the variances. Default 1e-3. */
  normEpsilon?: number
  /** Of the three scales. Default: ones. */
  normGammaInitializer?: LayerNormalizationLayerArgs['gammaInitializer']
  /** Of the three shifts. Default: zeros. */
  normBetaInitializer?: LayerNormalizationLayerArgs['betaInitializer']
  /** Whether the next step gets the normalised cell, as in TensorFlow Addons (default), or the cell as it is, as in the paper. */
  normalizedCarry?: boolean
}

interface Norm {
  gamma: tfl.LayerVariable
  beta: tfl.LayerVariable
}

/** LSTM's weights and after them gamma and beta of the three norms. It has no step of its own. */
class LayerNormLSTMCell extends StockLSTMCell {
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

  override build(inputShape: Shapes): void {
    super.build(inputShape)
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

  /** What the kernel takes: the shifts of the first two norms are a part of the bias. */
  readWeights() {
    if (!this.#norms) throw new Error(`running layer ${this.name}: expected it to have been built`)
    const { kernel, recurrent, state } = this.#norms
    const shifts = tf.add(kernel.beta.read(), recurrent.beta.read())
    const { bias, ...own } = readWeights(this)
    return {
      ...own,
      bias: bias ? tf.add(bias, shifts) : shifts,
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

const op: SequenceOp<LayerNormLSTMCell> = {
  kernelOnly: true,
  run(x, cell, { initialState: [hidden, memory] = [], ...options }) {
    const { kernel, recurrentKernel, bias, norms } = cell.readWeights()
    const { output, lastHidden, lastCell } = layerNormLstm(x, kernel, recurrentKernel, bias, {
      ...norms,
      ...options,
      epsilon: cell.norm.epsilon,
      normalizedCarry: cell.normalizedCarry,
      initialState: hidden && memory && [hidden, memory],
    })
    return { output, states: [lastHidden, lastCell] }
  },
}

/**
 * Long short-term memory with layer normalisation of both products and of the cell, at every step.
 *
 * Shapes: [B, T, D] → [B, U], or [B, T, U] with `returnSequences`; with `returnState` also the last hidden and cell state [B, U].
 * Past the end of a masked row its last output repeats and its state stays.
 * @throws UserError when the kernel lacks an activation.
 * @see Ba, Kiros and Hinton 2016, arXiv:1607.06450, supplementary material.
 */
export class LayerNormLSTM extends Recurrent<LayerNormLSTMCell> {
  static override className = 'LayerNormLSTM'

  constructor(args: LayerNormLSTMArgs) {
    super(args, new LayerNormLSTMCell(lstmCellArgs(args)), op)
    const { activation, recurrentActivation } = this.cell
    const check = (of: string, names: readonly string[], got: string): void => {
      if (!names.includes(got))
        throw expected({ doing: `making layer ${this.name}`, want: `one of ${names.join(', ')}`, of, got })
    }
    check('activation', CELL_ACTIVATIONS, activation.getClassName())
    check('recurrentActivation', GATE_ACTIVATIONS, recurrentActivation.getClassName())
  }
}
