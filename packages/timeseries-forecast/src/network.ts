/**
 * The network that the options ask for. The builders are in models/; here one is chosen, and the meaning of each output: a point, the
 * quantiles of an interval, or a normal distribution.
 */
import type * as tfl from '@tensorflow/tfjs-layers'
import { buildAttentionForecaster } from './models/attention-forecaster.js'
import { buildGridForecaster } from './models/grid-forecaster.js'
import { buildLinearForecaster } from './models/linear-forecaster.js'
import { buildParallelForecaster } from './models/parallel-forecaster.js'
import { buildRecurrentForecaster } from './models/recurrent-forecaster.js'
import { buildSegmentRnn } from './models/segment-rnn.js'
import { gaussianLoss, maskedLoss, quantileLoss } from './models/forecast-losses.js'
import { type LossFunction } from '@weft/core/training'
import type { HeadOptions, NetworkOptions } from './options/network.js'

/** The sizes of a network's inputs and output, before its options. */
export interface NetworkSizes {
  readonly lookBack: number
  /** Rows that one call of the network forecasts. */
  readonly horizon: number
  /** Columns of the look-back, D. */
  readonly inputs: number
  /** Columns that are forecast, C. */
  readonly targets: number
  /** Columns known in advance, K. */
  readonly futureInputs: number
  /** Series that share the network. */
  readonly series: number
  /** Of a grid of stations, whose cells are the targets. */
  readonly grid: { readonly rows: number; readonly columns: number } | undefined
  readonly seed: number
}

/** The quantiles of a forecast: the ends of the interval and the median between them. */
export function quantilesOf({ coverage }: Pick<HeadOptions, 'coverage'>): [number, number, number] {
  return [(1 - coverage) / 2, 0.5, (1 + coverage) / 2]
}

/** Outputs P for each target. */
export function parametersOf({ intervals }: Pick<HeadOptions, 'intervals'>): number {
  return intervals === 'quantiles' ? 3 : intervals === 'gaussian' ? 2 : 1
}

/** The loss by which those outputs are learnt. */
export function lossOf(options: HeadOptions): LossFunction {
  if (options.intervals === 'quantiles') return quantileLoss(quantilesOf(options))
  return options.intervals === 'gaussian' ? gaussianLoss() : maskedLoss(options.loss)
}

export function buildNetwork(options: NetworkOptions & HeadOptions, sizes: NetworkSizes): tfl.LayersModel {
  const { lookBack, inputs, horizon, targets, futureInputs, series, seed } = sizes
  const { network, units, layers, bidirectional, dropout, filters, kernelSize, fusion, linear, segmentLength } = options
  const shape = {
    lookBack,
    inputs,
    horizon,
    outputs: targets * parametersOf(options),
    future: futureInputs,
    seed,
    ...(series > 1 && { series: { count: series } }),
  }
  const recurrent = { units, layers, bidirectional, dropout: layers > 1 ? dropout : 0 }
  const convolutions = filters.map((count) => ({ filters: count, kernelSize }))
  switch (network) {
    case 'segment':
      return buildSegmentRnn({ ...shape, segmentLength, units, dropout, linearTargets: linear ? targets : 0 })
    case 'lstm':
    case 'gru':
      return buildRecurrentForecaster({ ...shape, recurrent: { ...recurrent, type: network }, dropout })
    case 'cnn-lstm':
      return buildRecurrentForecaster({ ...shape, convolutions, recurrent, dropout })
    case 'parallel':
      return buildParallelForecaster({ ...shape, convolutions, recurrent, fusion, dropout })
    case 'encoder-decoder':
      return buildAttentionForecaster({ ...shape, units, dropout })
    case 'grid': {
      const { rows, columns } = sizes.grid ?? { rows: 1, columns: targets }
      return buildGridForecaster({ ...shape, rows, columns, filters, kernelSize, dropout })
    }
    case 'dlinear':
    case 'nlinear':
      return buildLinearForecaster({ ...shape, targets, decomposition: network === 'dlinear' })
  }
}
