/**
 * What a classifier said of labelled items: probabilities against the truth, their figures, and the table that is written of them. How
 * an item becomes the network's input is the application's.
 */
import type { LabelledFile } from '../data/read-items.js'
import type { Labels } from '../data/labels.js'
import { expected } from '../errors.js'
import {
  type ClassificationSummary,
  type MultilabelSummary,
  summariseClassification,
  summariseMultilabel,
} from '../metrics/summary.js'
import { accuracy, argMaxRows } from '../metrics/classification.js'
import type { Metrics } from '../training/evaluate.js'

export interface Judgement<Item extends LabelledFile = LabelledFile> {
  readonly items: readonly Item[]
  /** Single label: class of each item [N]. Several: 0 or 1, [N, labels]. */
  readonly truth: Float32Array
  /** [N, labels] */
  readonly probabilities: Float32Array
  readonly figures: ClassificationSummary | MultilabelSummary
}

/** Labels that are shown of an answer. */
const RANKED_LABELS = 3

/** Share of items whose labels are exactly right. */
export function accuracyOf(figures: Judgement['figures']): number {
  return ('accuracy' in figures ? figures.accuracy : figures.subsetAccuracy) ?? Number.NaN
}

/** How a classifier is run over items. */
export interface JudgeOptions<Item> {
  readonly labels: Labels
  /** An item can have several labels, or none. */
  readonly multiLabel: boolean
  readonly batchSize: number
  /** Probabilities [items, labels] of a batch, flat. */
  readonly predict: (batch: readonly Item[]) => Promise<Float32Array>
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Runs a classifier over items, a batch at a time, and compares.
 *
 * @throws UserError for a label that is none of the model's.
 */
export async function judgeClassifier<Item extends LabelledFile>(
  items: readonly Item[],
  { labels, multiLabel, batchSize, predict, onProgress }: JudgeOptions<Item>,
): Promise<Judgement<Item>> {
  const truth = new Float32Array(multiLabel ? items.length * labels.size : items.length)
  const probabilities = new Float32Array(items.length * labels.size)
  items.forEach((item, at) => {
    for (const label of item.labels) {
      if (!labels.has(label)) throw unknownLabel(label, item, labels)
      const c = labels.indexOf(label)
      if (multiLabel) truth[at * labels.size + c] = 1
      else truth[at] = c
    }
  })
  for (let at = 0; at < items.length; at += batchSize) {
    probabilities.set(await predict(items.slice(at, at + batchSize)), at * labels.size)
    onProgress?.(Math.min(at + batchSize, items.length), items.length)
  }
  const summarise = multiLabel ? summariseMultilabel : summariseClassification
  return { items, truth, probabilities, figures: summarise(truth, probabilities, labels.names) }
}

function unknownLabel(label: string, item: LabelledFile, labels: Labels) {
  const { names } = labels
  const some = names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ')
  return expected({
    doing: 'judging the model',
    want: `one of the model's labels (${some})`,
    of: item.id,
    got: label,
    hint: 'The data is labelled for another model. To teach a model new labels: train --init MODEL.',
  })
}

/** The labels that probabilities [labels] amount to: the likeliest, or with several labels all of at least one half. */
export function labelsOfRow(probabilities: Float32Array, labels: Labels, multiLabel: boolean): string[] {
  if (multiLabel) return labels.names.filter((_, c) => (probabilities[c] ?? 0) >= 0.5)
  const [best] = argMaxRows(probabilities, labels.size)
  return best === undefined ? [] : [labels.name(best)]
}

/** What was said of one item. */
export interface ClassifierAnswer<Item> {
  readonly item: Item
  /** [labels] */
  readonly probabilities: Float32Array
  readonly predicted: readonly string[]
  readonly right: boolean
  /** The largest probability. */
  readonly confidence: number
}

/** A judgement item by item. */
export function answersOf<Item extends LabelledFile>(
  { items, probabilities }: Judgement<Item>,
  labels: Labels,
  multiLabel: boolean,
): ClassifierAnswer<Item>[] {
  return items.map((item, at) => {
    const row = probabilities.subarray(at * labels.size, (at + 1) * labels.size)
    const predicted = labelsOfRow(row, labels, multiLabel)
    const truth = new Set(item.labels)
    const right = predicted.length === truth.size && predicted.every((label) => truth.has(label))
    return { item, probabilities: row, predicted, right, confidence: row.reduce((most, p) => Math.max(most, p), 0) }
  })
}

/** The likeliest of labels with probabilities [labels], at most three. */
export function likeliest(probabilities: Float32Array, labels: Labels): { label: string; probability: number }[] {
  return labels.names
    .map((label, c) => ({ label, probability: probabilities[c] ?? 0 }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, RANKED_LABELS)
}

/** What is watched of a classifier's validation part after each epoch. */
export function classifierMetrics(labels: Labels, multiLabel: boolean): Metrics {
  return ({ yTrue, yPred }): Record<string, number> => {
    if (multiLabel) {
      const { macro, meanAveragePrecision } = summariseMultilabel(yTrue, yPred, labels.names)
      return { macro_f1: macro.f1, mean_average_precision: meanAveragePrecision ?? 0 }
    }
    return { accuracy: accuracy(argMaxRows(yTrue, labels.size), argMaxRows(yPred, labels.size)) }
  }
}

/** A judgement as JSON prints it. */
export function judgementJson({ figures, items }: Pick<Judgement, 'figures' | 'items'>): object {
  return { ...figures, accuracy: accuracyOf(figures), items: items.length }
}

/** A line for each item: its labels, what was predicted, all probabilities. */
export function predictionsCsv(judgement: Judgement, labels: Labels, multiLabel: boolean): string {
  const rows = answersOf(judgement, labels, multiLabel).map(({ item, probabilities, predicted }) => [
    item.id,
    item.labels.join('|'),
    predicted.join('|'),
    ...Array.from(probabilities, (p) => p.toFixed(6)),
  ])
  return toCsv([['file', 'truth', 'predicted', ...labels.names], ...rows])
}

/** Rows as CSV, cells in quotes where they need them. */
export function toCsv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  return `${rows.map((row) => row.map(cell).join(',')).join('\n')}\n`
}
