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
export { DEVICES, setupRuntime } from './runtime/device.js'
export type { Device, DeviceName, RuntimeOptions, RuntimeReport } from './runtime/device.js'
export { AttentionPooling1D } from './layers/attention-pooling.js'
export { BatchNormalization } from './layers/batch-normalization.js'
export { Bidirectional } from './layers/bidirectional.js'
export { AveragePooling1D, AveragePooling2D, Conv1D, Conv2D, MaxPooling1D, MaxPooling2D } from './layers/convolution.js'
export { Dense, Permute, Reshape } from './layers/core.js'
export { Dropout, SpatialDropout1D } from './layers/dropout.js'
export { GlobalAveragePooling1D, GlobalMaxPooling1D } from './layers/global-pooling.js'
export { registerInitializers, seededInitializer } from './layers/initializers.js'
export type { InitializerName } from './layers/initializers.js'
export { LSTM } from './layers/lstm.js'
export { registerLayers } from './layers/register.js'
export { TimeDistributed } from './layers/time-distributed.js'
export { buildCrnn } from './models/crnn.js'
export type { ConvolutionBlock, CrnnOptions, RecurrentStack } from './models/crnn.js'
export { loadModel, saveModel } from './models/model-io.js'
export type { Extras } from './models/model-io.js'
export { FREEZABLE, freezeLayers, transferWeights } from './models/transfer.js'
export type { Freezable, TransferReport } from './models/transfer.js'
