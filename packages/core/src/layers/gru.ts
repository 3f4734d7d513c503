/**
 * Keras's GRU on the fused kernel, with Keras's defaults where TensorFlow.js has others (reset after the product, sigmoid gates, Glorot
 * uniform kernel), saved under the same name and with Keras's weights: gates z, r, h, and two biases with `resetAfter`. TensorFlow.js
 * refuses `resetAfter`, so such a layer has a cell of ours; it opens a saved model with `resetAfter` false.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { GRUCell } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import { gru } from '@weft/kernels'
import { Recurrent, type SequenceOp } from './recurrent.js'
import { cellArgs, drawMask, readWeights } from './recurrent-cell.js'
import { classOf, type Tensors } from './stock.js'

export interface GRULayerArgs extends tfl.GRULayerArgs {
  /** Whether the reset gate applies after the product with the recurrent weights (default) or before it. */
  resetAfter?: boolean
}

const ResetBeforeCell = classOf<typeof GRUCell>(tfl.layers.gruCell({ units: 1, name: 'stock' }))

/**
 * The cell with the reset after the product. Its step, in TensorFlow.js's ops, runs where the kernel lacks an activation.
 */
class ResetAfterCell extends ResetBeforeCell {
  protected override addWeight(...[name, shape, ...rest]: Parameters<GRUCell['addWeight']>) {
    return super.addWeight(name, name === 'bias' ? [2, ...shape] : shape, ...rest)
  }

  override call(inputs: Tensors, options: { training?: boolean }): tf.Tensor[] {
    return tf.tidy(() => {
      const [x, h] = Array.isArray(inputs) ? inputs : [inputs]
      if (!x || !h) throw new Error('running a GRU cell: expected an input and a state')
      const training = options.training === true
      const input = this.#dropped(x, 'dropoutMask', training ? this.dropout : 0)
      const hidden = this.#dropped(h, 'recurrentDropoutMask', training ? this.recurrentDropout : 0)
      const [z, r, candidate] = tf.split(this.#product(input, this.kernel.read(), 0), 3, -1)
      const [hiddenZ, hiddenR, hiddenCandidate] = tf.split(this.#product(hidden, this.recurrentKernel.read(), 1), 3, -1)
      if (!z || !r || !candidate || !hiddenZ || !hiddenR || !hiddenCandidate)
        throw new Error('running a GRU cell: expected three gates')
      const update = this.recurrentActivation.apply(tf.add(z, hiddenZ))
      const reset = this.recurrentActivation.apply(tf.add(r, hiddenR))
      const proposed = this.activation.apply(tf.add(candidate, tf.mul(reset, hiddenCandidate)))
      const next = tf.add(proposed, tf.mul(update, tf.sub(h, proposed)))
      return [next, next]
    })
  }

  #product(x: tf.Tensor, weights: tf.Tensor, which: number): tf.Tensor {
    const product = tf.matMul(x, weights)
    return this.useBias ? tf.add(product, tf.gather(this.bias.read(), which)) : product
  }

  /** One draw for all steps: the layer clears these fields before each sequence. */
  #dropped(x: tf.Tensor, field: 'dropoutMask' | 'recurrentDropoutMask', rate: number): tf.Tensor {
    if (rate <= 0 || rate >= 1) return x
    this[field] ??= tf.keep(drawMask(x.shape, rate))
    return tf.mul(x, [this[field]].flat()[0] ?? 1)
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), resetAfter: true }
  }
}

const gruOp: SequenceOp<GRUCell> = {
  run(x, cell, { initialState, ...options }) {
    const { kernel, recurrentKernel, bias = null } = readWeights(cell)
    const { output, lastHidden } = gru(x, kernel, recurrentKernel, bias, {
      ...options,
      resetAfter: cell instanceof ResetAfterCell,
      initialState: initialState?.[0],
    })
    return { output, states: [lastHidden] }
  },
}

/**
 * Gated recurrent unit over a sequence.
 *
 * Shapes: [B, T, D] → [B, U], or [B, T, U] with `returnSequences`; with `returnState` also the last h [B, U].
 * Past the end of a masked row its last output repeats and its state stays.
 * @see Cho et al. 2014, arXiv:1406.1078.
 */
export class GRU extends Recurrent<GRUCell> {
  static override className = 'GRU'
  readonly resetAfter: boolean

  constructor({ resetAfter = true, ...args }: GRULayerArgs) {
    const Cell = resetAfter ? ResetAfterCell : ResetBeforeCell
    const recurrentActivation = args.recurrentActivation ?? 'sigmoid'
    super(args, new Cell(cellArgs({ ...args, recurrentActivation, implementation: 2 })), gruOp)
    this.resetAfter = resetAfter
  }
}
