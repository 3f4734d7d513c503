/**
 * Forecasts and alarms of tables: what `weft-forecast` does, as functions. Errors that a user can mend are `UserError`s of @weft/core;
 * nothing is printed.
 */
export { backtest } from './backtest.js'
export { makeBaseline } from './baselines/index.js'
export { datasets } from './datasets/index.js'
export type { PublicDataset } from './datasets/index.js'
export { evaluate } from './evaluate.js'
export type { Judgement, LineJudgement, Scored } from './judge.js'
export { ForecastModel } from './model.js'
export type { Forecasting } from './model.js'
export { predict } from './predict.js'
export type { Prediction } from './predict.js'
export { presets } from './presets/index.js'
export type { Series, Step, Table } from './series.js'
export { readTable } from './table/read-table.js'
export type { TableOptions } from './table/table-options.js'
export { train } from './train.js'
export type { TrainResult } from './train.js'
