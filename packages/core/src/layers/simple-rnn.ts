/**
 * Keras's SimpleRNN on the fused kernel. A subclass of TensorFlow.js's layer, with Keras's default where the two differ (Glorot uniform
 * kernel), saved under its name and with its weights.
 */
import * as tfl from '@tensorflow/tfjs-layers'
import type { SimpleRNNCell } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import { simpleRnn } from '@weft/kernels'
import { cellActivation, fusedRecurrent, recurrentArgs, type SequenceOp, type StockRecurrent } from './recurrent.js'
import { classOf, type LayerClass } from './stock.js'

type StockSimpleRNN = StockRecurrent & { cell: SimpleRNNCell }

const Base = fusedRecurrent(
  classOf<LayerClass<tfl.SimpleRNNLayerArgs, StockSimpleRNN>>(tfl.layers.simpleRNN({ units: 1, name: 'stock' })),
)

/**
 * `h_t = φ(x_t W + h_{t-1} U + b)` over a sequence.
 *
 * Shapes: [B, T, D] → [B, U], or [B, T, U] with `returnSequences`; with `returnState` also the last h [B, U].
 * Past the end of a masked row its last output repeats and its state stays.
 * @see Elman 1990.
 */
export class SimpleRNN extends Base {
  static override className = 'SimpleRNN'
  declare cell: SimpleRNNCell

  constructor(args: tfl.SimpleRNNLayerArgs) {
    super(recurrentArgs(args))
  }

  override sequenceOp(): SequenceOp | undefined {
    const { kernel, recurrentKernel, bias, useBias } = this.cell
    const activation = cellActivation(this.cell.activation)
    if (!activation) return undefined
    return (x, { initialState, ...options }) => {
      const weights = [kernel.read(), recurrentKernel.read(), useBias ? bias.read() : null] as const
      const { output, lastHidden } = simpleRnn(x, ...weights, {
        ...options,
        activation,
        initialState: initialState?.[0],
      })
      return { output, states: [lastHidden] }
    }
  }
}
