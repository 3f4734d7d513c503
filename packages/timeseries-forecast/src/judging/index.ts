/**
 * Judging forecasts: the verdict against a baseline, conformal intervals, folds in time, a paper strategy.
 */
export { Conformal, conformalQuantile } from './conformal.js'
export type { ConformalJson, ConformalOptions, Intervals, PointCalibration, QuantileCalibration } from './conformal.js'
export { expandingFolds, type ExpandingFold, type ExpandingOptions, type Rows } from './rolling.js'
export { paperStrategy, type Performance, type StrategyOptions, type StrategyReport } from './strategy.js'
export { judge, type Judged, type Verdict, type VerdictOptions, type VerdictWord } from './verdict.js'
