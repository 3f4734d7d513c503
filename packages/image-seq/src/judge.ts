/**
 * How good a model is on prepared images: the probabilities of a classifier against the labels, the texts of a reader against the truth.
 * evaluate.ts and training-set.ts find and prepare the images.
 */
import * as tf from '@weft/kernels/tfjs-core'
import { ctcGreedyDecode } from '@weft/kernels'
import { editDistance, sequenceScores, type SequenceScores } from '@weft/core/metrics'
import { labelOf, symbolsOf } from '@weft/core/data'
import { type Metrics } from '@weft/core/training'
import { judgeClassifier, type Judgement as ClassJudgement, toCsv } from '@weft/core/app'
import type { ImageStore } from './features/image-store.js'
import type { ImageItem } from './data/items.js'
import type { ImageModel } from './model.js'
import type { TextReader, TextReading } from './reading/reader.js'

/** The readings of labelled images. */
export interface ReadingJudgement {
  readonly task: 'read'
  readonly items: readonly ImageItem[]
  readonly readings: readonly TextReading[]
  readonly figures: SequenceScores
}

/** The probabilities of a classifier for labelled images. */
export interface ClassifyingJudgement extends ClassJudgement<ImageItem> {
  readonly task: 'classify'
}

export type Judgement = ReadingJudgement | ClassifyingJudgement

/** How to run a model over images. */
export interface JudgeOptions {
  readonly batchSize: number
  /** Required for a model that reads. */
  readonly reader: TextReader | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Runs a model over images of the store. */
export async function judgeImages(
  model: ImageModel,
  store: ImageStore,
  items: readonly ImageItem[],
  { batchSize, reader, onProgress }: JudgeOptions,
): Promise<Judgement> {
  const get = (batch: readonly ImageItem[]) => Promise.all(batch.map((item) => store.get(item)))
  if (reader === undefined) {
    const predict = async (batch: readonly ImageItem[]) => model.classify(await get(batch))
    const judgement = await judgeClassifier(items, {
      labels: model.labels,
      multiLabel: false,
      batchSize,
      predict,
      onProgress,
    })
    return { task: 'classify', ...judgement }
  }
  // Batches of images of similar width need little padding.
  const order = items
    .map((item, at) => ({ item, at, length: store.lengthOf(item) }))
    .sort((a, b) => a.length - b.length || a.at - b.at)
  const readings: TextReading[] = []
  for (let from = 0; from < order.length; from += batchSize) {
    const batch = order.slice(from, from + batchSize)
    const batchReadings = reader.read(await get(batch.map(({ item }) => item)))
    for (const [i, reading] of batchReadings.entries()) {
      const at = batch[i]?.at
      if (at !== undefined) readings[at] = reading
    }
    onProgress?.(Math.min(from + batchSize, items.length), items.length)
  }
  const figures = sequenceScores(
    items.map(labelOf),
    readings.map(({ text }) => text),
  )
  return { task: 'read', items, readings, figures }
}

/** Metrics of a reader on the validation part after each epoch, with texts from the best path. */
export function readerMetrics(): Metrics {
  return ({ batches }): Record<string, number> => {
    let [edits, symbols, right, texts] = [0, 0, 0, 0]
    for (const { yTrue, yPred, trueShape, predShape } of batches) {
      const [count = 0, longest = 0] = trueShape
      const logits = tf.tensor(yPred, predShape)
      const readings = ctcGreedyDecode(logits)
      logits.dispose()
      for (let at = 0; at < count; at++) {
        const truth = yTrue.subarray(at * longest, (at + 1) * longest).filter((symbol) => symbol > 0)
        const distance = editDistance(truth, readings[at]?.labels ?? [])
        edits += distance
        symbols += truth.length
        right += distance === 0 ? 1 : 0
      }
      texts += count
    }
    return { exact_match: right / texts, cer: edits / Math.max(1, symbols) }
  }
}

/** A line for each image: its text, the reading, its confidence, and the number of edits between them. */
export function readingsCsv({ items, readings }: ReadingJudgement): string {
  const rows = items.map((item, at) => {
    const { text = '', confidence = 0 } = readings[at] ?? {}
    const truth = labelOf(item)
    return [item.id, truth, text, confidence.toFixed(6), String(editDistance(symbolsOf(truth), symbolsOf(text)))]
  })
  return toCsv([['file', 'truth', 'predicted', 'confidence', 'edits'], ...rows])
}

/** Warnings about texts with symbols that the reader does not know; none for a classifier. */
export function unwritable(items: readonly ImageItem[], { spec: { meaning } }: ImageModel): string[] {
  if (meaning.task === 'classify') return []
  return items.flatMap((item) => {
    const missing = meaning.alphabet.missing(labelOf(item))
    if (missing.length === 0) return []
    return [
      `${item.id}: its text contains ${missing.map((symbol) => JSON.stringify(symbol)).join(', ')}, which the alphabet of the model lacks, so its reading cannot be right`,
    ]
  })
}
