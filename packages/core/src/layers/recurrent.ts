/**
 * The layer behind LSTM, GRU and their kin: TensorFlow.js's RNN around a cell, given the op that runs the cell's whole sequence in one
 * kernel instead of a loop over its steps. A layer of this family is a cell, a `SequenceOp` and a constructor that hands both over;
 * states, masks, dropout and direction are handled here. Where the kernel lacks an activation, TensorFlow.js's loop over the cell's
 * steps runs. Weights, configuration and what is saved come from the cell.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { RNN, RNNLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import { expected } from '../errors.js'
import type { LayerStep } from './layer-step.js'
import { maskOf } from './masks.js'
import { dropoutIn, type KernelActivations, kernelActivations, type RecurrentCell } from './recurrent-cell.js'
import { type CallOptions, classOf, type Shapes, single, type Tensors } from './stock.js'

/** How one direction of a layer runs. */
export interface SequenceOptions extends KernelActivations {
  returnSequences: boolean
  goBackwards: boolean
  /** One tensor [B, U] for each state of the cell; zeros by default. */
  initialState?: readonly tf.Tensor[] | undefined
  /** [B, T]; every step is real by default. */
  mask?: tf.Tensor | undefined
  /** [B, D]; none by default. */
  dropoutMask?: tf.Tensor | undefined
  /** [B, U]; none by default. */
  recurrentDropoutMask?: tf.Tensor | undefined
}

/** Outputs stay aligned with the input's steps, whichever way the layer runs. */
export interface SequenceResult {
  /** [B, T, U] or [B, U] */
  output: tf.Tensor
  /** Last states, each [B, U], in the cell's order. */
  states: tf.Tensor[]
}

export interface BothWaysResult {
  /** [B, T, 2U] or [B, 2U]: the forward direction's outputs, then the backward one's. */
  output: tf.Tensor
  /** Last states of each direction. */
  states: [tf.Tensor[], tf.Tensor[]]
}

/** How the sequence of a cell runs in one kernel: what tells one recurrent layer from another. */
export interface SequenceOp<Cell extends RecurrentCell = RecurrentCell> {
  /** Whether the cell has no step in TensorFlow.js's ops, so that only the kernel's activations run. Default false. */
  readonly kernelOnly?: boolean
  /** Shapes: x [B, T, D]. */
  run(x: tf.Tensor, cell: Cell, options: SequenceOptions): SequenceResult
  /** The forward and the backward direction in one call. Default: one after the other. */
  runBothWays?(
    x: tf.Tensor,
    cells: readonly [Cell, Cell],
    options: readonly [SequenceOptions, SequenceOptions],
  ): BothWaysResult
  /** One time step of `batch` sequences, from zeros, without making tensors. Default: `run` on a sequence of one step. */
  step?(cell: Cell, activations: KernelActivations, batch: number): LayerStep
}

const Base = classOf<typeof RNN>(
  tfl.layers.rnn({ cell: tfl.layers.simpleRNNCell({ units: 1, name: 'stock' }), name: 'stock' }),
)

type LayerArgs = Omit<RNNLayerArgs, 'cell'>

/**
 * A recurrent layer. Subclasses are final: a class name and a constructor.
 *
 * Shapes: [B, T, D] → [B, U], or [B, T, U] with `returnSequences`; with `returnState` also the cell's last states [B, U].
 * Past the end of a masked row its last output repeats and its state stays.
 */
export abstract class Recurrent<Cell extends RecurrentCell = RecurrentCell> extends Base {
  declare readonly cell: Cell
  readonly #op: SequenceOp<Cell>

  constructor(args: LayerArgs, cell: Cell, op: SequenceOp<Cell>) {
    super({ ...args, cell })
    this.#op = op
  }

