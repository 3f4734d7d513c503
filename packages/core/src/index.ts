export { UserError, expected } from './errors.js'
export { readJson, writeFileAtomic, writeJsonAtomic } from './files.js'
export { beginStep, dropoutFactors, hash, nextLayerSeed, Random } from './runtime/random.js'
export { Trainer } from './training/trainer.js'
export type { CheckpointOptions, FitOptions, FitResult, Progress, TrainerOptions } from './training/trainer.js'
export type { StepOptions } from './training/train-step.js'
export { isLossName, lossNames, makeLoss } from './training/losses.js'
export type { LossFunction, LossName, LossOptions } from './training/losses.js'
export { makeOptimizer } from './training/optimizers.js'
export type { Optimizer, OptimizerName, OptimizerOptions, UpdateOptions } from './training/optimizers.js'
export { makeSchedule } from './training/schedules.js'
export type { RunLength, Schedule, ScheduleName, ScheduleOptions } from './training/schedules.js'
export { EarlyStopping, ModelCheckpoint, Monitor, ReduceLearningRateOnPlateau } from './training/callbacks.js'
export type {
  Callback,
  CallbackState,
  EpochLog,
  History,
  Json,
  MonitorOptions,
  Run,
  ValidationLog,
} from './training/callbacks.js'
export { CsvLogger, JsonLinesLogger, TensorBoardLogger } from './training/loggers.js'
export { disposeBatch, Outputs } from './training/evaluate.js'
export type { BatchOutputs, Evaluation, Metrics } from './training/evaluate.js'
export { CheckpointFolder } from './training/checkpoint.js'
export { crossValidate } from './training/cross-validation.js'
export type { CrossValidationResult } from './training/cross-validation.js'
