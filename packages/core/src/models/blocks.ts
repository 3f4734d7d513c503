/**
 * What the model builders share: how weights start, and the pieces of a network of convolution and recurrence. A piece takes a
 * symbolic tensor and returns the next one; its layers are named, and a layer's initial weights are a function of
 * the seed and its name, so that builders that use the same piece make the same layers. Which pieces, in which order, is the builder's.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '../errors.js'
import { AttentionPooling1D } from '../layers/attention-pooling.js'
import { BatchNormalization } from '../layers/batch-normalization.js'
import { Bidirectional } from '../layers/bidirectional.js'
import { Conv2D, MaxPooling2D } from '../layers/convolution.js'
import { Dense, Permute, Reshape } from '../layers/core.js'
import { Dropout } from '../layers/dropout.js'
import { GlobalAveragePooling1D, GlobalMaxPooling1D } from '../layers/global-pooling.js'
import { GRU } from '../layers/gru.js'
import { HilbertWalk } from '../layers/hilbert-walk.js'
import { type InitializerName, seededInitializer } from '../layers/initializers.js'
import { LSTM } from '../layers/lstm.js'
import type { Recurrent } from '../layers/recurrent.js'
import { ZeroMasked } from '../layers/zero-masked.js'
import { hash } from '../runtime/random.js'

export type Pair = [time: number, frequency: number]
export type Activation = 'relu' | 'tanh' | 'elu' | 'selu' | 'sigmoid' | 'linear'

/** What the builders choose of a recurrent layer. */
type RecurrentArgs = Pick<
  tfl.LSTMLayerArgs,
  'units' | 'returnSequences' | 'returnState' | 'dropout' | 'recurrentDropout'
>

/** Convolution, then batch normalisation, activation, max pooling and dropout, the last four as the options say. */
export interface ConvolutionBlock {
  filters: number
  /** Default 3. */
  kernelSize?: number | Pair
  /** Default 1. */
  dilation?: number | Pair
  /** Default true. */
  batchNorm?: boolean
  /** Whether the convolution has a bias of its own. Default: only without batch normalisation, which has one. */
  useBias?: boolean
  /** Default 'relu'. */
  activation?: Activation
  /** Size of the max pooling; 1 leaves an axis alone. Default [1, 1], none. */
  pool?: Pair
  /** Default 0. */
  dropout?: number
}

/** Kind of a recurrent layer. */
export type Cell = 'lstm' | 'gru'

export interface RecurrentStack {
  /** Default 'lstm'. */
  type?: Cell
  /** Units of each direction: of every layer, or of each in turn. */
  units: number | readonly number[]
  /** How many layers. Default 1, or as many as `units` has numbers. */
  layers?: number
  /** Default true. */
  bidirectional?: boolean
  /** Share of a layer's inputs dropped, the same ones at every step of a sequence. Default 0. */
  dropout?: number
  /** Share of the hidden state dropped between steps. Default 0. */
  recurrentDropout?: number
}

/** From all steps to one vector: the last states, the mean, the largest values, or a learnt weighting. */
export type TimePooling = 'last' | 'mean' | 'max' | 'attention'

export interface Head {
  units: number
  /** Default 'softmax'. */
  activation?: 'softmax' | 'sigmoid' | 'linear'
  /** Share of the head's inputs dropped. Default 0. */
  dropout?: number
}

/** How the two axes of an image end after its convolutions: averaged (default), or flattened with the channels. */
export type ImagePooling = 'average' | 'flatten'

/** How an image becomes a sequence: row by row, column by column, or along a Hilbert curve. */
export type Walk = 'rows' | 'columns' | 'hilbert'

/** Options of every builder. */
export interface ModelOptions {
  /** L2 penalty on the kernels of all layers. Default 0. */
  l2?: number
  /** Seed of the initial weights. Default 0. */
  seed?: number
  /** Name of the model. Default: the kind of network, such as 'crnn'. */
  name?: string
}

/** What the layers of a network have in common. */
export interface Weights {
  seed: number
  l2: number
}

export const weightsOf = ({ seed = 0, l2 = 0 }: ModelOptions): Weights => ({ seed, l2 })

/** How a layer's kernel starts, and its penalty. */
export function kernel(layerName: string, { seed, l2 }: Weights, initializer: InitializerName = 'GlorotUniform') {
  return {
    kernelInitializer: seededInitializer(initializer, seed, layerName, 'kernel'),
    kernelRegularizer: l2 > 0 ? tfl.regularizers.l2({ l2 }) : undefined,
  }
}

