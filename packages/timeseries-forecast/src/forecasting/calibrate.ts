/**
 * The margins of a model's intervals: by how much they must be widened so that they hold the share of the truth that was asked for,
 * estimated on the validation part, to which no weight was fitted. The method is in judging/conformal.ts.
 */
import { joinArrays } from '@weft/core/data'
import type { ForecastSet } from './forecast-set.js'
import { Conformal } from '../judging/conformal.js'
import type { ForecastModel } from '../model.js'

/** Numbers that a calibration holds at most, each a forecast of one lead of one target. */
const MOST_VALUES = 20_000_000

/** The model with margins of each lead and target over all series; without validation windows there are no intervals. */
export function calibrate(
  model: ForecastModel,
  { prepared }: ForecastSet,
  origins: readonly Uint32Array[],
): ForecastModel {
  const { options, layout } = model.spec
  const { horizon, intervals, coverage: level } = options
  const windows = origins.reduce((sum, own) => sum + own.length, 0)
  if (intervals === 'none' || windows === 0) return model
  const targets = layout.targets.length
  const share = Math.min(1, Math.floor(MOST_VALUES / (horizon * targets)) / windows)
  const some = origins.map((own) => own.filter((_, at) => Math.floor((at + 1) * share) > Math.floor(at * share)))
  const forecaster = model.over(prepared, some)
  const batches = some.map((own, series) => forecaster.scaled(series, 0, own.length))
  const all = (name: 'truth' | 'lower' | 'upper') => joinArrays(batches.map((batch) => batch[name]))
  const calibration = { truth: all('truth'), lower: all('lower'), upper: all('upper') }
  return model.withIntervals(Conformal.ofQuantiles(calibration, { horizon, targets, level }))
}
