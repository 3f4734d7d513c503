/**
 * Batches for training and validation: prepared images from the store, varied for training, scaled as the network's input, with targets.
 * Images of like width, and sequences of like length, share a batch. What an item looks like in an epoch is a function of (seed,
 * epoch, item).
 */
import { Dataset, labelOf, symbolsOf } from '@weft/core/data'
import type { Alphabet, BatchSource, NdArray, PadOptions, Sample } from '@weft/core/data'
import { judgingBatches, trainingBatches } from '@weft/core/app'
import { augment } from '../augment/augment.js'
import { frameOf } from '../features.js'
import type { ImageStore } from './image-store.js'
import type { PreparedItem } from './image-worker.js'
import type { ImageItem } from '../data/items.js'
import type { ImageModel } from '../model.js'
import type { TrainOptions } from '../options.js'

/** Stands after the last symbol of a text in a batch of targets. */
const NO_SYMBOL: PadOptions = { value: -1 }

/** Batches of varied images in random order. */
export function trainingSource(
  model: ImageModel,
  items: readonly ImageItem[],
  store: ImageStore,
  options: TrainOptions,
): BatchSource {
  return new Dataset(items).source({
    ...trainingBatches(items, options),
    ...byLength(model, items, store),
    padTargets: NO_SYMBOL,
    load: async ({ item, seed }) => {
      const image = await store.get(item)
      return sample(model, item, options.augment ? vary(image, options, seed) : image)
    },
  })
}

/** Batches of images as they are, in their order. */
export function plainSource(
  model: ImageModel,
  items: readonly ImageItem[],
  store: ImageStore,
  options: Pick<TrainOptions, 'batchSize' | 'seed'>,
): BatchSource {
  return new Dataset(items).source({
    ...judgingBatches(options),
    ...byLength(model, items, store),
    padTargets: NO_SYMBOL,
    load: async ({ item }) => sample(model, item, await store.get(item)),
  })
}

/** Items of like length share a batch, unless all are of one length. */
function byLength(model: ImageModel, items: readonly ImageItem[], store: ImageStore) {
  const varies = new Set(items.map((item) => store.lengthOf(item))).size > 1
  return {
    pad: model.input.padding(varies),
    ...(varies && { lengthOf: (item: ImageItem) => store.lengthOf(item) }),
  }
}

/** Every frame of a sequence is varied alike. */
export function vary(image: PreparedItem, options: TrainOptions, seed: number): PreparedItem {
  const pixels = new Uint8Array(image.pixels.length)
  for (let frame = 0; frame < image.frames; frame++) {
    const varied = augment(frameOf(image, frame), options, seed)
    pixels.set(varied.pixels, frame * varied.pixels.length)
  }
  return { ...image, pixels }
}

function sample(model: ImageModel, item: ImageItem, image: PreparedItem): Sample {
  const { meaning } = model.spec
  const x = model.input.of(image)
  const label = labelOf(item)
  return { x, y: meaning.task === 'read' ? textTarget(label, meaning.alphabet) : meaning.labels.oneHot(label) }
}

/** The classes [L] of a text; symbols that the alphabet lacks, which only judged texts can have, are left out. */
function textTarget(text: string, alphabet: Alphabet): NdArray {
  const missing = new Set(alphabet.missing(text))
  const known = symbolsOf(text).filter((symbol) => !missing.has(symbol))
  const classes = known.flatMap((symbol) => alphabet.encode(symbol))
  return { data: Float32Array.from(classes), shape: [classes.length] }
}
