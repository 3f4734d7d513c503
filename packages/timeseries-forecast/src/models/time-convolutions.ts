/**
 * Convolutions over time that a forecasting network begins with, one block after the other: what `convolve` of blocks.ts is for
 * images. Padding is 'same', since all of a look-back is known.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '@weft/core/errors'
import { BatchNormalization, Conv1D, MaxPooling1D, Dropout } from '@weft/core/layers'
import { type Activation, chain, kernel, type Weights } from '@weft/core/models'

/** Convolution, then batch normalisation, activation, max pooling and dropout, each of the latter where asked for. */
export interface TimeConvolution {
  filters: number
  /** Default 3. */
  kernelSize?: number
  /** Default 1. */
  dilation?: number
  /** Default false: what a series' level says would be lost. */
  batchNorm?: boolean
  /** Default 'relu'. */
  activation?: Activation
  /** Steps of which the largest values remain. Default 1, no pooling. */
  pool?: number
  /** Default 0. */
  dropout?: number
}

/** Shapes: [B, T, C] → [B, T', filters], T' being T divided by the poolings, rounded down. */
export function convolveTime(
  x: tfl.SymbolicTensor,
  blocks: readonly TimeConvolution[],
  weights: Weights,
): tfl.SymbolicTensor {
  const pools = blocks.map(({ pool = 1 }) => pool)
  if (pools.reduce((steps, pool) => Math.floor(steps / pool), Number(x.shape[1])) < 1)
    throw expected({
      doing: 'building convolutions over time',
      want: `at most ${x.shape[1]} steps in all`,
      of: 'pool',
      got: pools.join(' x '),
    })
  return chain(x, ...blocks.flatMap((block, i) => layersOf(block, i + 1, weights)))
}

function layersOf(block: TimeConvolution, index: number, weights: Weights): tfl.layers.Layer[] {
  const { filters, kernelSize = 3, dilation = 1, batchNorm = false, activation = 'relu', pool = 1, dropout = 0 } = block
  const name = `conv_${index}`
  const convolution = new Conv1D({
    ...{ filters, kernelSize, dilationRate: dilation, padding: 'same', useBias: !batchNorm },
    // Without batch normalisation the activation runs inside the convolution.
    activation: batchNorm ? 'linear' : activation,
    ...kernel(name, weights, activation === 'relu' ? 'HeNormal' : 'GlorotUniform'),
    name,
  })
  const normalised = [
    new BatchNormalization({ name: `norm_${index}` }),
    tfl.layers.activation({ activation, name: `activation_${index}` }),
  ]
  return [
    convolution,
    ...(batchNorm ? normalised : []),
    ...(pool > 1 ? [new MaxPooling1D({ poolSize: pool, strides: pool, name: `pool_${index}` })] : []),
    ...(dropout > 0 ? [new Dropout({ rate: dropout, name: `dropout_${index}` })] : []),
  ]
}
