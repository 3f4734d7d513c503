/**
 * Sequences of images (time-lapses, slices of a volume): the same convolutional network for every frame, a vector for each, an LSTM
 * over the vectors. The frames' network is a model inside a TimeDistributed layer, which runs all frames as one batch. After
 * Donahue et al. 2015, arXiv:1411.4389.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { registerLayers } from '../layers/register.js'
import { TimeDistributed } from '../layers/time-distributed.js'
import {
  bottleneck,
  chain,
  classify,
  type ConvolutionBlock,
  convolve,
  type Head,
  type ImagePooling,
  imageVector,
  maskPadding,
  type ModelOptions,
  recur,
  type RecurrentStack,
  recurToVector,
  type TimePooling,
  weightsOf,
} from './blocks.js'

export interface FrameSequenceOptions extends ModelOptions {
  /** [T, H, W, C]; T may be null: any number of frames. */
  inputShape: [number | null, number, number, number]
  /** Of each frame; `pool` is [rows, columns]. */
  convolutions: readonly ConvolutionBlock[]
  /** From a frame's convolutions to its vector. Default 'average'. */
  imagePooling?: ImagePooling
  /** Units of a relu layer that ends each frame's network. Default 0, none. */
  denseUnits?: number
  recurrent: RecurrentStack
  /** From all frames to one vector, or 'none' for an output at every frame. Default 'last'. */
  pooling?: TimePooling | 'none'
  head: Head
  /** The value that marks padding: frames in which every pixel is this one are left out. Default: no padding. */
  padding?: number
}

const DOING = 'building a network over frames'

/** Shapes: [B, T, H, W, C] → [B, units], or [B, T, units] with pooling 'none'. */
export function buildFrameSequence(options: FrameSequenceOptions): tfl.LayersModel {
  registerLayers()
  const { padding, imagePooling = 'average', pooling = 'last' } = options
  const [, ...frameShape] = options.inputShape
  const weights = weightsOf(options)

  const frame = tfl.input({ shape: frameShape, name: 'frame' })
  const vector = imageVector(convolve(frame, options.convolutions, weights), imagePooling, DOING)
  const frameNetwork = tfl.model({
    inputs: frame,
    outputs: bottleneck(vector, options.denseUnits, weights),
    name: 'frame_cnn',
  })

  const input = tfl.input({ shape: options.inputShape, name: 'input' })
  let x = padding === undefined ? input : maskPadding(input, padding, DOING)
  x = chain(x, new TimeDistributed({ layer: frameNetwork, name: 'frames' }))
  x =
    pooling === 'none'
      ? recur(x, options.recurrent, false, weights)
      : recurToVector(x, options.recurrent, pooling, weights)
  const output = classify(x, options.head, weights)
  return tfl.model({ inputs: input, outputs: output, name: options.name ?? 'frame_sequence' })
}
