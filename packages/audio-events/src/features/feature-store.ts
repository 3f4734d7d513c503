/**
 * The log-mel frames of a list of sounds, made once by worker threads before training begins; holding and re-making them is core's.
 */
import type { LabelledFile } from '@weft/core/data'
import { cacheFolder, type FillOptions, ItemStore } from '@weft/core/app'
import type { FeatureResult, FeatureSettings, FeatureTask } from './feature-worker.js'
import { FORMAT } from '../model.js'

export type FeatureStore = ItemStore<LabelledFile, FeatureTask, FeatureResult, FeatureSettings>

/** Everything that decides what frames are made of a file, and where they are kept. */
export interface StoreOptions extends FillOptions {
  readonly settings: Omit<FeatureSettings, 'cacheFolder'>
  /** A folder, `none`, or undefined for the one in the home folder. */
  readonly cache?: string | undefined
}

/**
 * Computes the frames of all items, or reads them from the cache.
 *
 * @throws UserError for a file that cannot be used when `strict`, and when none can.
 */
export async function prepareFeatures(items: readonly LabelledFile[], options: StoreOptions): Promise<FeatureStore> {
  const spec = {
    module: new URL('./feature-worker.js', import.meta.url),
    settings: { ...options.settings, cacheFolder: cacheFolder(FORMAT.app, options.cache) },
    task: ({ path }: LabelledFile) => ({ path }),
    bytesOf: ({ values }: FeatureResult) => values.byteLength,
    lengthOf: ({ frames }: FeatureResult) => frames,
  }
  return ItemStore.prepare(items, spec, options)
}