/** Applies layers one after the other. */
export function chain(x: tfl.SymbolicTensor, ...layers: tfl.layers.Layer[]): tfl.SymbolicTensor {
  return layers.reduce((before, layer) => layer.apply(before) as tfl.SymbolicTensor, x)
}

/** Applies a layer of several inputs. */
export function join(inputs: tfl.SymbolicTensor[], layer: tfl.layers.Layer): tfl.SymbolicTensor {
  return layer.apply(inputs) as tfl.SymbolicTensor
}

/**
 * Masks steps whose values all are `padding`, and sets them to 0. Keras's Masking looks at the last axis only, so the other axes
 * are merged for it.
 *
 * Shapes: [B, T, …] → the same.
 */
export function maskPadding(x: tfl.SymbolicTensor, padding: number, doing: string): tfl.SymbolicTensor {
  const [, time, ...rest] = x.shape
  const sizes = rest.filter((size) => size !== null)
  if (sizes.length < rest.length)
    throw expected({
      doing,
      want: 'known sizes of all axes but time, to mask steps,',
      of: 'inputShape',
      got: x.shape.join(', '),
    })
  if (!Number.isFinite(padding)) throw expected({ doing, want: 'a finite number', of: 'padding', got: padding })
  return chain(
    x,
    new Reshape({ targetShape: [time ?? -1, sizes.reduce((product, size) => product * size, 1)], name: 'mask_steps' }),
    // Rounded as the input's values are, lest one backend compare in double precision.
    tfl.layers.masking({ maskValue: Math.fround(padding), name: 'mask' }),
    new Reshape({ targetShape: [time ?? -1, ...sizes], name: 'mask_image' }),
  )
}

/**
 * The convolution blocks, one after the other. Shapes: [B, T, F, C] → [B, T', F', filters].
 *
 * @param padded Whether time has padding, which is then kept at 0 wherever the next window would see it. Then T' is T divided by the
 * pooling rounded up, else down.
 */
export function convolve(
  x: tfl.SymbolicTensor,
  blocks: readonly ConvolutionBlock[],
  weights: Weights,
  padded = false,
): tfl.SymbolicTensor {
  return blocks.reduce((before, block, i) => {
    const seen = i < blocks.length - 1 || (block.pool?.[0] ?? 1) > 1
    return chain(before, ...blockLayers(block, i + 1, weights, padded && seen))
  }, x)
}

function blockLayers(block: ConvolutionBlock, index: number, weights: Weights, zeroed: boolean): tfl.layers.Layer[] {
  const { activation = 'relu', batchNorm = true, pool = [1, 1], dropout = 0 } = block
  const layers: tfl.layers.Layer[] = [
    new Conv2D({
      filters: block.filters,
      kernelSize: block.kernelSize ?? 3,
      dilationRate: block.dilation ?? 1,
      padding: 'same',
      useBias: block.useBias ?? !batchNorm,
      // Without batch normalisation the activation runs inside the convolution.
      activation: batchNorm ? 'linear' : activation,
      ...kernel(`conv_${index}`, weights, activation === 'relu' ? 'HeNormal' : 'GlorotUniform'),
      name: `conv_${index}`,
    }),
  ]
  if (batchNorm) {
    layers.push(
      new BatchNormalization({ name: `norm_${index}` }),
      tfl.layers.activation({ activation, name: `activation_${index}` }),
    )
  }
  if (zeroed) layers.push(new ZeroMasked({ multipleOf: pool[0], name: `zero_${index}` }))
  if (pool[0] > 1 || pool[1] > 1)
    layers.push(new MaxPooling2D({ poolSize: pool, strides: pool, name: `pool_${index}` }))
  if (dropout > 0) layers.push(new Dropout({ rate: dropout, name: `dropout_${index}` }))
  return layers
}

/** A relu layer, where it has units. Shapes: [B, …, D] → [B, …, units]. */
export function bottleneck(x: tfl.SymbolicTensor, units: number | undefined, weights: Weights): tfl.SymbolicTensor {
  if (!units) return x
  return chain(x, new Dense({ units, activation: 'relu', ...kernel('dense', weights, 'HeNormal'), name: 'dense' }))
}

