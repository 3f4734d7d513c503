/**
 * From a folder of images to what a run trains on: listed, divided, prepared, and what the training part decides before training begins
 * (alphabet, language model, words, mean and deviation). Images that the network could not learn from are skipped, each with
 * its reason; validation and test parts have no say in what a model is.
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
import { remembered, type Meaning, type ImageSpec } from './model.js'
import { columnsPerStep } from './network.js'
import type { TrainOptions } from './options.js'
import { wordsOf } from './reading/reader.js'

/** Images that statistics are taken of at most, evenly spread. */
const MOST_IMAGES = 2000

export interface TrainingSet {
  readonly task: ImageTask
  /** With the width that images have. */
  readonly options: TrainOptions
  readonly parts: Divided<ImageItem>
  readonly store: ImageStore
  readonly skipped: readonly SkippedFile[]
  readonly warnings: readonly string[]
}

/**
 * Reads, prepares and divides the images. The store that comes with them is the caller's to close.
 *
 * @throws UserError when nothing can be learnt of what there is, and with `strict` for every image that cannot be used.
 */
export async function readTrainingSet(given: TrainOptions, hooks: Hooks): Promise<TrainingSet> {
  const list = readImages(given.data, given)
  refuseSkipped(list.skipped, given)
  const { task } = list
  if (task === 'read' && given.frames)
    throw new UserError(
      `reading ${given.data}: expected a class for each sequence of images, received texts`,
      `Give ${flagOf('task')} classify when labels are classes; texts are read from single images.`,
    )
  // Classes need images of one size (default: square); texts are as wide as they are.
  const options = task === 'classify' && given.width === 0 ? { ...given, width: given.height } : given
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
    const kept = { ...parts, train: parts.train.filter((item) => !twins.leftOut.has(item)) }
    requireUnseen(kept, twins.skipped, options.data)
    if (task === 'classify') requireEveryLabel(labelsOf(kept), kept, options.data)
    else requireTraining(kept, options.data)
    return {
      task,
      options,
      parts: kept,
      store,
      skipped: [...list.skipped, ...store.skipped, ...twins.skipped],
      warnings: [...store.warnings, ...twins.conflicts],
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** CTC needs a step for each symbol, and one more between two alike. */
function requireColumns(item: ImageItem, { width }: PreparedItem, options: TrainOptions): void {
  const text = labelOf(item)
  const perStep = columnsPerStep(options)
  const steps = Math.ceil(width / perStep)
  const needed = ctcStepsNeeded(symbolsOf(text))
  if (needed <= steps) return
  const received = `${steps} (${width} columns, ${perStep} a step)`
  throw new UserError(
    `reading ${item.path}: expected at least ${needed} steps for the text ${JSON.stringify(text)}, received ${received}`,
    `Pool less over columns (${flagOf('poolWidth')}), or make images larger (${flagOf('height')}).`,
  )
}

/** Training images that are judged too are left out of training; images with two labels are named. */
function twinsOf(parts: Divided<ImageItem>, digests: ReadonlyMap<string, string>) {
  const items = PART_NAMES.flatMap((part) => parts[part].map((item) => ({ item, part })))
  const { leftOut, conflicts } = findDuplicates(
    items.map(({ item, part }) => ({
      id: item.id,
      digest: digests.get(item.id) ?? '',
      label: labelOf(item),
      part,
    })),
  )
  const twins = leftOut.flatMap(({ index, reason }) => {
    const twin = items[index]
    return twin ? [{ item: twin.item, reason }] : []
  })
  return {
    leftOut: new Set(twins.map(({ item }) => item)),
    skipped: twins.map(({ item, reason }) => ({ path: item.id, reason })),
    conflicts: conflicts.map(({ message }) => message),
  }
}

/** Not every training image may be one that is judged too. */
function requireUnseen({ train }: Divided<ImageItem>, twins: readonly SkippedFile[], data: string): void {
  const [first] = twins
  if (train.length > 0 || first === undefined) return
  throw new UserError(
    `dividing ${data}: expected training images that are in no other part, received ${twins.length} that are`,
    `The first: ${first.path}: ${first.reason}. Are all images alike?`,
  )
}

/** The labels of all parts, of which there must be two. */
function labelsOf(parts: Divided<ImageItem>): Labels {
  const labels = Labels.of(PART_NAMES.flatMap((part) => parts[part].map(labelOf)))
  if (labels.size >= 2) return labels
  throw new UserError(
    `reading the data: expected at least 2 labels to tell apart, received only ${labels.names.join(', ')}`,
    `Make a folder for each class, or, for texts to be read, give ${flagOf('task')} read.`,
  )
}

/**
 * What a model for these images is, before it has weights.
 *
 * @param symbols Symbols that a reader is to know besides those of the training texts.
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
    options: remembered(options),
  }
}

function readerMeaning(training: readonly ImageItem[], options: TrainOptions, symbols: readonly string[]): Meaning {
  const texts = training.map(labelOf)
  const alphabet = Alphabet.of([...texts, ...symbols])
  const languageModel = new NgramModel({ classes: alphabet.size, order: options.languageModelOrder })
  languageModel.learn(texts.map((text) => alphabet.encode(text)))
  return { task: 'read', alphabet, languageModel, words: wordsOf(texts) }
}
