export { Alphabet, describeSymbol, symbolsOf } from './alphabet.js'
export type { Batch, BatchSource } from './batches.js'
export { Dataset, DatasetSource, evenlySpread, labelOf } from './dataset.js'
export type {
  BatchTransform,
  DataItem,
  HostBatch,
  ItemBatch,
  LoadRequest,
  Loader,
  Sample,
  SourceOptions,
} from './dataset.js'
export type { OrderOptions } from './epoch-order.js'
export { FeatureCache, featureKey } from './feature-cache.js'
export type { CacheStatistics, CachedArray, FeatureCacheOptions } from './feature-cache.js'
export { joinArrays } from './join-arrays.js'
export { Labels, balancedClassWeights, countLabels } from './labels.js'
export { mapOrdered } from './map-ordered.js'
export type { Ahead } from './map-ordered.js'
export { mixup } from './mixup.js'
export { ChannelStatistics, Normaliser } from './normalise.js'
export type { NormaliserJson } from './normalise.js'
export { padSequences, sizeOf } from './pad.js'
export type { NdArray, PadOptions, PaddedBatch } from './pad.js'
export { filesBelow, listFiles, readByPattern, readClassFolders, readCsvItems } from './read-items.js'
export type { CsvOptions, FileOptions, FileListing, LabelledFile, PatternOptions } from './read-items.js'
export {
  groupKFold,
  groupSplit,
  kFold,
  multilabelKFold,
  multilabelSplit,
  predefinedFolds,
  randomSplit,
  stratifiedKFold,
  stratifiedSplit,
} from './split.js'
export type { Fold, Parts, Shares } from './split.js'
export { transfer } from './transfer.js'
export type { Transfer } from './transfer.js'
export { joinWindows, slidingWindows, takeWindow } from './windows.js'
export type { WindowEnd, WindowOptions, WindowSpan } from './windows.js'
export { WorkerPool } from './worker-pool.js'
export type { RunOptions, TaskHandler, WorkerPoolOptions } from './worker-pool.js'
