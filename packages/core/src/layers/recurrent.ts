/**
 * What our recurrent layers share: they are TensorFlow.js's layers with one fused op for the whole sequence instead of a loop over
 * its steps, whenever the op has the layer's activations. A layer gives its op and its weights; states, masks, dropout and direction
 * are seen to here. Weights, configuration and what is saved are TensorFlow.js's.
 */
import * as tf from '@tensorflow/tfjs-core'
import type * as tfl from '@tensorflow/tfjs-layers'
import type { Activation } from '@tensorflow/tfjs-layers/dist/activations.js'
import type { RNNCell, SimpleRNNCell } from '@tensorflow/tfjs-layers/dist/layers/recurrent.js'
import { dropoutMask } from '@weft/kernels'
import { nextLayerSeed } from '../runtime/random.js'
import { ownInitializer } from './initializers.js'
import { maskOf } from './masks.js'
import { type CallOptions, type LayerClass, type Shapes, single, type Tensors } from './stock.js'

/** TensorFlow.js's RNN; its cell holds weights, sizes and rates. */
export type StockRecurrent = tfl.RNN & { cell: RNNCell & Pick<SimpleRNNCell, 'units' | 'dropout' | 'recurrentDropout'> }

export interface SequenceOptions {
  returnSequences: boolean
  goBackwards: boolean
  initialState?: readonly tf.Tensor[]
  mask?: tf.Tensor
  dropoutMask?: tf.Tensor
  recurrentDropoutMask?: tf.Tensor
}

/** What a fused op gives: outputs stay aligned with the input's steps, whichever way the layer runs. */
export interface SequenceResult {
  output: tf.Tensor
  /** Last states, each [B, U], in the layer's order. */
  states: tf.Tensor[]
}

/** What both directions give: the outputs side by side, and the last states of each. */
export interface BothWaysResult {
  output: tf.Tensor
  states: [tf.Tensor[], tf.Tensor[]]
}

/** A fused op with a layer's weights. */
export type SequenceOp = (x: tf.Tensor, options: SequenceOptions) => SequenceResult

export type FusedRecurrent = StockRecurrent & {
  /** The fused op with this layer's weights; undefined when it lacks an activation, so that TensorFlow.js's loop runs. */
  sequenceOp(): SequenceOp | undefined
  isFused(): boolean
  call(inputs: Tensors, options?: CallOptions): Tensors
  /** Runs the sequence; unlike `call`, a backward layer's outputs are not turned round. */
  run(x: tf.Tensor, options: CallOptions): SequenceResult
  /** Runs this layer and one that goes the other way over the same input. */
  runBothWays(x: tf.Tensor, backward: FusedRecurrent, options: CallOptions, back: CallOptions): BothWaysResult
  sequenceOptions(x: tf.Tensor, options: CallOptions): SequenceOptions
  /** Keeps the last states for the next call when the layer is stateful. */
  carry(states: tf.Tensor[], options: CallOptions): void
}

/** Whether a layer is one of ours with a fused op. */
export function isFusedRecurrent(layer: tfl.layers.Layer): layer is FusedRecurrent {
  return 'sequenceOp' in layer
}

