/**
 * The log-mel frames of a list of sounds, made once by worker threads before training begins; holding and re-making them is core's.
 */
import type { LabelledFile } from '@weft/core/data'
import { cacheFolder, type Hooks, ItemStore, pickOptions } from '@weft/core/app'
import type { FeatureResult, FeatureSettings, FeatureTask } from './feature-worker.js'
import { FORMAT } from '../model.js'
import { spectrogramOptions, type FeatureOptions, type SpectrogramOptions } from '../options/sound.js'

export type FeatureStore = ItemStore<LabelledFile, FeatureTask, FeatureResult, FeatureSettings>

/** Everything that decides what frames are made of a file, by whom, and where they are kept. */
export interface StoreOptions extends SpectrogramOptions, Pick<FeatureOptions, 'trimDb'> {
  /** A folder, `none`, or undefined for the one in the home folder. */
  readonly cache: string | undefined
  readonly workers: number | undefined
  readonly strict: boolean
}

/**
 * Computes the frames of all items, or reads them from the cache.
 *
 * @throws UserError for a file that cannot be used when `strict`, and when none can.
 */
export async function prepareFeatures(
  items: readonly LabelledFile[],
  { cache, workers, strict, ...heard }: StoreOptions,
  { signal, onFiles }: Hooks,
): Promise<FeatureStore> {
  const spec = {
    module: new URL('./feature-worker.js', import.meta.url),
    settings: {
      spectrogram: pickOptions(heard, spectrogramOptions),
      trimDb: heard.trimDb,
      cacheFolder: cacheFolder(FORMAT.app, cache),
    },
    task: ({ path }: LabelledFile) => ({ path }),
    bytesOf: ({ values }: FeatureResult) => values.byteLength,
    lengthOf: ({ frames }: FeatureResult) => frames,
  }
  return ItemStore.prepare(items, spec, { workers, strict, signal, onProgress: onFiles })
}
