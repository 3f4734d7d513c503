/**
 * Convolution and recurrence side by side (CNN‖LSTM): one branch sees the image as space, the other reads it as a sequence; their two
 * vectors are joined, gated or weighted, and a head follows. All three fusions are made of layers that TensorFlow.js has.
 */
import * as tfl from '@tensorflow/tfjs-layers'
import { Dense, Reshape } from '../layers/core.js'
import { registerLayers } from '../layers/register.js'
import {
  bottleneck,
  chain,
  classify,
  type ConvolutionBlock,
  convolve,
  type Head,
  type ImagePooling,
  imageVector,
  kernel,
  type ModelOptions,
  type RecurrentStack,
  recurToVector,
  type TimePooling,
  type Walk,
  walkImage,
  type Weights,
  weightsOf,
} from './blocks.js'

/** Side by side; `g · a + (1 - g) · b` with a gate for each feature; or the same with one learnt weight for each branch. */
export type Fusion = 'concat' | 'gated' | 'attention'

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

function fuse(
  a: tfl.SymbolicTensor,
  b: tfl.SymbolicTensor,
  fusion: Fusion,
  fusionUnits: number | undefined,
  weights: Weights,
): tfl.SymbolicTensor {
  if (fusion === 'concat') return join([a, b], tfl.layers.concatenate({ name: 'fusion' }))
  const units = fusionUnits ?? Math.min(a.shape.at(-1) ?? 1, b.shape.at(-1) ?? 1)
  const project = (x: tfl.SymbolicTensor, name: string) => chain(x, dense(name, units, 'tanh', weights))
  const projected: [tfl.SymbolicTensor, tfl.SymbolicTensor] = [project(a, 'fusion_cnn'), project(b, 'fusion_lstm')]
  if (fusion === 'attention') return attend(projected, units, weights)
  const both = join([a, b], tfl.layers.concatenate({ name: 'fusion' }))
  return gate(projected, chain(both, dense('fusion_gate', units, 'sigmoid', weights)))
}

/**
 * `g · a + (1 - g) · b`, the gated multimodal unit: `a` and `b` the branches through a tanh layer each, `g` from both branches.
 *
 * Shapes: each [B, U] → [B, U].
 * @see Arevalo et al. 2017, arXiv:1702.01992, section 3.1.
 */
function gate([a, b]: [tfl.SymbolicTensor, tfl.SymbolicTensor], g: tfl.SymbolicTensor): tfl.SymbolicTensor {
  const other = chain(g, tfl.layers.rescaling({ scale: -1, offset: 1, name: 'fusion_other_gate' }))
  return join(
    [
      join([g, a], tfl.layers.multiply({ name: 'fusion_gated_cnn' })),
      join([other, b], tfl.layers.multiply({ name: 'fusion_gated_lstm' })),
    ],
    tfl.layers.add({ name: 'fusion_sum' }),
  )
}

/**
 * The mean of both branches by weights that an additive attention gives them: `softmax(v · tanh(W x))`, x being each branch's vector.
 *
 * Shapes: each [B, U] → [B, U]; the weights, layer `fusion_weights`, [B, 2].
 * @see Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2.
 */
function attend(branches: tfl.SymbolicTensor[], units: number, weights: Weights): tfl.SymbolicTensor {
  const stacked = chain(
    join(branches, tfl.layers.concatenate({ name: 'fusion_pair' })),
    new Reshape({ targetShape: [branches.length, units], name: 'fusion_stack' }),
  )
  const scores = chain(
    stacked,
    dense('fusion_hidden', units, 'tanh', weights),
    new Dense({ units: 1, useBias: false, ...kernel('fusion_score', weights), name: 'fusion_score' }),
    new Reshape({ targetShape: [branches.length], name: 'fusion_scores' }),
    tfl.layers.activation({ activation: 'softmax', name: 'fusion_weights' }),
  )
  return join([scores, stacked], tfl.layers.dot({ axes: 1, name: 'fusion_mean' }))
}

function dense(name: string, units: number, activation: 'tanh' | 'sigmoid', weights: Weights): Dense {
  return new Dense({ units, activation, ...kernel(name, weights), name })
}

function join(inputs: tfl.SymbolicTensor[], layer: tfl.layers.Layer): tfl.SymbolicTensor {
  return layer.apply(inputs) as tfl.SymbolicTensor
}
