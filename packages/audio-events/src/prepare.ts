/**
 * What the training part decides before training begins: how long a window is, and the mean and deviation of each value that the
 * network sees. Validation and test parts have no say in it.
 */
import { ChannelStatistics, evenlySpread, Normaliser } from '@weft/core/data'
import type { Labels, LabelledFile } from '@weft/core/data'
import type { Divided, SkippedFile } from '@weft/core/app'
import { fit } from './augment.js'
import type { FeatureStore } from './feature-store.js'
import { Spectrogram } from './features.js'
import { Finisher } from './finish.js'
import { finishOptions, remembered, spectrogramOptions, type Hearing } from './model.js'
import type { TrainOptions } from './options.js'

/** Share of the training sounds that fit whole into an automatic window, and its longest. */
const FITTING_SHARE = 0.95
const LONGEST_SECONDS = 10
/** Sounds that statistics are taken of at most, evenly spread. */
const MOST_SOUNDS = 5000

/** Sounds with their frames, and how they are divided. */
export interface Sounds {
  readonly labels: Labels
  readonly multiLabel: boolean
  readonly parts: Divided<LabelledFile>
  readonly store: FeatureStore
  readonly skipped: readonly SkippedFile[]
}

/** What a model for these sounds is, before it has weights. */
export async function prepareHearing(
  { labels, multiLabel, parts, store }: Sounds,
  options: TrainOptions,
): Promise<Hearing> {
  const spectrogram = new Spectrogram(spectrogramOptions(options))
  const seconds =
    options.durationSeconds > 0 ? options.durationSeconds : fittingSeconds(parts.train, store, spectrogram, options)
  const frames = spectrogram.framesIn(Math.round(seconds * options.sampleRateHz))
  const finisher = new Finisher(finishOptions(options), spectrogram.width)
  const statistics = new ChannelStatistics(finisher.columns * finisher.channels)
  for (const item of evenlySpread(parts.train, MOST_SOUNDS)) {
    const sound = await store.get(item)
    statistics.add(finisher.apply(fit(sound, frames, options.melBands, options.floorDb)), item.id)
  }
  return { labels, multiLabel, frames, normaliser: Normaliser.from(statistics), options: remembered(options) }
}

/** Seconds, in tenths, that nearly all training sounds fit into. */
function fittingSeconds(
  training: readonly LabelledFile[],
  store: FeatureStore,
  spectrogram: Spectrogram,
  options: TrainOptions,
): number {
  const lengths = training.map((item) => store.lengthOf(item)).sort((a, b) => a - b)
  const frames = lengths[Math.min(lengths.length - 1, Math.floor(lengths.length * FITTING_SHARE))] ?? 1
  const seconds = spectrogram.samplesIn(frames) / options.sampleRateHz
  return Math.min(LONGEST_SECONDS, Math.max(0.1, Math.ceil(seconds * 10 - 1e-6) / 10))
}
