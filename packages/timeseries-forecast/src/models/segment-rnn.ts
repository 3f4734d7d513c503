/**
 * Forecasting by segments (SegRNN): the look-back is cut into segments, so that a recurrent layer takes tens of steps instead of
 * hundreds, and every segment of the horizon is written at once from its last state. One target and its covariates; several targets
 * are as many items of a batch, told apart by the series' number. The caller subtracts the last value and adds it again.
 * After Lin et al. 2023, arXiv:2308.11200.
 */
import * as tfl from '@weft/core/tfjs-layers'
import { expected } from '@weft/core/errors'
import { Cropping1D, ZeroPadding1D, Dense, Reshape, Dropout, ParallelDecoding, registerLayers } from '@weft/core/layers'
import {
  type Cell,
  chain,
  join,
  kernel,
  type ModelOptions,
  recurrentLayer,
  type Weights,
  weightsOf,
} from '@weft/core/models'
import { checkSize, embedSeries, forecastInputs, type ForecastShape } from './forecast-shape.js'
import { type LinearMap, mapLinearly } from './linear-forecaster.js'

export interface SegmentRnnOptions extends ForecastShape, ModelOptions {
  /** Rows in a segment of the look-back and of the horizon. */
  segmentLength: number
  /** Units of the recurrent layer and of a segment's vector. Default 512. */
  units?: number
  /** Default 'gru'. */
  cell?: Cell
  /** Share of the last layer's inputs dropped. Default 0. */
  dropout?: number
  /**
   * With a number of targets C, which are the first columns of the look-back: the look-back of each is also mapped linearly to its
   * horizon (NLinear; Zeng et al. 2022, arXiv:2205.13504), and the recurrence forecasts what is left. Default 0, none.
   */
  linearTargets?: number
}

const DOING = 'building a segment network'

/**
 * Where the look-back is no multiple of a segment its oldest rows are left out; where the horizon is none, the last segment is cut.
 *
 * Shapes: past [B, L, D], future [B, H, K], series [B, 1] → [B, H, outputs].
 * @throws UserError when a size is out of range, or the look-back is shorter than a segment.
 */
export function buildSegmentRnn(options: SegmentRnnOptions): tfl.LayersModel {
  registerLayers()
  const {
    lookBack,
    horizon,
    segmentLength,
    units = 512,
    cell = 'gru',
    outputs,
    dropout = 0,
    linearTargets = 0,
  } = options
  const inputs = forecastInputs(options, DOING)
  checkSize(DOING, 'segmentLength', segmentLength)
  checkSize(DOING, 'units', units)
  if (segmentLength > lookBack)
    throw expected({
      doing: DOING,
      want: `at most the look-back (${lookBack})`,
      of: 'segmentLength',
      got: segmentLength,
    })
  const weights = weightsOf(options)
  const steps = Math.ceil(horizon / segmentLength)

  const segments = segmented(inputs.past, segmentLength, 'past')
  const decoding = new ParallelDecoding({
    layer: recurrentLayer(cell, cell, { units }, weights),
    ...{ steps, seed: weights.seed, name: 'decoding' },
  })
  const vectors = [
    chain(segments, new Dense({ units, activation: 'relu', ...kernel('segment', weights), name: 'segment' })),
    ...seriesVector(options, inputs.series, units, weights),
    ...knownSegments(inputs.future, segmentLength),
  ]
  const rows = chain(
    join(vectors, decoding),
    ...(dropout > 0 ? [new Dropout({ rate: dropout, name: 'head_dropout' })] : []),
    new Dense({ units: segmentLength * outputs, ...kernel('head', weights), name: 'head' }),
    new Reshape({ targetShape: [steps * segmentLength, outputs], name: 'rows' }),
  )
  const beyond = steps * segmentLength - horizon
  const recurrent = beyond > 0 ? chain(rows, new Cropping1D({ cropping: [0, beyond], name: 'horizon' })) : rows
  const output =
    linearTargets > 0
      ? join(
          [recurrent, mapLinearly(inputs.past, linearMap(options, linearTargets), weights)],
          tfl.layers.add({ name: 'sum' }),
        )
      : recurrent
  return tfl.model({ inputs: inputs.all, outputs: output, name: options.name ?? 'segment_rnn' })
}

function linearMap({ horizon, outputs }: ForecastShape, targets: number): LinearMap {
  return { decomposition: false, kernelSize: 1, individual: false, targets, horizon, outputs }
}

/** The last whole segments. Shapes: [B, T, C] → [B, ⌊T / length⌋, length · C]. */
function segmented(x: tfl.SymbolicTensor, length: number, name: string): tfl.SymbolicTensor {
  const [, time = 0, channels = 0] = x.shape.map(Number)
  const [count, oldest] = [Math.floor(time / length), time % length]
  return chain(
    x,
    ...(oldest > 0 ? [new Cropping1D({ cropping: [oldest, 0], name: `${name}_newest` })] : []),
    new Reshape({ targetShape: [count, length * channels], name: `${name}_segments` }),
  )
}

/** The half of the decoder's input that is the series'; none without series. */
function seriesVector(
  { series }: ForecastShape,
  input: tfl.SymbolicTensor | undefined,
  units: number,
  weights: Weights,
): tfl.SymbolicTensor[] {
  if (!input || !series) return []
  const size = series.units ?? Math.floor(units / 2)
  if (!Number.isInteger(size) || size < 1 || size >= units)
    throw expected({
      doing: DOING,
      want: `a whole number from 1 to below units (${units})`,
      of: 'series.units',
      got: size,
    })
  return [embedSeries(input, series.count, size, weights)]
}

/** What is known of each segment of the horizon; none without features. Shapes: [B, H, K] → [B, M, segmentLength · K]. */
function knownSegments(future: tfl.SymbolicTensor | undefined, length: number): tfl.SymbolicTensor[] {
  if (!future) return []
  const beyond = (length - (Number(future.shape[1]) % length)) % length
  const whole = beyond > 0 ? chain(future, new ZeroPadding1D({ padding: [0, beyond], name: 'future_whole' })) : future
  return [segmented(whole, length, 'future')]
}
