/**
 * Forecasts and alarms of tables: what `weft-forecast` does, as functions. Errors that a user can mend are `UserError`s of @weft/core;
 * nothing is printed.
 */
export type { Detection, Detector, DetectorKind } from './anomaly/detector.js'
export { RandomDetector, WindowedGaussianDetector } from './anomaly/reference-detectors.js'
export { detectRows, detectSeries, rowsOf, trainDetector } from './anomaly/train-detector.js'
export type { RowScores, DetectorOptions, Rows, SeriesDetection } from './anomaly/train-detector.js'
export { Watcher } from './anomaly/watcher.js'
export { backtest } from './backtest.js'
export type { BacktestResult, PaperTrade } from './backtest.js'
export { makeBaseline } from './baselines/index.js'
export type { BaselineForecast, Forecaster } from './baselines/index.js'
export { datasets } from './datasets/index.js'
export type { PublicDataset } from './datasets/public-dataset.js'
export { detect } from './detect.js'
export type { Alarm, TableAlarms, DetectResult } from './anomaly/table-alarms.js'
export { evaluate } from './evaluate.js'
export type { Judgement, LineJudgement, ForecasterJudgement } from './judging/judgement.js'
export { dieboldMariano, studentTCdf } from './metrics/diebold-mariano.js'
export type { DieboldMariano } from './metrics/diebold-mariano.js'
export {
  directionalAccuracy,
  intervalCoverage,
  intervalWidth,
  meanAbsoluteScaledError,
  pinballLoss,
  seasonalNaiveError,
  symmetricMape,
  winklerScore,
} from './metrics/forecast.js'
export { ForecastScores } from './metrics/forecast-scores.js'
export type { ForecastBatch, ForecastFigures, ForecastScoresOptions } from './metrics/forecast-scores.js'
export { nabProbation, nabProfiles, nabScore } from './metrics/nab.js'
export type { NabFile, NabFileScore, NabProfile, NabScore } from './metrics/nab.js'
export { buildAttentionForecaster } from './models/attention-forecaster.js'
export { gaussianLoss, maskedLoss, quantileLoss } from './models/forecast-losses.js'
export { buildGridForecaster } from './models/grid-forecaster.js'
export { buildLinearForecaster } from './models/linear-forecaster.js'
export { buildParallelForecaster } from './models/parallel-forecaster.js'
export { buildRecurrentForecaster } from './models/recurrent-forecaster.js'
export { buildSegmentRnn } from './models/segment-rnn.js'
export { LiveForecast } from './forecasting/live-forecast.js'
export { ForecastModel } from './model.js'
export type { ForecastSpec } from './forecasting/spec.js'
export { predict } from './predict.js'
export type { Prediction } from './forecasting/prediction.js'
export { presets } from './presets/index.js'
export type { Series, Step, Table } from './series/series.js'
export { readTable, tableFiles } from './table/read-table.js'
export type { TableOptions } from './table/table-options.js'
export { train } from './train.js'
export type { TrainResult } from './train.js'
export { watch } from './watch.js'
