/**
 * Convolution and recurrence side by side (CNN‖LSTM): one branch sees the image as space, the other reads it as a sequence; their two
 * vectors are joined, gated or weighted, and a head follows. All three fusions are made of layers that TensorFlow.js has.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { registerLayers } from '../layers/register.js'
import {
  bottleneck,
  classify,
  type ConvolutionBlock,
  convolve,
  type Head,
  type ImagePooling,
  imageVector,
  type ModelOptions,
  type RecurrentStack,
  recurToVector,
  type TimePooling,
  type Walk,
  walkImage,
  weightsOf,
} from './blocks.js'
import { fuse, type Fusion } from './fusion.js'

export interface ParallelOptions extends ModelOptions {
  /** [H, W, C] */
  inputShape: [number, number, number]
  /** Of the convolutional branch; `pool` is [rows, columns]. */
  convolutions: readonly ConvolutionBlock[]
  /** From the convolutions to a vector. Default 'average'. */
  imagePooling?: ImagePooling
  /** Units of a relu layer that ends the convolutional branch. Default 0, none. */
  denseUnits?: number
  /** How the recurrent branch reads the image. Default 'rows'. */
  walk?: Walk
  /** Pixels that make a step of the Hilbert walk. Default W. */
  stepPixels?: number
  recurrent: RecurrentStack
  /** From the recurrent branch's steps to a vector. Default 'last'. */
  pooling?: TimePooling
  /** Default 'concat'. */
  fusion?: Fusion
  /** Size to which 'gated' and 'attention' bring both branches' vectors. Default: the smaller one's. */
  fusionUnits?: number
  head: Head
}

/** Shapes: [B, H, W, C] → [B, units]. */
export function buildParallel(options: ParallelOptions): tfl.LayersModel {
  registerLayers()
  const { imagePooling = 'average', walk = 'rows', pooling = 'last', fusion = 'concat' } = options
  const weights = weightsOf(options)
  const input = tfl.input({ shape: options.inputShape, name: 'input' })

  const image = imageVector(convolve(input, options.convolutions, weights), imagePooling, 'building a parallel network')
  const space = bottleneck(image, options.denseUnits, weights)
  const sequence = recurToVector(walkImage(input, walk, options.stepPixels), options.recurrent, pooling, weights)

  const output = classify(fuse(space, sequence, fusion, options.fusionUnits, weights), options.head, weights)
  return tfl.model({ inputs: input, outputs: output, name: options.name ?? 'parallel' })
}
