/**
 * Keras's LSTM on the fused kernel: one op for the whole sequence instead of about 21 for every step. A subclass of TensorFlow.js's
 * layer, with Keras's defaults where the two differ (sigmoid gates, Glorot uniform kernel, forget bias 1), saved under its name and
 * with its weights, gates in the order i, f, c, o.
 */
import * as tfl from '@tensorflow/tfjs-layers'
import type { LSTMCell } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import { lstm } from '@weft/kernels'
import {
  cellActivation,
  fusedRecurrent,
  gateActivation,
  recurrentArgs,
  type SequenceOp,
  type StockRecurrent,
} from './recurrent.js'
import { classOf, type LayerClass } from './stock.js'

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
    const { kernel, recurrentKernel, bias, useBias } = this.cell
    const activation = cellActivation(this.cell.activation)
    const recurrentActivation = gateActivation(this.cell.recurrentActivation)
    if (!activation || !recurrentActivation) return undefined
    return (x, { initialState, ...options }) => {
      const weights = [kernel.read(), recurrentKernel.read(), useBias ? bias.read() : null] as const
      const [hidden, cell] = initialState ?? []
      const { output, lastHidden, lastCell } = lstm(x, ...weights, {
        ...{ ...options, activation, recurrentActivation },
        initialState: hidden && cell && [hidden, cell],
      })
      return { output, states: [lastHidden, lastCell] }
    }
  }
}
