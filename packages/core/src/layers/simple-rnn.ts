/**
 * Keras's SimpleRNN on the fused kernel, with Keras's default where TensorFlow.js has another (Glorot uniform kernel), saved under the
 * same name and with the same weights.
 */
import * as tfl from '@weft/core/tfjs-layers'
import type { SimpleRNNCell } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import { simpleRnn } from '@weft/kernels'
import { Recurrent, type SequenceOp } from './recurrent.js'
import { cellArgs, readWeights } from './recurrent-cell.js'
import { classOf } from './stock.js'

const Cell = classOf<typeof SimpleRNNCell>(tfl.layers.simpleRNNCell({ units: 1, name: 'stock' }))

const simpleRnnOp: SequenceOp<SimpleRNNCell> = {
  run(x, cell, { initialState, ...options }) {
    const { kernel, recurrentKernel, bias = null } = readWeights(cell)
    const { output, lastHidden } = simpleRnn(x, kernel, recurrentKernel, bias, {
      ...options,
      initialState: initialState?.[0],
    })
    return { output, states: [lastHidden] }
  },
}

/**
 * `h_t = φ(x_t W + h_{t-1} U + b)` over a sequence.
 *
 * Shapes: [B, T, D] → [B, U], or [B, T, U] with `returnSequences`; with `returnState` also the last h [B, U].
 * Past the end of a masked row its last output repeats and its state stays.
 * @see Elman 1990.
 */
export class SimpleRNN extends Recurrent<SimpleRNNCell> {
  static override className = 'SimpleRNN'

  constructor(args: tfl.SimpleRNNLayerArgs) {
    super(args, new Cell(cellArgs(args)), simpleRnnOp)
  }
}
