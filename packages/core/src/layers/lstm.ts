/**
 * Keras's LSTM on the fused kernel: one op for the whole sequence instead of about 21 for every step. Keras's defaults where
 * TensorFlow.js has others (sigmoid gates, Glorot uniform kernel, forget bias 1); saved under the same name and with the same weights,
 * gates in the order i, f, c, o.
 */
import * as tfl from '@weft/core/tfjs-layers'
import type { LSTMCell } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import { bidirectionalLstm, lstm, lstmStep, type LstmStepWeights } from '@weft/kernels'
import { Recurrent, type SequenceOp, type SequenceOptions } from './recurrent.js'
import { lstmCellArgs, readWeights } from './recurrent-cell.js'
import { classOf } from './stock.js'

export const StockLSTMCell = classOf<typeof LSTMCell>(tfl.layers.lstmCell({ units: 1, name: 'stock' }))

/**
 * The LSTM kernels on a cell's weights.
 *
 * @param weightsOf Reads the weights; with peepholes where the cell has them.
 */
export function lstmOp<Cell extends LSTMCell>(weightsOf: (cell: Cell) => LstmStepWeights): SequenceOp<Cell> {
  const directionOf = (cell: Cell, options: SequenceOptions) => {
    const { initialState: [hidden, memory] = [], dropoutMask, recurrentDropoutMask } = options
    const initialState = hidden && memory && ([hidden, memory] as const)
    return { ...weightsOf(cell), initialState, dropoutMask, recurrentDropoutMask }
  }
  return {
    run(x, cell, options) {
      const { kernel, recurrentKernel, bias = null, ...direction } = directionOf(cell, options)
      const { output, lastHidden, lastCell } = lstm(x, kernel, recurrentKernel, bias, { ...options, ...direction })
      return { output, states: [lastHidden, lastCell] }
    },
    runBothWays: (x, [forward, backward], [ahead, back]) =>
      bidirectionalLstm(x, directionOf(forward, ahead), directionOf(backward, back), ahead),
    step(cell, activations, batch) {
      const weights = weightsOf(cell)
      const [hidden, memory] = [new Float32Array(batch * cell.units), new Float32Array(batch * cell.units)]
      return {
        states: [hidden, memory],
        run(x) {
          lstmStep(x, weights, hidden, memory, activations)
          return hidden
        },
      }
    },
  }
}

const op = lstmOp<LSTMCell>(readWeights)

/**
 * Long short-term memory over a sequence.
 *
 * Shapes: [B, T, D] → [B, U], or [B, T, U] with `returnSequences`; with `returnState` also the last hidden and cell state [B, U].
 * Past the end of a masked row its last output repeats and its state stays.
 * @see Hochreiter and Schmidhuber 1997; Gers et al. 2000 for the forget gate.
 */
export class LSTM extends Recurrent<LSTMCell> {
  static override className = 'LSTM'

  constructor(args: tfl.LSTMLayerArgs) {
    super(args, new StockLSTMCell(lstmCellArgs(args)), op)
  }
}
