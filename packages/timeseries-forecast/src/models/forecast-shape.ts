/**
 * What the builders of forecasting networks have in common: the sizes of a window and of what is to come out, the inputs made of
 * them, and their checks. Rows, leads, covariates and what is known in advance are the application's; here they are axes.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '@weft/core/errors'
import { Reshape, Embedding, seededInitializer, RepeatVector } from '@weft/core/layers'
import { chain, join, type Weights } from '@weft/core/models'

const DEFAULT_SERIES_UNITS = 8

/** The sizes of a forecasting network's inputs and output. */
export interface ForecastShape {
  /** Steps L of the look-back. */
  lookBack: number
  /** Values D at each of them, the targets first. */
  inputs: number
  /** Steps H that are forecast. */
  horizon: number
  /** Values at each of them: targets by parameters of a distribution, the parameter's index fastest. */
  outputs: number
  /** Features K of each step of the horizon that are known in advance. Default 0, none: no such input. */
  future?: number
  /** How many series there are, told apart by a learnt vector of `units`. Default: no such input. */
  series?: {
    count: number
    /** Default: half of the units of a segment network, else 8; a linear network has no such vector. */
    units?: number
  }
}

/** The inputs of a network, those it has. */
export interface ForecastInputs {
  /** [B, L, D] */
  past: tfl.SymbolicTensor
  /** [B, H, K] */
  future: tfl.SymbolicTensor | undefined
  /** [B, 1] */
  series: tfl.SymbolicTensor | undefined
  /** Those there are, in the order past, future, series. */
  all: tfl.SymbolicTensor[]
}

/** @throws UserError when a size is not a whole number in its range. */
export function forecastInputs(shape: ForecastShape, doing: string): ForecastInputs {
  for (const name of ['lookBack', 'inputs', 'horizon', 'outputs'] as const) checkSize(doing, name, shape[name])
  const { future: features = 0, series: named } = shape
  checkSize(doing, 'future', features, 0)
  if (named) checkSize(doing, 'series.count', named.count)
  const past = tfl.input({ shape: [shape.lookBack, shape.inputs], name: 'past' })
  const future = features > 0 ? tfl.input({ shape: [shape.horizon, features], name: 'future' }) : undefined
  const series = named ? tfl.input({ shape: [1], name: 'series' }) : undefined
  return { past, future, series, all: [past, future, series].filter((input) => input !== undefined) }
}

/** @throws UserError when `value` is not a whole number of at least `least`. */
export function checkSize(doing: string, name: string, value: number, least = 1): void {
  if (!Number.isInteger(value) || value < least)
    throw expected({ doing, want: `a whole number of at least ${least}`, of: name, got: value })
}

/** The vector of each item's series. Shapes: [B, 1] → [B, units]. */
export function embedSeries(
  series: tfl.SymbolicTensor,
  count: number,
  units: number,
  { seed }: Weights,
  embeddingsInitializer = seededInitializer('RandomNormal', seed, 'series_vector', 'embeddings'),
): tfl.SymbolicTensor {
  return chain(
    series,
    new Embedding({ inputDim: count, outputDim: units, embeddingsInitializer, name: 'series_vector' }),
    new Reshape({ targetShape: [units], name: 'series_item' }),
  )
}

/** The look-back with the vector of its series at every step, where there are series. Shapes: [B, L, D] → [B, L, D + units]. */
export function withSeries(shape: ForecastShape, inputs: ForecastInputs, weights: Weights): tfl.SymbolicTensor {
  if (!inputs.series || !shape.series) return inputs.past
  const { count, units = DEFAULT_SERIES_UNITS } = shape.series
  const everywhere = chain(
    embedSeries(inputs.series, count, units, weights),
    new RepeatVector({ n: shape.lookBack, name: 'series_steps' }),
  )
  return join([inputs.past, everywhere], tfl.layers.concatenate({ name: 'past_and_series' }))
}
