/**
 * An LSTM whose gates also see the cell. A layer of our own: Keras has none, so a model with it opens only where our layers are
 * registered. Everything but the peepholes is LSTM's, in one direction or inside Bidirectional.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { lstmOp, StockLSTMCell } from './lstm.js'
import { Recurrent, type SequenceOp } from './recurrent.js'
import { lstmCellArgs, readWeights } from './recurrent-cell.js'
import type { Shapes } from './stock.js'

/** LSTM's weights and after them `peepholes` [3, U], for the gates i, f and o, zeros at first: the layer starts as an LSTM. */
class PeepholeLSTMCell extends StockLSTMCell {
  static override className = 'PeepholeLSTMCell'
  peepholes: tfl.LayerVariable | undefined

  override build(inputShape: Shapes): void {
    super.build(inputShape)
    this.peepholes = this.addWeight('peepholes', [3, this.units], 'float32', tfl.initializers.zeros())
  }
}

const op: SequenceOp<PeepholeLSTMCell> = {
  ...lstmOp((cell) => ({ ...readWeights(cell), peepholes: cell.peepholes?.read() })),
  kernelOnly: true,
}

/**
 * Long short-term memory with peepholes: `i` and `f` see the cell before the step, `o` the cell after it.
 *
 * Shapes and options: those of LSTM; the activations must be ones that the kernel has.
 * @see Gers and Schmidhuber 2000, "Recurrent nets that time and count".
 */
export class PeepholeLSTM extends Recurrent<PeepholeLSTMCell> {
  static override className = 'PeepholeLSTM'

  constructor(args: tfl.LSTMLayerArgs) {
    super(args, new PeepholeLSTMCell(lstmCellArgs(args)), op)
  }
}