/** TensorFlow.js's recurrent layer `Base` on a fused op, which subclasses give by overriding `sequenceOp`. */
export function fusedRecurrent<Args>(Base: LayerClass<Args, StockRecurrent>): LayerClass<Args, FusedRecurrent> {
  return class extends Base {
    sequenceOp(): SequenceOp | undefined {
      return undefined
    }

    isFused(): boolean {
      return this.sequenceOp() !== undefined
    }

    // TensorFlow.js may leave over what weights are joined from; variables outlive a tidy.
    override build(shapes: Shapes): void {
      tf.tidy(() => super.build(shapes))
    }

    // TensorFlow.js keeps regularisers in the cell and never asks for them.
    override get losses() {
      return this.cell?.losses ?? []
    }

    // TensorFlow.js writes the initial state into options that it shares with the layers that run later.
    override apply(...[inputs, options]: Parameters<StockRecurrent['apply']>): ReturnType<StockRecurrent['apply']> {
      const own = { ...options }
      const output = super.apply(inputs, own)
      // A symbolic initial state is among the layer's inputs; left here, saving would warn that it cannot be written.
      delete own['initialState']
      return output
    }

    override call(inputs: Tensors, options: CallOptions = {}): Tensors {
      const x = single(inputs)
      if (!this.isFused()) return super.call(x, { ...options, mask: maskOf(this.name, x, options.mask) })
      return tf.tidy(() => {
        const { output, states } = this.run(x, options)
        const inOrder = this.returnSequences && this.goBackwards ? tf.reverse(output, 1) : output
        return this.returnState ? [inOrder, ...states] : inOrder
      })
    }

    run(x: tf.Tensor, options: CallOptions): SequenceResult {
      const op = this.sequenceOp()
      if (!op) throw new Error(`running layer ${this.name}: expected an activation that the fused op has`)
      const result = op(x, this.sequenceOptions(x, options))
      this.carry(result.states, options)
      return result
    }

    runBothWays(x: tf.Tensor, backward: FusedRecurrent, options: CallOptions, back: CallOptions): BothWaysResult {
      const [ahead, behind] = [this.run(x, options), backward.run(x, back)]
      return { output: tf.concat([ahead.output, behind.output], -1), states: [ahead.states, behind.states] }
    }

    sequenceOptions(x: tf.Tensor, options: CallOptions): SequenceOptions {
      const { dropout, recurrentDropout, units } = this.cell
      const [batch = 0, , features = 0] = x.shape
      const drop = (rate: number, size: number) =>
        options.training === true && rate > 0 && rate < 1 ? drawMask([batch, size], rate) : undefined
      return {
        returnSequences: this.returnSequences,
        goBackwards: this.goBackwards,
        initialState: initialState(this, options.initialState),
        mask: maskOf(this.name, x, options.mask) ?? undefined,
        dropoutMask: drop(dropout, features),
        recurrentDropoutMask: drop(recurrentDropout, units),
      }
    }

    carry(states: tf.Tensor[], options: CallOptions): void {
      if (this.stateful) this.resetStates(states, options.training === true)
    }
  }
}

/** The state that a layer begins with: the one given, its own when it is stateful, else none. */
function initialState(layer: StockRecurrent, given: unknown): tf.Tensor[] | undefined {
  const state: unknown = given ?? (layer.stateful ? layer.states : undefined)
  if (state === undefined) return undefined
  const list: unknown[] = Array.isArray(state) ? state : [state]
  const tensors = list.filter((item) => item instanceof tf.Tensor)
  const wanted = layer.states.length
  if (tensors.length === wanted && list.length === wanted) return tensors
  const expected = wanted === 1 ? '1 tensor' : `${wanted} tensors`
  throw new Error(`running layer ${layer.name}: expected ${expected} for initialState, received ${list.length}`)
}

/** A layer's arguments with Keras's defaults where TensorFlow.js has others, our initialisers and our dropout. */
export function recurrentArgs<Args extends tfl.SimpleRNNLayerArgs>(args: Args): Args {
  return {
    ...args,
    kernelInitializer: ownInitializer(args.kernelInitializer ?? 'GlorotUniform'),
    recurrentInitializer: ownInitializer(args.recurrentInitializer ?? 'Orthogonal'),
    dropoutFunc: (ones: tf.Tensor, rate: number) => tf.mul(ones, drawMask(ones.shape, rate)),
  }
}

/** Dropout factors of the given shape, another draw at every call. */
export function drawMask(shape: number[], rate: number): tf.Tensor {
  return dropoutMask(shape, 1 - rate, nextLayerSeed())
}

/** The name that the fused ops have for a cell's activation φ. */
export function cellActivation(activation: Activation) {
  return (['tanh', 'relu', 'linear'] as const).find((name) => name === activation.getClassName())
}

/** The name that the fused ops have for a cell's gate activation σ. */
export function gateActivation(activation: Activation) {
  return (['sigmoid', 'hardSigmoid'] as const).find((name) => name === activation.getClassName())
}