  // RNN's own reads a cell from the configuration; these layers make theirs.
  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(config)
  }

  // TensorFlow.js leaves behind the tensors that it joins weights from; variables outlive a tidy.
  override build(shapes: Shapes): void {
    tf.tidy(() => super.build(shapes))
  }

  // TensorFlow.js keeps regularisers in the cell and never asks for them.
  override get losses() {
    return this.cell?.losses ?? []
  }

  // TensorFlow.js writes the initial state into options that it shares with the layers that run later.
  override apply(...[inputs, options]: Parameters<RNN['apply']>): ReturnType<RNN['apply']> {
    const own = { ...options }
    const output = super.apply(inputs, own)
    // A symbolic initial state is among the layer's inputs; left here, saving would warn that it cannot be written.
    delete own['initialState']
    return output
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const x = single(inputs)
    if (!this.isFused()) return this.#loop(x, options)
    return tf.tidy(() => {
      const { output, states } = this.run(x, options)
      const inOrder = this.returnSequences && this.goBackwards ? tf.reverse(output, 1) : output
      return this.returnState ? [inOrder, ...states] : inOrder
    })
  }

  /** Whether the kernel has the cell's activations. */
  isFused(): boolean {
    return kernelActivations(this.cell) !== undefined
  }

  /** Runs the kernel over the sequence; unlike `call`, a backward layer's outputs are not reversed. */
  run(x: tf.Tensor, options: CallOptions): SequenceResult {
    const result = this.#op.run(x, this.cell, this.#sequenceOptions(x, options))
    this.#keep(result.states, options)
    return result
  }

  /** Runs this layer and one that goes the other way over the same input. */
  runBothWays(x: tf.Tensor, backward: Recurrent, options: CallOptions, back: CallOptions): BothWaysResult {
    if (!this.#op.runBothWays || !this.#sharesOp(backward)) {
      const [ahead, behind] = [this.run(x, options), backward.run(x, back)]
      return { output: tf.concat([ahead.output, behind.output], -1), states: [ahead.states, behind.states] }
    }
    const both = [this.#sequenceOptions(x, options), backward.#sequenceOptions(x, back)] as const
    const result = this.#op.runBothWays(x, [this.cell, backward.cell], both)
    this.#keep(result.states[0], options)
    backward.#keep(result.states[1], back)
    return result
  }

  /**
   * Runs this layer one time step at a time, apart from its own states: the step's state starts at zeros and lives in `states`.
   *
   * Shapes: x [B, D] → [B, U], the same array at every call.
   */
  statefulStep(batch = 1): LayerStep {
    return this.#op.step?.(this.cell, this.#activations(), batch) ?? this.#sequenceStep(batch)
  }

  /** A sequence of one step, its state kept beside it. */
  #sequenceStep(batch: number): LayerStep {
    const sizes = [this.cell.stateSize].flat()
    const states = sizes.map((size) => new Float32Array(batch * size))
    const hidden = states[0] ?? new Float32Array(0)
    return {
      states,
      run: (x) =>
        tf.tidy(() => {
          const result = this.#op.run(tf.tensor3d(x.slice(), [batch, 1, x.length / batch]), this.cell, {
            ...this.#activations(),
            ...{ returnSequences: false, goBackwards: false },
            initialState: states.map((state) => tf.tensor2d(state.slice(), [batch, state.length / batch])),
          })
          result.states.forEach((state, i) => states[i]?.set(state.dataSync()))
          return hidden
        }),
    }
  }

  /** TensorFlow.js's loop over the cell's steps. */
  #loop(x: tf.Tensor, options: CallOptions): Tensors {
    if (this.#op.kernelOnly)
      throw expected({
        doing: `running layer ${this.name}`,
        want: 'tanh, relu or linear, and sigmoid or hardSigmoid,',
        of: 'activation and recurrentActivation',
        got: 'another',
      })
    const { cell } = this
    // The cell draws its dropout once and keeps it until it is cleared: once for each sequence.
    tf.dispose([cell.dropoutMask, cell.recurrentDropoutMask])
    Object.assign(cell, { dropoutMask: null, recurrentDropoutMask: null })
    return super.call(x, { ...options, mask: maskOf(this.name, x, options.mask) })
  }

  #activations(): KernelActivations {
    const activations = kernelActivations(this.cell)
    if (!activations) throw new Error(`running layer ${this.name}: expected activations that the kernel has`)
    return activations
  }

  #sequenceOptions(x: tf.Tensor, { initialState, mask, training }: CallOptions): SequenceOptions {
    const { dropout, recurrentDropout, units } = this.cell
    const [batch = 0, , features = 0] = x.shape
    return {
      ...this.#activations(),
      returnSequences: this.returnSequences,
      goBackwards: this.goBackwards,
      initialState: initialStateOf(this, initialState),
      mask: maskOf(this.name, x, mask) ?? undefined,
      dropoutMask: dropoutIn(training, [batch, features], dropout),
      recurrentDropoutMask: dropoutIn(training, [batch, units], recurrentDropout),
    }
  }

  /** Keeps the last states for the next call when the layer is stateful. */
  #keep(states: tf.Tensor[], { training }: CallOptions): void {
    if (this.stateful) this.resetStates(states, training === true)
  }

  #sharesOp(other: Recurrent): other is Recurrent<Cell> {
    return other.#op === this.#op
  }
}

/** The state that a layer begins with: `initialState`, its own when it is stateful, else none. */
export function initialStateOf(
  layer: Pick<RNN, 'name' | 'stateful' | 'states'>,
  initialState: unknown,
): tf.Tensor[] | undefined {
  const state: unknown = initialState ?? (layer.stateful ? layer.states : undefined)
  if (state === undefined) return undefined
  const list: unknown[] = Array.isArray(state) ? state : [state]
  const tensors = list.filter((item) => item instanceof tf.Tensor)
  const count = layer.states.length
  if (tensors.length === count && list.length === count) return tensors
  const want = count === 1 ? '1 tensor' : `${count} tensors`
  throw new Error(`running layer ${layer.name}: expected ${want} for initialState, received ${list.length}`)
}
