/**
 * From a folder of sounds to what a model must know of them: their list and labels, and its spec. The training part alone decides how
 * long a window is, and the mean and deviation of each value that the network sees. Nothing is decoded or trained here.
 */
import { ChannelStatistics, evenlySpread, Normaliser } from '@weft/core/data'
import type { Labels, LabelledFile } from '@weft/core/data'
import { refuseSkipped, type Divided, type SkippedFile } from '@weft/core/app'
import { cutOrPad } from './features/augment.js'
import { isMultiLabel, labelsOf, readSounds } from './data.js'
import type { FeatureStore } from './features/feature-store.js'
import { Spectrogram } from './features.js'
import { Finisher } from './features/finish.js'
import { remembered, type SoundSpec } from './model.js'
import type { TrainOptions } from './options.js'

/** Share of the training sounds that fit whole into an automatic window, and its longest. */
const FITTING_SHARE = 0.95
const LONGEST_SECONDS = 10
/** Sounds that statistics are taken of at most, evenly spread. */
const MOST_SOUNDS = 5000

/** Sounds with their frames, and how they are divided. */
export interface TrainingSet {
  readonly labels: Labels
  readonly multiLabel: boolean
  readonly parts: Divided<LabelledFile>
  readonly store: FeatureStore
  readonly skipped: readonly SkippedFile[]
}

/** A list of sounds, and what it says of the task. */
export interface SoundList {
  readonly items: readonly LabelledFile[]
  readonly skipped: readonly SkippedFile[]
  readonly labels: Labels
  readonly multiLabel: boolean
}

/** Lists the sounds that the options name; decodes none. */
export function listSounds(options: TrainOptions): SoundList {
  const { items, skipped } = readSounds(options.data, options)
  refuseSkipped(skipped, options)
  return { items, skipped, multiLabel: isMultiLabel(options, items), labels: labelsOf(items, options.data) }
}

/** The spec of a model for these sounds. */
export async function prepareSpec(
  { labels, multiLabel, parts, store }: TrainingSet,
  options: TrainOptions,
): Promise<SoundSpec> {
  const spectrogram = new Spectrogram(options)
  const seconds =
    options.durationSeconds > 0 ? options.durationSeconds : fittingSeconds(parts.train, store, spectrogram, options)
  const frames = spectrogram.framesIn(Math.round(seconds * options.sampleRateHz))
  const finisher = new Finisher(options, spectrogram.width)
  const statistics = new ChannelStatistics(finisher.columns * finisher.channels)
  for (const item of evenlySpread(parts.train, MOST_SOUNDS)) {
    const sound = await store.get(item)
    statistics.add(finisher.apply(cutOrPad(sound, { ...options, frames })), item.id)
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
