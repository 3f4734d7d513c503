/**
 * Batches for training and validation: frames from the store, varied and blended for training, brought to one length, finished as
 * the network's input, with targets. What an item looks like in an epoch is a function of (seed, epoch, item).
 */
import { join } from 'node:path'
import { Dataset, labelOf, listFiles, mixup } from '@weft/core/data'
import { hash } from '@weft/core/runtime'
import type { BatchSource, LabelledFile, Sample } from '@weft/core/data'
import { judgingBatches, trainingBatches } from '@weft/core/app'
import { augment } from './augment.js'
import { SOUND_EXTENSIONS } from '../sound/decode.js'
import type { FeatureStore } from './feature-store.js'
import type { Frames } from '../features.js'
import type { SoundModel } from '../model.js'
import type { TrainOptions } from '../options.js'

/** The recordings in a folder of noise, as items of a store. */
export function noiseItems(folder: string): LabelledFile[] {
  const names = listFiles(folder, { extensions: SOUND_EXTENSIONS })
  return names.map((name) => ({ id: name, path: join(folder, name), labels: [], fields: {} }))
}

/** Batches of varied sounds in random order. */
export function trainingSource(
  model: SoundModel,
  items: readonly LabelledFile[],
  store: FeatureStore,
  options: TrainOptions,
  noise?: FeatureStore,
): BatchSource {
  const { window } = model
  return new Dataset(items).source({
    ...trainingBatches(items, options),
    ...(options.augment && options.mixup > 0 && { transform: mixup(options.mixup) }),
    load: async ({ item, seed }) => {
      const sound = await store.get(item)
      if (!options.augment) return sample(model, item, sound)
      const other = noise?.items[hash(seed, 'noise') % noise.items.length]
      const background = other && (await noise?.get(other))
      return sample(model, item, augment(sound, window, options, seed, background))
    },
  })
}

/** Batches of sounds as they are, in their order. */
export function plainSource(
  model: SoundModel,
  items: readonly LabelledFile[],
  store: FeatureStore,
  options: Pick<TrainOptions, 'batchSize' | 'seed'>,
): BatchSource {
  return new Dataset(items).source({
    ...judgingBatches(options),
    load: async ({ item }) => sample(model, item, await store.get(item)),
  })
}

function sample(model: SoundModel, item: LabelledFile, sound: Frames): Sample {
  const { labels, spec } = model
  const y = spec.multiLabel ? labels.multiHot(item.labels) : labels.oneHot(labelOf(item))
  return { x: { data: model.input(sound), shape: model.inputShape }, y }
}
