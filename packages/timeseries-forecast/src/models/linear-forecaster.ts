/**
 * Forecasting by a linear map from the look-back to the horizon, the same for every target or one for each: what every network must
 * beat. NLinear is the map alone, on a look-back whose last value the caller has subtracted; DLinear splits the look-back into a
 * moving average and the rest, each with a map of its own. All weights start at 0, so the first forecast is 0: of what was centred at
 * its last value, persistence. After Zeng et al. 2022, arXiv:2205.13504.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '@weft/core/errors'
import { ChannelDense, Cropping1D, Dense, Permute, Reshape, MovingAverage1D, registerLayers } from '@weft/core/layers'
import { chain, join, kernel, type ModelOptions, type Weights, weightsOf } from '@weft/core/models'
import { addLinear } from './forecast-head.js'
import { checkSize, forecastInputs, type ForecastShape } from './forecast-shape.js'

export interface LinearForecasterOptions extends ForecastShape, ModelOptions {
  /** Whether a moving average and the rest have maps of their own (DLinear, default) or there is one map (NLinear). */
  decomposition?: boolean
  /** Steps of the moving average, an odd number. Default 25. */
  kernelSize?: number
  /** Whether each target has a map of its own. Default false. */
  individual?: boolean
  /** Targets C, the first columns of the look-back; the others are not seen. Default: as many as there are outputs. */
  targets?: number
}

const DOING = 'building a linear forecaster'

/**
 * Features of the future add a linear term to each step, series a constant one.
 *
 * Shapes: past [B, L, D], future [B, H, K], series [B, 1] → [B, H, outputs].
 * @throws UserError when a size is out of range, or the outputs are no multiple of the targets.
 */
export function buildLinearForecaster(options: LinearForecasterOptions): tfl.LayersModel {
  registerLayers()
  const { decomposition = true, kernelSize = 25, individual = false, outputs, targets = outputs } = options
  const inputs = forecastInputs(options, DOING)
  const weights = weightsOf(options)
  const rows = mapLinearly(inputs.past, { ...options, decomposition, kernelSize, individual, targets }, weights)
  const output = addLinear(rows, inputs, options, weights)
  return tfl.model({ inputs: inputs.all, outputs: output, name: options.name ?? 'linear_forecaster' })
}

/** What maps look-backs to horizons. */
export type LinearMap = Required<
  Pick<LinearForecasterOptions, 'decomposition' | 'kernelSize' | 'individual' | 'targets' | 'horizon' | 'outputs'>
>

/**
 * The look-back of each target mapped to its horizon; the maps start at 0.
 *
 * Shapes: past [B, L, D], the targets C first → [B, H, outputs].
 * @throws UserError for more targets than columns, or outputs that are no multiple of them.
 */
export function mapLinearly(past: tfl.SymbolicTensor, map: LinearMap, weights: Weights): tfl.SymbolicTensor {
  const { decomposition, kernelSize, individual, targets, horizon, outputs } = map
  const columns = Number(past.shape[2])
  checkSize(DOING, 'targets', targets)
  if (targets > columns)
    throw expected({
      doing: DOING,
      want: `at most the ${columns} columns of the look-back`,
      of: 'targets',
      got: targets,
    })
  if (outputs % targets !== 0)
    throw expected({ doing: DOING, want: `a multiple of the ${targets} targets`, of: 'outputs', got: outputs })
  const parameters = outputs / targets

  const parts = decomposition ? decompose(past, kernelSize) : { past }
  const maps = Object.entries(parts).map(([name, part]) => {
    const byColumn = chain(part, new Permute({ dims: [2, 1], name: `${name}_columns` }))
    const seen =
      targets < columns
        ? chain(byColumn, new Cropping1D({ cropping: [0, columns - targets], name: `${name}_targets` }))
        : byColumn
    return chain(seen, linear(`${name}_map`, horizon * parameters, individual, weights))
  })
  const [first, second] = maps // [B, C, H · P] each
  if (!first) throw new TypeError('a linear forecaster has a map')
  return chain(
    second ? join([first, second], tfl.layers.add({ name: 'trend_and_rest' })) : first,
    new Reshape({ targetShape: [targets, horizon, parameters], name: 'by_target' }),
    new Permute({ dims: [2, 1, 3], name: 'by_step' }),
    new Reshape({ targetShape: [horizon, outputs], name: 'mapped' }),
  )
}

/** Shapes: [B, L, D] → each the same; their sum is what was given. */
function decompose(past: tfl.SymbolicTensor, kernelSize: number) {
  const trend = chain(past, new MovingAverage1D({ kernelSize, name: 'trend' }))
  const falling = chain(trend, tfl.layers.rescaling({ scale: -1, name: 'minus_trend' }))
  return { trend, rest: join([past, falling], tfl.layers.add({ name: 'rest' })) }
}

/** A map from the look-back of each target to its horizon. Shapes: [B, C, L] → [B, C, units]. */
function linear(name: string, units: number, individual: boolean, weights: Weights): tfl.layers.Layer {
  if (individual) return new ChannelDense({ units, name })
  return new Dense({ units, ...kernel(name, weights), kernelInitializer: tfl.initializers.zeros(), name })
}
