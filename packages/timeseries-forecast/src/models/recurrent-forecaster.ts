/**
 * Forecasting by recurrence over every step of the look-back: one LSTM or GRU, several, or in both directions, with convolutions over
 * time before it where asked for (CNN→LSTM). Its last state becomes all steps of the horizon at once; nothing is fed back.
 * With a horizon of 1, LSTM layers of one direction and no other inputs, `statefulStep` runs it row by row.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { registerLayers } from '@weft/core/layers'
import { type ModelOptions, type RecurrentStack, recurToVector, type TimePooling, weightsOf } from '@weft/core/models'
import { forecast, type ForecastHead } from './forecast-head.js'
import { forecastInputs, type ForecastShape, withSeries } from './forecast-shape.js'
import { convolveTime, type TimeConvolution } from './time-convolutions.js'

export interface RecurrentForecasterOptions extends ForecastShape, ForecastHead, ModelOptions {
  /** Before the recurrence. Default none. */
  convolutions?: readonly TimeConvolution[]
  /** `bidirectional` is false unless set. */
  recurrent: RecurrentStack
  /** From all steps to one vector. Default 'last'. */
  pooling?: TimePooling
}

/**
 * Shapes: past [B, L, D], future [B, H, K], series [B, 1] → [B, H, outputs].
 * @throws UserError when a size is out of range.
 */
export function buildRecurrentForecaster(options: RecurrentForecasterOptions): tfl.LayersModel {
  registerLayers()
  const { convolutions = [], recurrent, pooling = 'last' } = options
  const weights = weightsOf(options)
  const inputs = forecastInputs(options, 'building a recurrent forecaster')
  const steps = convolveTime(withSeries(options, inputs, weights), convolutions, weights)
  const vector = recurToVector(steps, { bidirectional: false, ...recurrent }, pooling, weights)
  const outputs = forecast(vector, inputs, options, weights)
  return tfl.model({ inputs: inputs.all, outputs, name: options.name ?? 'recurrent_forecaster' })
}
