/**
 * The serial convolutional recurrent network: convolution blocks over time and frequency (or over an image), one vector for each time
 * step, a recurrent stack, pooling over time, a head; or, for reading, logits at every step for CTC. With the default options it is
 * made only of layers that TensorFlow.js has. After Shi et al. 2015, arXiv:1507.05717, and Cakir et al. 2017, arXiv:1702.06286.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '../errors.js'
import { BlankPadding } from '../layers/blank-padding.js'
import { AveragePooling2D, MaxPooling2D } from '../layers/convolution.js'
import { Permute, Reshape } from '../layers/core.js'
import { registerLayers } from '../layers/register.js'
import {
  bottleneck,
  chain,
  classify,
  type ConvolutionBlock,
  convolve,
  type Head,
  maskPadding,
  type ModelOptions,
  type Pair,
  recur,
  type RecurrentStack,
  recurToVector,
  type TimePooling,
  weightsOf,
} from './blocks.js'

export interface CrnnOptions extends ModelOptions {
  /** [T, F, C]: time, frequency, channels; or an image's [H, W, C]. T may be null: any length. */
  inputShape: [number | null, number | null, number]
  /** Which axis of the input is time: its rows, the first (default), or its columns. */
  timeAxis?: 'rows' | 'columns'
  convolutions: readonly ConvolutionBlock[]
  /** How the axis that is not time ends: flattened with the channels (default), averaged, or reduced to its largest value. */
  frequency?: 'flatten' | 'mean' | 'max'
  /** Units of a relu layer between convolutions and recurrence. Default 0, none. */
  denseUnits?: number
  recurrent: RecurrentStack
  /** From all steps to one vector, or 'none' for an output at every step. Default 'last', 'none' for CTC. */
  pooling?: TimePooling | 'none'
  head: Head & {
    /**
     * Logits at every step for CTC, whose blank is class 0, and past each row's end the blank with probability 1: the loss and the
     * decoders need no lengths. Default false.
     */
    ctc?: boolean
  }
  /**
   * The value that marks padding: steps in which every value is this one are masked and seen as zeros, and a row's output is the
   * same however far it is padded. Padding comes after the real steps. Needs our layers to be opened again. Default: no padding.
   */
  padding?: number
}

const DOING = 'building a CRNN'

/**
 * Builds the network, not compiled: the Trainer trains it.
 *
 * Shapes: [B, T, F, C] → [B, units], or [B, T', units] with pooling 'none', where T' is T divided by the pooling in time, rounded
 * down, or with `padding` up.
 */
export function buildCrnn(options: CrnnOptions): tfl.LayersModel {
  registerLayers()
  const { padding, timeAxis = 'rows', head } = options
  const pooling = options.pooling ?? (head.ctc ? 'none' : 'last')
  if (head.ctc) checkCtc(head, pooling)
  const weights = weightsOf(options)
  const input = tfl.input({ shape: options.inputShape, name: 'input' })

  let x = timeAxis === 'columns' ? chain(input, new Permute({ dims: [2, 1, 3], name: 'columns_as_time' })) : input
  if (padding !== undefined) x = maskPadding(x, padding, DOING)
  x = convolve(x, options.convolutions, weights, padding !== undefined)
  x = toSequence(x, options.frequency ?? 'flatten')
  x = bottleneck(x, options.denseUnits, weights)
  x =
    pooling === 'none'
      ? recur(x, options.recurrent, false, weights)
      : recurToVector(x, options.recurrent, pooling, weights)
  x = classify(x, head.ctc ? { ...head, activation: 'linear' } : head, weights)
  if (head.ctc) x = chain(x, new BlankPadding({ name: 'blank_padding' }))
  return tfl.model({ inputs: input, outputs: x, name: options.name ?? 'crnn' })
}

function checkCtc({ activation = 'linear' }: Head, pooling: string): void {
  if (pooling !== 'none')
    throw expected({ doing: DOING, want: "'none', an output at every step, for CTC", of: 'pooling', got: pooling })
  if (activation !== 'linear')
    throw expected({ doing: DOING, want: "'linear', logits, for CTC", of: 'head.activation', got: activation })
}

/** One vector for each time step. Shapes: [B, T, F, C] → [B, T, F · C], or [B, T, C] when F is pooled. */
function toSequence(x: tfl.SymbolicTensor, frequency: 'flatten' | 'mean' | 'max'): tfl.SymbolicTensor {
  const [, time, bands, channels] = x.shape
  if (!bands || !channels || time === 0) {
    throw expected({
      doing: DOING,
      want: 'something left of every axis but time after pooling',
      of: 'inputShape',
      got: `[${x.shape.join(', ')}] after the convolutions`,
    })
  }
  const window = { poolSize: [1, bands] as Pair, strides: [1, bands] as Pair, name: 'pool_frequency' }
  if (frequency === 'mean') x = chain(x, new AveragePooling2D(window))
  if (frequency === 'max') x = chain(x, new MaxPooling2D(window))
  const features = frequency === 'flatten' ? bands * channels : channels
  return chain(x, new Reshape({ targetShape: [time ?? -1, features], name: 'to_sequence' }))
}
