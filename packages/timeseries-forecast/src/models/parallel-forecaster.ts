/**
 * Forecasting by convolution and recurrence side by side (CNN‖LSTM): one branch sees shapes of the look-back wherever they are, the
 * other reads it in order; their vectors are joined, gated or weighted, and become all steps of the horizon at once.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { GlobalAveragePooling1D, registerLayers } from '@weft/core/layers'
import {
  bottleneck,
  chain,
  type ImagePooling,
  type ModelOptions,
  type RecurrentStack,
  recurToVector,
  type TimePooling,
  weightsOf,
  fuse,
  type Fusion,
} from '@weft/core/models'
import { forecast, type ForecastHead } from './forecast-head.js'
import { forecastInputs, type ForecastShape, withSeries } from './forecast-shape.js'
import { convolveTime, type TimeConvolution } from './time-convolutions.js'

export interface ParallelForecasterOptions extends ForecastShape, ForecastHead, ModelOptions {
  /** Of the convolutional branch. */
  convolutions: readonly TimeConvolution[]
  /** From the convolutions' steps to a vector: their mean (default), or all of them side by side. */
  convolutionPooling?: ImagePooling
  /** Units of a relu layer that ends the convolutional branch. Default 0, none. */
  branchUnits?: number
  /** `bidirectional` is false unless set. */
  recurrent: RecurrentStack
  /** From the recurrent branch's steps to a vector. Default 'last'. */
  pooling?: TimePooling
  /** Default 'concat'. */
  fusion?: Fusion
  /** Size to which 'gated' and 'attention' bring both branches' vectors. Default: the smaller one's. */
  fusionUnits?: number
}

/**
 * Shapes: past [B, L, D], future [B, H, K], series [B, 1] → [B, H, outputs].
 * @throws UserError when a size is out of range.
 */
export function buildParallelForecaster(options: ParallelForecasterOptions): tfl.LayersModel {
  registerLayers()
  const { convolutionPooling = 'average', recurrent, pooling = 'last', fusion = 'concat' } = options
  const weights = weightsOf(options)
  const inputs = forecastInputs(options, 'building a parallel forecaster')
  const past = withSeries(options, inputs, weights)

  const shapes = chain(
    convolveTime(past, options.convolutions, weights),
    convolutionPooling === 'flatten'
      ? tfl.layers.flatten({ name: 'flatten' })
      : new GlobalAveragePooling1D({ name: 'pool_convolutions' }),
  )
  const seen = bottleneck(shapes, options.branchUnits, weights)
  const read = recurToVector(past, { bidirectional: false, ...recurrent }, pooling, weights)
  const outputs = forecast(fuse(seen, read, fusion, options.fusionUnits, weights), inputs, options, weights)
  return tfl.model({ inputs: inputs.all, outputs, name: options.name ?? 'parallel_forecaster' })
}
