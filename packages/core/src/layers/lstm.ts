/**
 * Keras's LSTM on the fused kernel: one op for the whole sequence instead of about 21 for every step. A subclass of TensorFlow.js's
 * layer, with Keras's defaults where the two differ (sigmoid gates, Glorot uniform kernel, forget bias 1), saved under its name and
 * with its weights, gates in the order i, f, c, o.
 */
import type * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import type { LSTMCell } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import {
  bidirectionalLstm,
  type CellActivation,
  type GateActivation,
  lstm,
  type LstmDirection,
  lstmStep,
  type LstmStepWeights,
} from '@weft/kernels'
import type { LayerStep } from './layer-step.js'
import {
  type BothWaysResult,
  cellActivation,
  type FusedRecurrent,
  fusedRecurrent,
  gateActivation,
  recurrentArgs,
  type SequenceOp,
  type SequenceOptions,
  type StockRecurrent,
} from './recurrent.js'
import { type CallOptions, classOf, type LayerClass } from './stock.js'

type StockLSTM = StockRecurrent & { cell: LSTMCell }

const Base = fusedRecurrent(
  classOf<LayerClass<tfl.LSTMLayerArgs, StockLSTM>>(tfl.layers.lstm({ units: 1, name: 'stock' })),
)

/**
 * Long short-term memory over a sequence.
 *
 * Shapes: [B, T, D] → [B, U], or [B, T, U] with `returnSequences`; with `returnState` also the last hidden and cell state [B, U].
 * Past the end of a masked row its last output repeats and its state stays.
 * @see Hochreiter and Schmidhuber 1997; Gers et al. 2000 for the forget gate.
 */
export class LSTM extends Base {
  static override className = 'LSTM'

  declare cell: LSTMCell

  constructor(args: tfl.LSTMLayerArgs) {
    super(
      recurrentArgs({
        ...args,
        recurrentActivation: args.recurrentActivation ?? 'sigmoid',
        unitForgetBias: args.unitForgetBias ?? true,
      }),
    )
  }

  override sequenceOp(): SequenceOp | undefined {
    const activations = this.#activations()
    if (!activations) return undefined
    return (x, options) => {
      const { kernel, recurrentKernel, bias, ...own } = this.#direction(options)
      const { returnSequences, goBackwards, mask } = options
      const { output, lastHidden, lastCell } = lstm(x, kernel, recurrentKernel, bias ?? null, {
        ...{ ...activations, returnSequences, goBackwards, mask },
        ...own,
      })
      return { output, states: [lastHidden, lastCell] }
    }
  }

  /** Both directions in one op. */
  override runBothWays(
    x: tf.Tensor,
    backward: FusedRecurrent,
    options: CallOptions,
    back: CallOptions,
  ): BothWaysResult {
    const activations = this.#activations()
    if (!(backward instanceof LSTM) || !activations) return super.runBothWays(x, backward, options, back)
    const [ahead, behind] = [this.sequenceOptions(x, options), backward.sequenceOptions(x, back)]
    const { output, states } = bidirectionalLstm(x, this.#direction(ahead), backward.#direction(behind), {
      ...activations,
      returnSequences: ahead.returnSequences,
      mask: ahead.mask,
    })
    this.carry(states[0], options)
    backward.carry(states[1], back)
    return { output, states }
  }

  /**
   * Runs this layer one time step at a time, apart from its own states: the step's state starts at zeros and lives in `states`. No
   * tensor is made. Shapes: x [B, D] → [B, U], the same array at every call.
   */
  statefulStep(batch = 1): LayerStep {
    const weights = this.weightTensors()
    const [hidden, cell] = [new Float32Array(batch * this.cell.units), new Float32Array(batch * this.cell.units)]
    const activations = this.#activations()
    if (!activations) throw new Error(`running layer ${this.name}: expected an activation that the fused op has`)
    return {
      states: [hidden, cell],
      run: (x) => {
        lstmStep(x, weights, hidden, cell, activations)
        return hidden
      },
    }
  }

  /** The weights as the fused op takes them. */
  protected weightTensors(): LstmStepWeights {
    const { kernel, recurrentKernel, bias, useBias } = this.cell
    return {
      kernel: kernel.read(),
      recurrentKernel: recurrentKernel.read(),
      bias: useBias ? bias.read() : undefined,
    }
  }

  #direction({ initialState, dropoutMask, recurrentDropoutMask }: SequenceOptions): LstmDirection {
    const [hidden, cell] = initialState ?? []
    return {
      ...this.weightTensors(),
      ...{ dropoutMask, recurrentDropoutMask },
      initialState: hidden && cell && [hidden, cell],
    }
  }

  #activations(): { activation: CellActivation; recurrentActivation: GateActivation } | undefined {
    const activation = cellActivation(this.cell.activation)
    const recurrentActivation = gateActivation(this.cell.recurrentActivation)
    return activation && recurrentActivation && { activation, recurrentActivation }
  }
}
