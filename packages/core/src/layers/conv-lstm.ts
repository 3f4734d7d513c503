/**
 * Keras's ConvLSTM2D on the fused kernel: one op for the whole sequence of images instead of some 30 for every step. A subclass of
 * TensorFlow.js's layer, with Keras's defaults where the two differ (sigmoid gates, Glorot uniform kernel, forget bias 1), saved
 * under its name and with its weights, gates in the order i, f, c, o. Peepholes are an option of ours and a weight more.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type {
  ConvLSTM2D as StockConvLSTM2D,
  ConvLSTM2DArgs as StockConvLSTM2DArgs,
  ConvLSTM2DCell,
} from '@tensorflow/tfjs-layers/dist/layers/convolutional_recurrent.js'
import { convLstm2d } from '@weft/kernels'
import { expected } from '../errors.js'
import { maskOf } from './masks.js'
import { initialStateOf } from './recurrent.js'
import { dropoutIn, kernelActivations, lstmCellArgs } from './recurrent-cell.js'
import { type CallOptions, classOf, single, singleShape, type Tensors } from './stock.js'

export interface ConvLSTM2DArgs extends StockConvLSTM2DArgs {
  /** Whether the gates see the cell, through weights [H', W', 3F] for i, f and o. Default false, which is Keras's layer. */
  peepholes?: boolean
}

const Base = classOf<typeof StockConvLSTM2D>(tfl.layers.convLstm2d({ filters: 1, kernelSize: 1, name: 'stock' }))

/**
 * Convolutional LSTM over a sequence of images.
 *
 * Shapes: [B, T, H, W, C] → [B, H', W', F], or [B, T, H', W', F] with `returnSequences`; with `returnState` also the last hidden and
 * cell state [B, H', W', F]. Past the end of a masked row its last output repeats and its state stays.
 * @see Shi et al. 2015, arXiv:1506.04214, equation 3.
 */
export class ConvLSTM2D extends Base {
  static override className = 'ConvLSTM2D'
  readonly #peepholes: boolean
  #peepholeKernel: tfl.LayerVariable | undefined

  constructor({ peepholes = false, ...args }: ConvLSTM2DArgs) {
    super(lstmCellArgs(args))
    this.#peepholes = peepholes
    if (peepholes && !this.#fused())
      throw expected({ doing: `making layer ${this.name}`, want: 'channels last, and activations that the fused op has,', of: 'peepholes', got: 'others' }) // prettier-ignore
  }

  // TensorFlow.js leaves over what the forget gate's bias is joined from; variables outlive a tidy.
  override build(...shapes: Parameters<StockConvLSTM2D['build']>): void {
    tf.tidy(() => super.build(...shapes))
    if (!this.#peepholes) return
    const [, , height, width] = this.computeSingleOutputShape(singleShape(shapes[0]))
    if (!height || !width)
      throw expected({ doing: `building layer ${this.name}`, want: 'a known height and width', of: 'the input of peepholes', got: singleShape(shapes[0]) }) // prettier-ignore
    const zeros = tfl.initializers.zeros()
    this.#peepholeKernel = this.addWeight(
      'peephole_kernel',
      [height, width, 3 * this.#cell().filters],
      'float32',
      zeros,
    )
  }

  // TensorFlow.js takes the weights from the cell alone.
  override get trainableWeights() {
    return this.trainable && this.#peepholeKernel
      ? [...super.trainableWeights, this.#peepholeKernel]
      : super.trainableWeights
  }

  override get nonTrainableWeights() {
    return !this.trainable && this.#peepholeKernel
      ? [...super.nonTrainableWeights, this.#peepholeKernel]
      : super.nonTrainableWeights
  }

  // TensorFlow.js keeps regularisers in the cell and never asks for them.
  override get losses() {
    return this.cell?.losses ?? []
  }

  override computeOutputShape(shapes: Parameters<StockConvLSTM2D['computeOutputShape']>[0]) {
    return super.computeOutputShape(singleShape(shapes))
  }

  // TensorFlow.js writes the initial state into options that it shares with the layers that run later.
  override apply(...[inputs, options]: Parameters<StockConvLSTM2D['apply']>): ReturnType<StockConvLSTM2D['apply']> {
    return super.apply(inputs, { ...options })
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    const fused = this.#fused()
    if (!fused) return super.call(x, { ...options, mask: maskOf(this.name, x, options.mask) })
    return tf.tidy(() => {
      const cell = this.#cell()
      const training = options.training === true
      const [batch = 0, , ...image] = x.shape
      const [, , ...state] = this.computeSingleOutputShape(x.shape)
      const [hidden, memory] = initialStateOf(this, options.initialState) ?? []
      const { output, lastHidden, lastCell } = convLstm2d(
        x,
        cell.kernel.read(),
        cell.recurrentKernel.read(),
        cell.useBias ? cell.bias.read() : null,
        {
          ...fused,
          strides: pair(cell.strides),
          dilations: pair(cell.dilationRate),
          returnSequences: this.returnSequences,
          goBackwards: this.goBackwards,
          initialState: hidden && memory && [hidden, memory],
          mask: maskOf(this.name, x, options.mask) ?? undefined,
          peepholes: this.#peepholeKernel?.read(),
          dropoutMask: dropoutIn(training, [batch, ...image], cell.dropout),
          recurrentDropoutMask: dropoutIn(training, [batch, ...state.map(Number)], cell.recurrentDropout),
        },
      )
      if (this.stateful) this.resetStates([lastHidden, lastCell], training)
      const inOrder = this.returnSequences && this.goBackwards ? tf.reverse(output, 1) : output
      return this.returnState ? [inOrder, lastHidden, lastCell] : inOrder
    })
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...(this.#peepholes && { peepholes: true }) }
  }

  #cell(): ConvLSTM2DCell {
    return this.cell as ConvLSTM2DCell
  }

  /** What the fused op takes of this layer's options; otherwise TensorFlow.js's loop over the steps runs. */
  #fused() {
    const cell = this.#cell()
    const activations = kernelActivations(cell)
    const { padding: pad, dataFormat } = cell
    if (!activations || pad === 'causal' || dataFormat !== 'channelsLast') return undefined
    return { ...activations, pad }
  }
}

const pair = ([rows = 1, columns = rows]: readonly number[]): [number, number] => [rows, columns]
