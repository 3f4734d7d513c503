/**
 * Forecasting for a grid of places at once: convolutional LSTM layers see each cell together with its neighbours, and a convolution of
 * 1 x 1 writes all steps of the horizon of each cell from the last state. After Shi et al. 2015, arXiv:1506.04214, without its
 * decoder, which would write step by step.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '@weft/core/errors'
import { ConvLSTM2D, Conv2D, Permute, Reshape, seededInitializer, registerLayers } from '@weft/core/layers'
import { chain, kernel, type ModelOptions, type Weights, weightsOf } from '@weft/core/models'
import { addLinear } from './forecast-head.js'
import { checkSize, forecastInputs, type ForecastShape } from './forecast-shape.js'

export interface GridForecasterOptions extends ForecastShape, ModelOptions {
  /** Rows R of the grid. */
  rows: number
  /** Columns Q of the grid. */
  columns: number
  /** Filters of each ConvLSTM2D layer. */
  filters: readonly number[]
  /** Cells on a side of what a layer sees at once. Default 3. */
  kernelSize?: number
  /** Share of each layer's inputs dropped. Default 0. */
  dropout?: number
}

const DOING = 'building a grid forecaster'

/**
 * The look-back's columns are cell by cell, row after row, each cell's F values side by side; so are the outputs.
 *
 * Shapes: past [B, L, R · Q · F], future [B, H, K], series [B, 1] → [B, H, R · Q · P].
 * @throws UserError when a size is out of range, or inputs or outputs are no multiple of the cells.
 */
export function buildGridForecaster(options: GridForecasterOptions): tfl.LayersModel {
  registerLayers()
  const { rows, columns, filters, lookBack, horizon, outputs } = options
  const inputs = forecastInputs(options, DOING)
  checkSize(DOING, 'rows', rows)
  checkSize(DOING, 'columns', columns)
  if (filters.length === 0) throw expected({ doing: DOING, want: 'at least one layer', of: 'filters', got: filters })
  const cells = rows * columns
  for (const name of ['inputs', 'outputs'] as const)
    if (options[name] % cells !== 0)
      throw expected({ doing: DOING, want: `a multiple of the ${cells} cells`, of: name, got: options[name] })
  const parameters = outputs / cells
  const weights = weightsOf(options)

  const output = chain(
    inputs.past,
    new Reshape({ targetShape: [lookBack, rows, columns, options.inputs / cells], name: 'grids' }),
    ...filters.map((count, i) => convLstm(options, count, i, weights)),
    new Conv2D({ filters: horizon * parameters, kernelSize: 1, ...kernel('head', weights), name: 'head' }),
    new Reshape({ targetShape: [cells, horizon, parameters], name: 'by_cell' }),
    new Permute({ dims: [2, 1, 3], name: 'by_step' }),
    new Reshape({ targetShape: [horizon, outputs], name: 'rows' }),
  )
  const sum = addLinear(output, inputs, options, weights)
  return tfl.model({ inputs: inputs.all, outputs: sum, name: options.name ?? 'grid_forecaster' })
}

function convLstm(options: GridForecasterOptions, count: number, i: number, weights: Weights): ConvLSTM2D {
  const name = `conv_lstm_${i + 1}`
  return new ConvLSTM2D({
    ...{ filters: count, kernelSize: options.kernelSize ?? 3, padding: 'same', dropout: options.dropout ?? 0 },
    returnSequences: i < options.filters.length - 1,
    ...kernel(name, weights),
    recurrentInitializer: seededInitializer('Orthogonal', weights.seed, name, 'recurrent_kernel'),
    name,
  })
}
