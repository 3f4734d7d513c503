export { EarlyStopping, ModelCheckpoint, Monitor, ReduceLearningRateOnPlateau } from './callbacks.js'
export type {
  Callback,
  CallbackState,
  EpochLog,
  History,
  Json,
  MonitorOptions,
  Run,
  ValidationLog,
} from './callbacks.js'
export { CheckpointFolder } from './checkpoint.js'
export { crossValidate } from './cross-validation.js'
export type { CrossValidationResult } from './cross-validation.js'
export { ctcCrossentropy } from './ctc-loss.js'
export { Outputs, disposeBatch } from './evaluate.js'
export type { BatchOutputs, Evaluation, Metrics } from './evaluate.js'
export type { FitOptions, FitResult, Progress } from './fit.js'
export type { CheckpointOptions } from './run-checkpoints.js'
export { CsvLogger, JsonLinesLogger, TensorBoardLogger } from './loggers.js'
export { elementLosses, isLossName, lossNames, makeLoss, weightedLoss } from './losses.js'
export type { ElementLoss, LossFunction, LossName, LossOptions } from './losses.js'
export { makeOptimizer } from './optimizers.js'
export type { Optimizer, OptimizerName, OptimizerOptions, UpdateOptions } from './optimizers.js'
export { makeSchedule } from './schedules.js'
export type { RunLength, Schedule, ScheduleName, ScheduleOptions } from './schedules.js'
export type { StepOptions } from './train-step.js'
export { Trainer } from './trainer.js'
export type { TrainerOptions } from './trainer.js'
