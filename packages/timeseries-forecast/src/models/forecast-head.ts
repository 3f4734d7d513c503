/**
 * From what a network knows of the past to a forecast: all steps of the horizon at once, from one vector. Where features of the future
 * are known, the vector becomes a smaller one for each step, which a layer that is the same at every step joins with the step's
 * features (the temporal decoder of TiDE).
 */
import * as tfl from '@weft/core/tfjs-layers'
import { Dense, Reshape, Dropout, RepeatVector } from '@weft/core/layers'
import { chain, join, kernel, type Weights } from '@weft/core/models'
import { embedSeries, type ForecastInputs, type ForecastShape } from './forecast-shape.js'

export interface ForecastHead {
  /** Units of a relu layer before the outputs. Default 0, none; 64 with features of the future. */
  denseUnits?: number
  /** With features of the future: values of the past's vector at each step of the horizon. Default 16. */
  stepUnits?: number
  /** Share of the head's inputs dropped. Default 0. */
  dropout?: number
}

/**
 * Shapes: [B, U] and, where there is one, future [B, H, K] → [B, H, outputs].
 * @see Das et al. 2023, arXiv:2304.08424, section 4.2, for the layers with features of the future.
 */
export function forecast(
  vector: tfl.SymbolicTensor,
  { future }: ForecastInputs,
  options: ForecastShape & ForecastHead,
  weights: Weights,
): tfl.SymbolicTensor {
  const { horizon, outputs, dropout = 0, stepUnits = 16, denseUnits = future ? 64 : 0 } = options
  const relu = denseUnits > 0 ? [dense('head_dense', denseUnits, 'relu', weights)] : []
  const dropped = chain(vector, ...(dropout > 0 ? [new Dropout({ rate: dropout, name: 'head_dropout' })] : []))
  if (!future)
    return chain(
      dropped,
      ...relu,
      output(horizon * outputs, weights),
      new Reshape({ targetShape: [horizon, outputs], name: 'rows' }),
    )
  const steps = chain(
    dropped,
    dense('head_steps', horizon * stepUnits, 'relu', weights),
    new Reshape({ targetShape: [horizon, stepUnits], name: 'steps' }),
  )
  const known = join([steps, future], tfl.layers.concatenate({ name: 'steps_and_future' }))
  return chain(known, ...relu, output(outputs, weights))
}

/**
 * The forecast and what is linear in the features of the future and constant for a series, each of them where there is such an input.
 * They start at 0.
 *
 * Shapes: [B, H, outputs] → the same.
 */
export function addLinear(
  rows: tfl.SymbolicTensor,
  { future, series }: ForecastInputs,
  { horizon, outputs, series: named }: ForecastShape,
  weights: Weights,
): tfl.SymbolicTensor {
  const terms = [rows]
  const kernelInitializer = tfl.initializers.zeros()
  if (future)
    terms.push(
      chain(future, new Dense({ units: outputs, ...kernel('future', weights), kernelInitializer, name: 'by_future' })),
    )
  if (series && named)
    terms.push(
      chain(
        embedSeries(series, named.count, outputs, weights, tfl.initializers.zeros()),
        new RepeatVector({ n: horizon, name: 'by_series' }),
      ),
    )
  return terms.length > 1 ? join(terms, tfl.layers.add({ name: 'sum' })) : rows
}

/** What is forecast starts at 0: at the level from which the caller counts, such as each window's last value. */
function output(units: number, weights: Weights): Dense {
  const kernelInitializer = tfl.initializers.zeros()
  return new Dense({ units, ...kernel('head', weights), kernelInitializer, name: 'head' })
}

function dense(name: string, units: number, activation: 'relu', weights: Weights): Dense {
  return new Dense({ units, activation, ...kernel(name, weights, 'HeNormal'), name })
}
