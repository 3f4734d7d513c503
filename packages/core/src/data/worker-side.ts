/**
 * What worker modules need from this package, without TensorFlow.js: importing the whole package costs each thread half a second
 * and 40 MiB, this a few milliseconds.
 */
export { UserError, expected, reasonOf } from '../errors.js'
export { readBytes } from '../files.js'
export { hash, Random } from '../runtime/random.js'
export { FeatureCache, featureKey } from './feature-cache.js'
export type { CachedArray, CacheStatistics, FeatureCacheOptions } from './feature-cache.js'
export { ChannelStatistics, Normaliser } from './normalise.js'
export type { NormaliserJson } from './normalise.js'
export { sizeOf } from './pad.js'
export type { NdArray } from './pad.js'
export { transfer } from './transfer.js'
export type { Transfer } from './transfer.js'
export { slidingWindows, takeWindow } from './windows.js'
export type { WindowEnd, WindowOptions, WindowSpan } from './windows.js'
