/**
 * Keras's Bidirectional. With one of our recurrent layers inside, both directions read the input as it is and give aligned outputs side
 * by side, so nothing is reversed, and an LSTM runs both in one op; with any other layer TensorFlow.js's own way runs. Weights, their
 * names and what is saved are TensorFlow.js's.
 */
import * as tf from '@weft/kernels/tfjs-core'
import * as tfl from '@weft/core/tfjs-layers'
import type { BidirectionalLayerArgs } from '@tensorflow/tfjs-layers/dist/layers/wrappers.js'
import { hash } from '../runtime/random.js'
import { LayerNormLSTM } from './layer-norm-lstm.js'
import { Recurrent } from './recurrent.js'
import { type CallOptions, classOf, type LayerClass, single, type Tensors } from './stock.js'

type MergeMode = 'sum' | 'mul' | 'concat' | 'ave'

export interface BidirectionalArgs extends Omit<BidirectionalLayerArgs, 'mergeMode'> {
  /** Default 'concat'; null returns the two directions' outputs apart. */
  mergeMode?: MergeMode | null
}

interface StockBidirectional extends tfl.layers.Layer {
  forwardLayer: tfl.layers.Layer
  backwardLayer: tfl.layers.Layer
  mergeMode: MergeMode | null
  returnState: boolean
}

const Base = classOf<LayerClass<BidirectionalArgs, StockBidirectional>>(
  tfl.layers.bidirectional({ layer: tfl.layers.lstm({ units: 1, name: 'stock' }), name: 'stock' }),
)

/**
 * Runs a recurrent layer forward and backward in time and merges the outputs.
 *
 * Shapes: [B, T, D] → [B, 2U] or [B, T, 2U] when concatenated, U otherwise; two tensors for `mergeMode` null.
 * @see Schuster and Paliwal 1997.
 */
export class Bidirectional extends Base {
  static override className = 'Bidirectional'

  constructor(args: BidirectionalArgs) {
    super(args)
    // Both directions of a LayerNormLSTM start from the same seeds, as TensorFlow.js makes them: others would change what a seed gives.
    if (args.layer instanceof Recurrent && !(args.layer instanceof LayerNormLSTM)) {
      this.forwardLayer = direction(args.layer, 'forward')
      this.backwardLayer = direction(args.layer, 'backward')
    }
    // TensorFlow.js forgets it, so that a frozen layer thaws when it is loaded.
    this.trainable = args.trainable ?? true
  }

  // TensorFlow.js asks the layer that it only copies, whose list stays empty.
  override get losses() {
    return [...(this.forwardLayer?.losses ?? []), ...(this.backwardLayer?.losses ?? [])]
  }

  override apply(
    ...[inputs, options]: Parameters<StockBidirectional['apply']>
  ): ReturnType<StockBidirectional['apply']> {
    return super.apply(inputs, { ...options })
  }

  override call(inputs: Tensors, options: CallOptions = {}): Tensors {
    const { forwardLayer: forward, backwardLayer: backward, mergeMode } = this
    if (
      !(forward instanceof Recurrent) ||
      !(backward instanceof Recurrent) ||
      !forward.isFused() ||
      forward.goBackwards
    )
      return super.call(inputs, { ...options })
    return tf.tidy(() => {
      const x = single(inputs)
      const states: unknown[] | undefined = Array.isArray(options.initialState) ? options.initialState : undefined
      const half = (states?.length ?? 0) / 2
      const ahead = { ...options, initialState: states?.slice(0, half) }
      const back = { ...options, initialState: states?.slice(half) }
      const result = forward.runBothWays(x, backward, ahead, back)
      const merged = merge(result.output, mergeMode)
      if (this.returnState) return [...merged, ...result.states.flat()]
      return mergeMode === null ? merged : (merged[0] ?? [])
    })
  }
}

/**
 * A copy of `layer` for one direction, named as TensorFlow.js names it. The backward one draws its initial weights from other seeds,
 * lest both directions start the same; a saved model holds one configuration for both, so the seeds are derived again on loading.
 */
function direction(layer: Recurrent, way: 'forward' | 'backward'): Recurrent {
  const config = layer.getConfig()
  config.name = `${way}_${layer.name}`
  if (way === 'backward') {
    config.goBackwards = !layer.goBackwards
    for (const value of Object.values(config)) reseed(value)
  }
  const own = classOf<LayerClass<tf.serialization.ConfigDict, Recurrent>>(layer)
  return own.fromConfig<Recurrent>(own, config)
}

/** Changes the seed in the saved form of an initialiser. */
function reseed(saved: tf.serialization.ConfigDictValue | undefined): void {
  if (saved === null || typeof saved !== 'object' || Array.isArray(saved)) return
  const { config } = saved as tf.serialization.ConfigDict
  if (config === null || typeof config !== 'object' || Array.isArray(config)) return
  const seeded = config as tf.serialization.ConfigDict
  if (typeof seeded.seed === 'number') seeded.seed = hash(seeded.seed, 'backward') >>> 1
}

/** The outputs of both directions, side by side along the last axis, merged. */
function merge(output: tf.Tensor, mode: MergeMode | null): tf.Tensor[] {
  if (mode === 'concat') return [output]
  const halves = tf.split(output, 2, -1)
  const [a, b] = halves
  if (mode === null || !a || !b) return halves
  switch (mode) {
    case 'sum':
      return [tf.add(a, b)]
    case 'mul':
      return [tf.mul(a, b)]
    case 'ave':
      return [tf.mul(tf.add(a, b), 0.5)]
  }
}
