/**
 * The serial convolutional recurrent network: convolution blocks over time and frequency (or over an image), one vector for each time
 * step, a recurrent stack, pooling over time, a head. With the default options it is made only of layers that TensorFlow.js has.
 * After Shi et al. 2015, arXiv:1507.05717, and Cakir et al. 2017, arXiv:1702.06286.
 */
import * as tfl from '@tensorflow/tfjs-layers'
import { expected } from '../errors.js'
import { AttentionPooling1D } from '../layers/attention-pooling.js'
import { BatchNormalization } from '../layers/batch-normalization.js'
import { Bidirectional } from '../layers/bidirectional.js'
import { AveragePooling2D, Conv2D, MaxPooling2D } from '../layers/convolution.js'
import { Dense, Permute, Reshape } from '../layers/core.js'
import { Dropout } from '../layers/dropout.js'
import { GlobalAveragePooling1D, GlobalMaxPooling1D } from '../layers/global-pooling.js'
import { type InitializerName, seededInitializer } from '../layers/initializers.js'
import { LSTM } from '../layers/lstm.js'
import { registerLayers } from '../layers/register.js'
import { hash } from '../runtime/random.js'

type Pair = [time: number, frequency: number]
type Activation = 'relu' | 'tanh' | 'elu' | 'selu' | 'sigmoid' | 'linear'

/** Convolution, then batch normalisation, activation, max pooling and dropout, each of the latter where asked for. */
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

export interface RecurrentStack {
  type?: 'lstm'
  /** Units of each layer and direction. */
  units: number
  /** How many layers. Default 1. */
  layers?: number
  /** Default true. */
  bidirectional?: boolean
  /** Share of a layer's inputs dropped, the same ones at every step of a sequence. Default 0. */
  dropout?: number
  /** Share of the hidden state dropped between steps. Default 0. */
  recurrentDropout?: number
}

export interface CrnnOptions {
  /** [T, F, C]: time, frequency, channels; or an image's [H, W, C]. T may be null: any length. */
  inputShape: [number | null, number | null, number]
  /** Which axis of the input is time: its rows, the first (default), or its columns. */
  timeAxis?: 'rows' | 'columns'
  convolutions: ConvolutionBlock[]
  /** What becomes of the axis that is not time: laid out beside the channels (default), averaged, or its largest value. */
  frequency?: 'flatten' | 'mean' | 'max'
  /** Units of a relu layer between convolutions and recurrence. Default 0, none. */
  denseUnits?: number
  recurrent: RecurrentStack
  /** From all steps to one vector: the last states (default), a pooling, or 'none' for an output at every step. */
  pooling?: 'last' | 'mean' | 'max' | 'attention' | 'none'
  head: { units: number; activation?: 'softmax' | 'sigmoid' | 'linear'; dropout?: number }
  /** Treat steps whose values are all 0 as padding. Needs our layers to be opened again. Default false. */
  masking?: boolean
  /** L2 penalty on the kernels of all layers. Default 0. */
  l2?: number
  /** Seed of the initial weights. Default 0. */
  seed?: number
  /** Name of the model. Default 'crnn'. */
  name?: string
}

/**
 * Builds the network; compile nothing, the Trainer trains it.
 *
 * Shapes: [B, T, F, C] → [B, units], or [B, T', units] with pooling 'none', where T' is T divided by the pooling in time.
 */
export function buildCrnn(options: CrnnOptions): tfl.LayersModel {
  registerLayers()
  const { seed = 0, pooling = 'last', head } = options
  const weights = { seed, l2: options.l2 ?? 0 }
  const input = tfl.input({ shape: options.inputShape, name: 'input' })

  let x =
    options.timeAxis === 'columns' ? chain(input, new Permute({ dims: [2, 1, 3], name: 'columns_as_time' })) : input
  if (options.masking) x = mask(x)
  options.convolutions.forEach((block, index) => {
    x = convolve(x, block, index + 1, weights)
  })
  x = toSequence(x, options.frequency ?? 'flatten')
  if (options.denseUnits) {
    x = chain(
      x,
      new Dense({
        units: options.denseUnits,
        activation: 'relu',
        ...kernel('dense', weights, 'HeNormal'),
        name: 'dense',
      }),
    )
  }
  x = recur(x, options.recurrent, pooling === 'last', weights)
  if (pooling === 'mean') x = chain(x, new GlobalAveragePooling1D({ name: 'pool_time' }))
  if (pooling === 'max') x = chain(x, new GlobalMaxPooling1D({ name: 'pool_time' }))
  if (pooling === 'attention') {
    x = chain(
      x,
      new AttentionPooling1D({ units: x.shape.at(-1) ?? 1, seed: hash(seed, 'pool_time') >>> 1, name: 'pool_time' }),
    )
  }
  if (head.dropout) x = chain(x, new Dropout({ rate: head.dropout, name: 'head_dropout' }))
  const output = chain(
    x,
    new Dense({
      units: head.units,
      activation: head.activation ?? 'softmax',
      ...kernel('head', weights),
      name: 'head',
    }),
  )
  return tfl.model({ inputs: input, outputs: output, name: options.name ?? 'crnn' })
}

