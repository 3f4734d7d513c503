/**
 * An LSTM whose gates also see the cell. A layer of our own: Keras has none, so a model with it opens only where our layers are
 * registered. Everything but the peepholes is LSTM's, in one direction or inside Bidirectional.
 */
import * as tfl from '@tensorflow/tfjs-layers'
import type { LSTMCell } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import type { LstmStepWeights } from '@weft/kernels'
import { expected } from '../errors.js'
import { LSTM } from './lstm.js'
import { type CallOptions, classOf, type LayerClass, type Shapes, type Tensors } from './stock.js'

const StockCell = classOf<LayerClass<tfl.LSTMCellLayerArgs, LSTMCell>>(tfl.layers.lstmCell({ units: 1, name: 'stock' }))

/** LSTM's weights and after them `peepholes` [3, U], for the gates i, f and o, zeros at first: the layer starts as an LSTM. */
class PeepholeLSTMCell extends StockCell {
  static override className = 'PeepholeLSTMCell'
  peepholes: tfl.LayerVariable | undefined

  override build(inputShape: Shapes): void {
    super.build(inputShape)
    this.peepholes = this.addWeight('peepholes', [3, this.units], 'float32', tfl.initializers.zeros())
  }
}

/**
 * Long short-term memory with peepholes: `i` and `f` see the cell before the step, `o` the cell after it.
 *
 * Shapes and options: those of LSTM; the activations must be ones that the fused op has.
 * @see Gers and Schmidhuber 2000, "Recurrent nets that time and count".
 */
export class PeepholeLSTM extends LSTM {
  static override className = 'PeepholeLSTM'
  declare cell: PeepholeLSTMCell

  constructor(args: tfl.LSTMLayerArgs) {
    super(args)
    this.cell = PeepholeLSTMCell.fromConfig<PeepholeLSTMCell>(PeepholeLSTMCell, this.cell.getConfig())
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    if (!this.isFused())
      throw expected({
        doing: `running layer ${this.name}`,
        want: 'tanh, relu or linear, and sigmoid or hardSigmoid,',
        of: 'activation and recurrentActivation',
        got: 'another',
      })
    return super.call(inputs, options)
  }

  protected override weightTensors(): LstmStepWeights {
    const { peepholes } = this.cell
    if (!peepholes) throw new Error(`running layer ${this.name}: expected it to have been built`)
    return { ...super.weightTensors(), peepholes: peepholes.read() }
  }
}
