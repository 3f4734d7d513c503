/**
 * Images read as sequences by recurrence alone, without convolution: row by row, column by column or along a Hilbert curve through
 * one LSTM stack; or, hierarchically, each row by an LSTM over its pixels and the rows by another. The choice of step is all
 * that the network knows of space. After Le et al. 2015, arXiv:1504.00941 (pixels as time), and Keras's example mnist_hierarchical_rnn after Li et al. 2015,
 * arXiv:1506.01057.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { seededInitializer } from '../layers/initializers.js'
import { LSTM } from '../layers/lstm.js'
import { registerLayers } from '../layers/register.js'
import { TimeDistributed } from '../layers/time-distributed.js'
import {
  chain,
  classify,
  type Head,
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

export interface ImageLstmOptions extends ModelOptions {
  /** [H, W, C] */
  inputShape: [number, number, number]
  /** Default 'rows'. */
  walk?: Walk
  /** Pixels that make a step of the Hilbert walk. Default W. */
  stepPixels?: number
  recurrent: RecurrentStack
  /** Default 'last'. */
  pooling?: TimePooling
  head: Head
}

/** An LSTM over an image's walk. Shapes: [B, H, W, C] → [B, units]. */
export function buildImageLstm(options: ImageLstmOptions): tfl.LayersModel {
  registerLayers()
  const { walk = 'rows', pooling = 'last' } = options
  const weights = weightsOf(options)
  const input = tfl.input({ shape: options.inputShape, name: 'input' })
  const steps = walkImage(input, walk, options.stepPixels)
  const vector = recurToVector(steps, options.recurrent, pooling, weights)
  const output = classify(vector, options.head, weights)
  return tfl.model({ inputs: input, outputs: output, name: options.name ?? 'image_lstm' })
}

export interface HierarchicalLstmOptions extends ModelOptions {
  /** [H, W, C] */
  inputShape: [number, number, number]
  /** Units of the LSTM over a row's pixels, the size of a row's code. */
  rowUnits: number
  /** Units of the LSTM over the rows' codes. */
  columnUnits: number
  head: Head
}

/** An LSTM over each row's pixels, another over the rows. Shapes: [B, H, W, C] → [B, units]. */
export function buildHierarchicalLstm(options: HierarchicalLstmOptions): tfl.LayersModel {
  registerLayers()
  const weights = weightsOf(options)
  const input = tfl.input({ shape: options.inputShape, name: 'input' })
  const vector = chain(
    input,
    new TimeDistributed({ layer: lastState('lstm_row', options.rowUnits, weights), name: 'rows' }),
    lastState('lstm_column', options.columnUnits, weights),
  )
  const output = classify(vector, options.head, weights)
  return tfl.model({ inputs: input, outputs: output, name: options.name ?? 'hierarchical_lstm' })
}

/** Shapes: [B, T, D] → [B, U]. */
function lastState(name: string, units: number, weights: Weights): LSTM {
  return new LSTM({
    units,
    ...kernel(name, weights),
    recurrentInitializer: seededInitializer('Orthogonal', weights.seed, name, 'recurrent_kernel'),
    name,
  })
}
