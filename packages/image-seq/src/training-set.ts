/**
 * From a folder of images to a training set: images are listed, divided and prepared, and the training part determines the alphabet,
 * the language model, the words, the mean and the deviation. Images that the network could not learn from are skipped, each with a
 * reason; the validation and test parts have no influence on the model.
 */
import { Alphabet, ChannelStatistics, evenlySpread, labelOf, Labels, Normaliser, symbolsOf } from '@weft/core/data'
import { UserError } from '@weft/core/errors'
import {
  divide,
  type Divided,
  keepUsable,
  refuseSkipped,
  requireEveryLabel,
  requireTraining,
  type Hooks,
  type SkippedFile,
} from '@weft/core/app'
import { flagOf } from '@weft/core/cli'
import { PART_NAMES } from '@weft/core/options'
import { ctcStepsNeeded, NgramModel } from '@weft/kernels'
import { drawing, readImages } from './data.js'
import { findDuplicates } from './data/duplicates.js'
import { prepareImages, type ImageStore } from './features/image-store.js'
import type { PreparedItem } from './features/image-worker.js'
import type { ImageItem, ImageTask } from './data/items.js'
import { optionsToSave, type Meaning, type ImageSpec } from './model.js'
import { columnsPerStep } from './network.js'
import type { TrainOptions } from './options.js'
import { wordsOf } from './reading/reader.js'

/** At most this many images, evenly spaced, determine the mean and deviation. */
const MOST_IMAGES = 2000

export interface TrainingSet {
  readonly task: ImageTask
  /** With the actual width of images. */
  readonly options: TrainOptions
  readonly parts: Divided<ImageItem>
  readonly store: ImageStore
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
}

/**
 * Reads, prepares and divides the images. The caller closes the store.
 *
 * @throws UserError when the images cannot train a model or, with `strict`, when one of them cannot be used.
 */
export async function readTrainingSet(base: TrainOptions, hooks: Hooks): Promise<TrainingSet> {
  const list = readImages(base.data, base)
  refuseSkipped(list.skipped, base)
  const { task } = list
  if (task === 'read' && base.frames)
    throw new UserError(
      `reading ${base.data}: expected a class for each sequence of images, received texts`,
      `Use ${flagOf('task')} classify if labels are classes; texts are read from single images.`,
    )
  // Classifiers need images of one size (default: square); texts keep their width.
  const options = task === 'classify' && base.width === 0 ? { ...base, width: base.height } : base
  const digests = new Map<string, string>()
  const store = await prepareImages(
    list.items,
    options,
    { workers: options.workers, strict: options.strict, signal: hooks.signal, onProgress: hooks.onFiles },
    (item, image) => {
      if (task === 'read') requireColumns(item, image, options)
      digests.set(item.id, image.digest)
    },
  )
  try {
    const divided = divide(list.items, options, drawing(options.seed, options, task))
    const parts = keepUsable(divided, store.items)
    const twins = twinsOf(parts, digests)
    refuseSkipped(twins.skipped, options)
    const distinct = { ...parts, train: parts.train.filter((item) => !twins.items.has(item)) }
    requireUnseen(distinct, twins.skipped, options.data)
    if (task === 'classify') requireEveryLabel(labelsOf(distinct), distinct, options.data)
    else requireTraining(distinct, options.data)
    return {
      task,
      options,
      parts: distinct,
      store,
      skipped: [...list.skipped, ...store.skipped, ...twins.skipped],
      warnings: [...store.warnings, ...twins.conflicts],
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** CTC needs a step for each symbol, and another one between equal symbols. */
function requireColumns(item: ImageItem, { width }: PreparedItem, options: TrainOptions): void {
  const text = labelOf(item)
  const perStep = columnsPerStep(options)
  const steps = Math.ceil(width / perStep)
  const least = ctcStepsNeeded(symbolsOf(text))
  if (least <= steps) return
  const received = `${steps} (${width} columns, ${perStep} per step)`
  throw new UserError(
    `reading ${item.path}: expected at least ${least} steps for the text ${JSON.stringify(text)}, received ${received}`,
    `Pool fewer columns (${flagOf('poolWidth')}), or make images larger (${flagOf('height')}).`,
  )
}

/** Training images that are also in another part, to be excluded, and messages about images with two labels. */
function twinsOf(parts: Divided<ImageItem>, digests: ReadonlyMap<string, string>) {
  const items = PART_NAMES.flatMap((part) => parts[part].map((item) => ({ item, part })))
  const { exclusions, conflicts } = findDuplicates(
    items.map(({ item, part }) => ({
      id: item.id,
      digest: digests.get(item.id) ?? '',
      label: labelOf(item),
      part,
    })),
  )
  const twins = exclusions.flatMap(({ index, reason }) => {
    const twin = items[index]
    return twin ? [{ item: twin.item, reason }] : []
  })
  return {
    items: new Set(twins.map(({ item }) => item)),
    skipped: twins.map(({ item, reason }) => ({ path: item.id, reason })),
    conflicts: conflicts.map(({ message }) => message),
  }
}

/** @throws UserError when every training image is also in another part. */
function requireUnseen({ train }: Divided<ImageItem>, twins: readonly SkippedFile[], data: string): void {
  const [first] = twins
  if (train.length > 0 || first === undefined) return
  throw new UserError(
    `dividing ${data}: expected training images that are in no other part, received ${twins.length} that are`,
    `The first: ${first.path}: ${first.reason}. Are all images the same?`,
  )
}

/** The labels of all parts, at least two. */
function labelsOf(parts: Divided<ImageItem>): Labels {
  const labels = Labels.of(PART_NAMES.flatMap((part) => parts[part].map(labelOf)))
  if (labels.size >= 2) return labels
  throw new UserError(
    `reading the data: expected at least 2 labels, received only ${labels.names.join(', ')}`,
    `Make a folder for each class, or use ${flagOf('task')} read if labels are texts.`,
  )
}

/**
 * The specification of a model for these images.
 *
 * @param symbols Symbols to add to those of the training texts, for a reader.
 */
export async function prepareSpec(
  { task, options, parts, store }: TrainingSet,
  symbols: readonly string[],
): Promise<ImageSpec> {
  const [first] = parts.train
  if (first === undefined) throw new Error('preparing to train: expected at least 1 image')
  const { height, width, channels } = await store.get(first)
  const statistics = new ChannelStatistics(channels)
  for (const item of evenlySpread(parts.train, MOST_IMAGES)) {
    const { pixels } = await store.get(item)
    statistics.add(pixels, item.id)
  }
  return {
    meaning: task === 'classify' ? { task, labels: labelsOf(parts) } : readerMeaning(parts.train, options, symbols),
    frames: options.frames,
    height,
    width: task === 'read' ? null : width,
    channels,
    normaliser: Normaliser.from(statistics),
    options: optionsToSave(options),
  }
}

function readerMeaning(training: readonly ImageItem[], options: TrainOptions, symbols: readonly string[]): Meaning {
  const texts = training.map(labelOf)
  const alphabet = Alphabet.of([...texts, ...symbols])
  const languageModel = new NgramModel({ classes: alphabet.size, order: options.languageModelOrder })
  languageModel.learn(texts.map((text) => alphabet.encode(text)))
  return { task: 'read', alphabet, languageModel, words: wordsOf(texts) }
}