function convolve(x: tfl.SymbolicTensor, block: ConvolutionBlock, index: number, weights: Weights): tfl.SymbolicTensor {
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
  if (pool[0] > 1 || pool[1] > 1)
    layers.push(new MaxPooling2D({ poolSize: pool, strides: pool, name: `pool_${index}` }))
  if (dropout > 0) layers.push(new Dropout({ rate: dropout, name: `dropout_${index}` }))
  return chain(x, ...layers)
}

/** One vector for each time step. Shapes: [B, T, F, C] → [B, T, F · C], or [B, T, C] when F is pooled. */
function toSequence(x: tfl.SymbolicTensor, frequency: 'flatten' | 'mean' | 'max'): tfl.SymbolicTensor {
  const [, time, bands, channels] = x.shape
  if (!bands || !channels || time === 0) {
    throw expected(
      'building a CRNN',
      'something left of every axis but time after pooling',
      'inputShape',
      `[${x.shape.join(', ')}] after the convolutions`,
    )
  }
  const window = { poolSize: [1, bands] as Pair, strides: [1, bands] as Pair, name: 'pool_frequency' }
  if (frequency === 'mean') x = chain(x, new AveragePooling2D(window))
  if (frequency === 'max') x = chain(x, new MaxPooling2D(window))
  const features = frequency === 'flatten' ? bands * channels : channels
  return chain(x, new Reshape({ targetShape: [time ?? -1, features], name: 'to_sequence' }))
}

/** Shapes: [B, T, D] → [B, T, U], or [B, U] when only the last states are asked for; 2U with two directions. */
function recur(x: tfl.SymbolicTensor, stack: RecurrentStack, lastOnly: boolean, weights: Weights): tfl.SymbolicTensor {
  const { units, layers = 1, bidirectional = true, dropout = 0, recurrentDropout = 0 } = stack
  for (let index = 1; index <= layers; index++) {
    const name = `lstm_${index}`
    const layer = new LSTM({
      units,
      returnSequences: !lastOnly || index < layers,
      dropout,
      recurrentDropout,
      ...kernel(name, weights),
      recurrentInitializer: seededInitializer('Orthogonal', weights.seed, name, 'recurrent_kernel'),
      name,
    })
    x = chain(x, bidirectional ? new Bidirectional({ layer, mergeMode: 'concat', name: `bi${name}` }) : layer)
  }
  return x
}

/** Masks steps that are all 0. Keras's Masking looks at the last axis only, so frequency and channels are laid together for it. */
function mask(x: tfl.SymbolicTensor): tfl.SymbolicTensor {
  const [, time, bands, channels] = x.shape
  if (!bands || !channels)
    throw expected(
      'building a CRNN with masking',
      'a known number of bands and channels',
      'inputShape',
      x.shape.join(', '),
    )
  return chain(
    x,
    new Reshape({ targetShape: [time ?? -1, bands * channels], name: 'mask_steps' }),
    tfl.layers.masking({ maskValue: 0, name: 'mask' }),
    new Reshape({ targetShape: [time ?? -1, bands, channels], name: 'mask_image' }),
  )
}

interface Weights {
  seed: number
  l2: number
}

/** How a layer's kernel starts and what its size costs. */
function kernel(layerName: string, { seed, l2 }: Weights, initializer: InitializerName = 'GlorotUniform') {
  return {
    kernelInitializer: seededInitializer(initializer, seed, layerName, 'kernel'),
    kernelRegularizer: l2 > 0 ? tfl.regularizers.l2({ l2 }) : undefined,
  }
}

function chain(x: tfl.SymbolicTensor, ...layers: tfl.layers.Layer[]): tfl.SymbolicTensor {
  return layers.reduce((before, layer) => layer.apply(before) as tfl.SymbolicTensor, x)
}
