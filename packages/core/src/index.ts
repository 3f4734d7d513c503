export { UserError, expected, reasonOf } from './errors.js'
export { readBytes, readJson, writeFileAtomic, writeJsonAtomic } from './files.js'
export { beginStep, hash, nextLayerSeed, Random } from './runtime/random.js'
export { Trainer } from './training/trainer.js'
export type { TrainerOptions } from './training/trainer.js'
export type { FitOptions, FitResult, Progress } from './training/fit.js'
export type { CheckpointOptions } from './training/run-checkpoints.js'
export type { StepOptions } from './training/train-step.js'
export { ctcCrossentropy } from './training/ctc-loss.js'
export { gaussianDeviation, gaussianLoss, maskedLoss, quantileLoss, sortQuantiles } from './training/forecast-losses.js'
export type { MaskedLossName } from './training/forecast-losses.js'
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
export { DEVICES, isFast, setupRuntime } from './runtime/device.js'
export type { Device, DeviceName, RuntimeOptions, RuntimeReport } from './runtime/device.js'
export { inspectMachine, inspectModel } from './runtime/doctor.js'
export type { MachineFacts, ModelFacts } from './runtime/doctor.js'
export { AdditiveAttention, Attention, SequenceMask } from './layers/attention.js'
export { AttentionPooling1D } from './layers/attention-pooling.js'
export { BatchNormalization } from './layers/batch-normalization.js'
export { Bidirectional } from './layers/bidirectional.js'
export { BlankPadding } from './layers/blank-padding.js'
export { ConvLSTM2D, type ConvLSTM2DArgs } from './layers/conv-lstm.js'
export { AveragePooling1D, AveragePooling2D, Conv1D, Conv2D, MaxPooling1D, MaxPooling2D } from './layers/convolution.js'
export {
  AveragePooling3D,
  Conv3D,
  GlobalAveragePooling3D,
  GlobalMaxPooling3D,
  MaxPooling3D,
} from './layers/convolution-3d.js'
export type { GlobalPooling3DArgs } from './layers/convolution-3d.js'
export { ChannelDense } from './layers/channel-dense.js'
export type { ChannelDenseArgs } from './layers/channel-dense.js'
export { Dense, Permute, Reshape } from './layers/core.js'
export { Cropping1D, ZeroPadding1D } from './layers/crop-pad.js'
export type { Cropping1DArgs, ZeroPadding1DArgs } from './layers/crop-pad.js'
export { DepthwiseConv2D, SeparableConv2D } from './layers/depthwise.js'
export { Dropout, SpatialDropout1D } from './layers/dropout.js'
export { Embedding } from './layers/embedding.js'
export { GlobalAveragePooling1D, GlobalMaxPooling1D } from './layers/global-pooling.js'
export { GRU } from './layers/gru.js'
export type { GRULayerArgs } from './layers/gru.js'
export { HilbertWalk, hilbertCurve } from './layers/hilbert-walk.js'
export type { HilbertWalkArgs } from './layers/hilbert-walk.js'
export { registerInitializers, seededInitializer } from './layers/initializers.js'
export type { InitializerName } from './layers/initializers.js'
export { LayerNormLSTM } from './layers/layer-norm-lstm.js'
export type { LayerNormLSTMArgs } from './layers/layer-norm-lstm.js'
export { LayerNormalization } from './layers/layer-normalization.js'
export { LSTM } from './layers/lstm.js'
export { MovingAverage1D } from './layers/moving-average.js'
export type { MovingAverage1DArgs } from './layers/moving-average.js'
export { AlphaDropout, GaussianDropout, GaussianNoise } from './layers/noise.js'
export { ParallelDecoding } from './layers/parallel-decoding.js'
export type { ParallelDecodingArgs } from './layers/parallel-decoding.js'
export { PeepholeLSTM } from './layers/peephole-lstm.js'
export { registerLayers } from './layers/register.js'
export { RepeatVector } from './layers/repeat-vector.js'
export { SimpleRNN } from './layers/simple-rnn.js'
export { TimeDistributed } from './layers/time-distributed.js'
export { ZeroMasked } from './layers/zero-masked.js'
export type { ZeroMaskedArgs } from './layers/zero-masked.js'
export { buildAttentionForecaster } from './models/attention-forecaster.js'
export type { AttentionForecasterOptions } from './models/attention-forecaster.js'
export type { Cell, ConvolutionBlock, Head, ImagePooling, RecurrentStack, TimePooling, Walk } from './models/blocks.js'
export { buildCrnn } from './models/crnn.js'
export type { CrnnOptions } from './models/crnn.js'
export type { ForecastHead } from './models/forecast-head.js'
export type { ForecastShape } from './models/forecast-shape.js'
export { buildFrameSequence } from './models/frame-sequence.js'
export type { FrameSequenceOptions } from './models/frame-sequence.js'
export type { Fusion } from './models/fusion.js'
export { buildGridForecaster } from './models/grid-forecaster.js'
export type { GridForecasterOptions } from './models/grid-forecaster.js'
export { buildHierarchicalLstm, buildImageLstm } from './models/image-lstm.js'
export type { HierarchicalLstmOptions, ImageLstmOptions } from './models/image-lstm.js'
export { buildLinearForecaster } from './models/linear-forecaster.js'
export type { LinearForecasterOptions } from './models/linear-forecaster.js'
export { loadModel, saveModel } from './models/model-io.js'
export type { Extras } from './models/model-io.js'
export { buildParallel } from './models/parallel.js'
export type { ParallelOptions } from './models/parallel.js'
export { buildParallelForecaster } from './models/parallel-forecaster.js'
export type { ParallelForecasterOptions } from './models/parallel-forecaster.js'
export { buildRecurrentForecaster } from './models/recurrent-forecaster.js'
export type { RecurrentForecasterOptions } from './models/recurrent-forecaster.js'
export { buildSegmentRnn } from './models/segment-rnn.js'
export type { SegmentRnnOptions } from './models/segment-rnn.js'
export { buildSequenceAutoencoder } from './models/sequence-autoencoder.js'
export type { SequenceAutoencoderOptions } from './models/sequence-autoencoder.js'
export { statefulStep } from './models/stateful-step.js'
export type { StatefulStep } from './models/stateful-step.js'
export type { TimeConvolution } from './models/time-convolutions.js'
export { FREEZABLE, freezeLayers, transferWeights } from './models/transfer.js'
export type { Freezable, TransferOptions, TransferReport } from './models/transfer.js'
export { Alphabet, describeSymbol, symbolsOf } from './data/alphabet.js'
export type { Batch, BatchSource } from './data/batches.js'
export { Dataset, DatasetSource, evenlySpread, labelOf } from './data/dataset.js'
export type {
  BatchTransform,
  DataItem,
  HostBatch,
  ItemBatch,
  Loader,
  LoadRequest,
  Sample,
  SourceOptions,
} from './data/dataset.js'
export type { OrderOptions } from './data/epoch-order.js'
export { FeatureCache, featureKey } from './data/feature-cache.js'
export type { CachedArray, CacheStatistics, FeatureCacheOptions } from './data/feature-cache.js'
export { balancedClassWeights, countLabels, Labels } from './data/labels.js'
export { joinArrays } from './data/join-arrays.js'
export { mapOrdered } from './data/map-ordered.js'
export type { Ahead } from './data/map-ordered.js'
export { mixup } from './data/mixup.js'
export { ChannelStatistics, Normaliser } from './data/normalise.js'
export type { NormaliserJson } from './data/normalise.js'
export { maskFromLengths, padSequences, sizeOf } from './data/pad.js'
export type { NdArray, PaddedBatch, PadOptions } from './data/pad.js'
export {
  compilePattern,
  filesBelow,
  listFiles,
  readByPattern,
  readClassFolders,
  readCsvItems,
} from './data/read-items.js'
export type { CsvOptions, FileOptions, FoundFiles, LabelledFile, PatternOptions } from './data/read-items.js'
export {
  foldSplit,
  groupKFold,
  groupSplit,
  kFold,
  multilabelKFold,
  multilabelSplit,
  predefinedFolds,
  randomSplit,
  stratifiedKFold,
  stratifiedSplit,
} from './data/split.js'
export type { Fold, Parts, Shares } from './data/split.js'
export { transfer } from './data/transfer.js'
export type { Transfer } from './data/transfer.js'
export { joinWindows, slidingWindows, takeWindow } from './data/windows.js'
export type { WindowEnd, WindowOptions, WindowSpan } from './data/windows.js'
export { WorkerPool } from './data/worker-pool.js'
export type { RunOptions, TaskHandler, WorkerPoolOptions } from './data/worker-pool.js'
export { autocorrelation } from './metrics/autocorrelation.js'
export { nabProbation, nabProfiles, nabScore } from './metrics/anomaly.js'
export type { NabFile, NabFileScore, NabProfile, NabScore } from './metrics/anomaly.js'
export {
  accuracy,
  argMaxRows,
  classificationScores,
  cohenKappa,
  confusionMatrix,
  topKAccuracy,
} from './metrics/classification.js'
export type { ClassificationScores, ClassScores, Numbers } from './metrics/classification.js'
export { dieboldMariano, studentTCdf } from './metrics/diebold-mariano.js'
export type { DieboldMariano } from './metrics/diebold-mariano.js'
export { eventBasedScores, segmentBasedScores } from './metrics/events.js'
export type { EventMatching, EventScores, RecordingEvents, SegmentScores, SoundEvent } from './metrics/events.js'
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
export {
  bestThresholds,
  meanAveragePrecision,
  multilabelRocAuc,
  multilabelScores,
  subsetAccuracy,
} from './metrics/multilabel.js'
export { normalQuantile } from './metrics/normal.js'
export { calibration, logLoss } from './metrics/probability.js'
export type { Calibration, CalibrationBin } from './metrics/probability.js'
export {
  averagePrecision,
  multiclassAveragePrecision,
  multiclassRocAuc,
  precisionRecallCurve,
  rocAuc,
  rocCurve,
} from './metrics/ranking.js'
export type { AveragedScore, PrecisionRecallCurve, RocCurve } from './metrics/ranking.js'
export {
  meanAbsoluteError,
  meanSquaredError,
  r2Score,
  regressionScores,
  rootMeanSquaredError,
} from './metrics/regression.js'
export type { RegressionScores } from './metrics/regression.js'
export {
  alignSequences,
  characterErrorRate,
  editDistance,
  exactMatch,
  normalisedEditDistance,
  sequenceScores,
  wordErrorRate,
} from './metrics/sequence.js'
export type { AlignedSymbol, SequenceScores, SymbolSequence } from './metrics/sequence.js'
export { summariseClassification, summariseMultilabel } from './metrics/summary.js'
export type {
  ClassificationSummary,
  Figure,
  LabelAverages,
  LabelSummary,
  MultilabelSummary,
} from './metrics/summary.js'
export { openRunFolder, readRunOptions, runFolder } from './run-folder.js'
export type { RunFolder, RunRecord } from './run-folder.js'