/** The vector of an image's convolutions. Shapes: [B, H, W, C] → [B, C], or [B, H · W · C] flat. */
export function imageVector(x: tfl.SymbolicTensor, pooling: ImagePooling, doing: string): tfl.SymbolicTensor {
  if (x.shape.slice(1).includes(0))
    throw expected({
      doing,
      want: 'something left of every axis after pooling',
      of: 'inputShape',
      got: `[${x.shape.join(', ')}] after the convolutions`,
    })
  return chain(
    x,
    pooling === 'flatten'
      ? tfl.layers.flatten({ name: 'flatten' })
      : tfl.layers.globalAveragePooling2d({ name: 'pool_image' }),
  )
}

/**
 * The image as a sequence. Shapes: [B, H, W, C] → [B, H, W · C] for rows, [B, W, H · C] for columns,
 * [B, ceil(H · W / stepPixels), stepPixels · C] for a Hilbert walk.
 */
export function walkImage(x: tfl.SymbolicTensor, walk: Walk, stepPixels?: number): tfl.SymbolicTensor {
  if (walk === 'hilbert') return chain(x, new HilbertWalk({ stepPixels, name: 'hilbert_walk' }))
  const image = walk === 'columns' ? chain(x, new Permute({ dims: [2, 1, 3], name: 'columns_as_time' })) : x
  const [, steps, pixels, channels] = image.shape
  if (!steps || !pixels || !channels)
    throw expected({
      doing: 'reading an image as a sequence',
      want: '[H, W, C] of known sizes',
      of: 'inputShape',
      got: x.shape.join(', '),
    })
  return chain(image, new Reshape({ targetShape: [steps, pixels * channels], name: 'to_sequence' }))
}

/** Shapes: [B, T, D] → [B, T, U], or [B, U] when only the last states are asked for; 2U with two directions. */
export function recur(
  x: tfl.SymbolicTensor,
  stack: RecurrentStack,
  lastOnly: boolean,
  weights: Weights,
): tfl.SymbolicTensor {
  const { type = 'lstm', bidirectional = true, dropout = 0, recurrentDropout = 0 } = stack
  const sizes = layerSizes(stack)
  sizes.forEach((units, i) => {
    const name = `${type}_${i + 1}`
    const returnSequences = !lastOnly || i < sizes.length - 1
    const layer = recurrentLayer(type, name, { units, returnSequences, dropout, recurrentDropout }, weights)
    x = chain(x, bidirectional ? new Bidirectional({ layer, mergeMode: 'concat', name: `bi${name}` }) : layer)
  })
  return x
}

/** A recurrent layer with its initial weights; Keras's GRU, whose reset applies after the product. */
export function recurrentLayer(type: Cell, name: string, args: RecurrentArgs, weights: Weights): Recurrent {
  const recurrentInitializer = seededInitializer('Orthogonal', weights.seed, name, 'recurrent_kernel')
  const all = { ...args, ...kernel(name, weights), recurrentInitializer, name }
  return type === 'gru' ? new GRU(all) : new LSTM(all)
}

function layerSizes({ units, layers }: RecurrentStack): readonly number[] {
  if (typeof units === 'number') return Array.from({ length: layers ?? 1 }, () => units)
  if (units.length === 0 || (layers ?? units.length) !== units.length)
    throw expected({ doing: 'building a recurrent stack', want: 'one number for each layer', of: 'units', got: units })
  return units
}

/** Recurrence, then one vector for the sequence. Shapes: [B, T, D] → [B, U]; 2U with two directions. */
export function recurToVector(
  x: tfl.SymbolicTensor,
  stack: RecurrentStack,
  pooling: TimePooling,
  weights: Weights,
): tfl.SymbolicTensor {
  const steps = recur(x, stack, pooling === 'last', weights)
  switch (pooling) {
    case 'last':
      return steps
    case 'mean':
      return chain(steps, new GlobalAveragePooling1D({ name: 'pool_time' }))
    case 'max':
      return chain(steps, new GlobalMaxPooling1D({ name: 'pool_time' }))
    case 'attention': {
      const seed = hash(weights.seed, 'pool_time') >>> 1
      return chain(steps, new AttentionPooling1D({ units: steps.shape.at(-1) ?? 1, seed, name: 'pool_time' }))
    }
  }
}

/** Shapes: [B, …, D] → [B, …, units]. */
export function classify(x: tfl.SymbolicTensor, head: Head, weights: Weights): tfl.SymbolicTensor {
  const { units, activation = 'softmax', dropout = 0 } = head
  return chain(
    x,
    ...(dropout > 0 ? [new Dropout({ rate: dropout, name: 'head_dropout' })] : []),
    new Dense({ units, activation, ...kernel('head', weights), name: 'head' }),
  )
}
