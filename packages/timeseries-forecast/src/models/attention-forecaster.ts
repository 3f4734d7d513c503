/**
 * Forecasting from sequence to sequence: an encoder reads the look-back, a decoder that starts from its state takes a step for each
 * row of the horizon, and attention lets each of them look back at the encoder's steps, which a season asks for. The decoder is given
 * what is known in advance and the encoder's last state, never its own forecasts, so errors do not add up.
 * After Luong et al. 2015, arXiv:1508.04025.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { Attention, Dense, Dropout, registerLayers, RepeatVector } from '@weft/core/layers'
import { type Cell, chain, join, kernel, type ModelOptions, recurrentLayer, weightsOf } from '@weft/core/models'
import { checkSize, forecastInputs, type ForecastShape, withSeries } from './forecast-shape.js'

export interface AttentionForecasterOptions extends ForecastShape, ModelOptions {
  /** Kind of encoder and decoder. Default 'lstm'. */
  cell?: Cell
  /** Units of encoder, decoder and attention. Default 64. */
  units?: number
  /** Whether the decoder looks back at the encoder's steps. Default true. */
  attention?: boolean
  /** Share of the last layer's inputs dropped. Default 0. */
  dropout?: number
}

const DOING = 'building an attention forecaster'

/**
 * Shapes: past [B, L, D], future [B, H, K], series [B, 1] → [B, H, outputs].
 * @throws UserError when a size is out of range.
 */
export function buildAttentionForecaster(options: AttentionForecasterOptions): tfl.LayersModel {
  registerLayers()
  const { cell = 'lstm', units = 64, attention = true, dropout = 0, horizon } = options
  checkSize(DOING, 'units', units)
  const weights = weightsOf(options)
  const inputs = forecastInputs(options, DOING)

  const encoder = recurrentLayer(cell, 'encoder', { units, returnSequences: true, returnState: true }, weights)
  const [read, ...states] = encoder.apply(withSeries(options, inputs, weights)) as tfl.SymbolicTensor[]
  const [last] = states
  if (!read || !last) throw new TypeError('the encoder gave no states')
  const repeated = chain(last, new RepeatVector({ n: horizon, name: 'context_steps' }))
  const given = inputs.future
    ? join([inputs.future, repeated], tfl.layers.concatenate({ name: 'decoder_input' }))
    : repeated
  const decoder = recurrentLayer(cell, 'decoder', { units, returnSequences: true }, weights)
  const written = decoder.apply(given, { initialState: states }) as tfl.SymbolicTensor

  const output = chain(
    attention ? lookBack(written, read, units, options) : written,
    ...(dropout > 0 ? [new Dropout({ rate: dropout, name: 'head_dropout' })] : []),
    new Dense({ units: options.outputs, ...kernel('head', weights), name: 'head' }),
  )
  return tfl.model({ inputs: inputs.all, outputs: output, name: options.name ?? 'attention_forecaster' })
}

/**
 * `tanh(W [c_t, h_t])`, c_t being the mean of the encoder's steps by the weights `softmax(h_tᵀ V e)`: Luong's general score, and his
 * attentional vector.
 *
 * Shapes: written [B, H, U], read [B, L, U] → [B, H, U].
 */
function lookBack(written: tfl.SymbolicTensor, read: tfl.SymbolicTensor, units: number, options: ModelOptions) {
  const weights = weightsOf(options)
  const query = chain(
    written,
    new Dense({ units, useBias: false, ...kernel('attention_query', weights), name: 'attention_query' }),
  )
  const context = join([query, read], new Attention({ name: 'attention' }))
  return chain(
    join([context, written], tfl.layers.concatenate({ name: 'context_and_state' })),
    new Dense({ units, activation: 'tanh', ...kernel('attention_vector', weights), name: 'attention_vector' }),
  )
}
