/**
 * What a worker thread does for one file: decode, resample, trim, log-mel frames, with a cache on disk between runs. The pool of
 * core calls `handle`; feature-store.ts asks for it. Files with warnings are not cached, so that the next run warns again.
 */
import { FeatureCache, featureKey, readBytes, transfer } from '@weft/core/worker'
import type { Transfer } from '@weft/core/worker'
import { decodeSound } from '../sound/decode.js'
import { Spectrogram, type Frames } from '../features.js'
import type { SpectrogramOptions } from '../options/sound.js'
import { trimSilence } from '../sound/signal.js'

/** Raised when the same file and options give other frames than before, so that no old entry of a cache is used. */
const FEATURES_VERSION = 1

export interface FeatureTask {
  readonly path: string
}

/** Everything that decides what frames are made of a file, and where they are kept. */
export interface FeatureSettings {
  readonly spectrogram: SpectrogramOptions
  readonly trimDb: number
  /** Undefined keeps nothing. */
  readonly cacheFolder: string | undefined
}

export interface FeatureResult extends Frames {
  readonly warnings: readonly string[]
}

/** Bytes of features that the cache may take. */
const CACHE_BYTES = 4 * 2 ** 30

interface Tools {
  readonly settings: FeatureSettings
  readonly spectrogram: Spectrogram
  readonly cache: FeatureCache | undefined
}

let tools: Tools | undefined

function toolsFor(settings: FeatureSettings): Tools {
  if (tools?.settings === settings) return tools
  const { cacheFolder } = settings
  const cache = cacheFolder === undefined ? undefined : new FeatureCache(cacheFolder, { maxBytes: CACHE_BYTES })
  tools = { settings, spectrogram: new Spectrogram(settings.spectrogram), cache }
  return tools
}

/** The log-mel frames of a file. */
export async function handle({ path }: FeatureTask, settings: FeatureSettings): Promise<Transfer<FeatureResult>> {
  const { spectrogram, cache } = toolsFor(settings)
  const bytes = await readBytes(path)
  const key =
    cache && featureKey(bytes, { version: FEATURES_VERSION, trimDb: settings.trimDb, ...settings.spectrogram })
  const cached = key === undefined ? undefined : cache?.read(key)
  if (cached !== undefined) {
    const [frames = 0, width = 0] = cached.shape
    return result({ values: cached.data, frames, width, warnings: [] })
  }
  const sound = await decodeSound(bytes, path, settings.spectrogram.sampleRateHz)
  const samples = trimSilence(sound.samples, sound.sampleRateHz, settings.trimDb)
  const computed = { ...spectrogram.compute(samples), warnings: sound.warnings }
  if (key !== undefined && sound.warnings.length === 0) {
    cache?.write(key, { data: computed.values, shape: [computed.frames, computed.width] })
  }
  return result(computed)
}

function result(features: FeatureResult): Transfer<FeatureResult> {
  const { buffer } = features.values
  return buffer instanceof ArrayBuffer ? transfer(features, [buffer]) : transfer(features, [])
}
